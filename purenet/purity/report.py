"""The report of an audit, as text, in colours, as HTML and as JSON; the error that carries it."""

import json
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from purenet import markup
from purenet.purity import render
from purenet.purity.findings import Finding, listed, shown


class ImpureLoss(AssertionError):  # noqa: N818 - the name is the public contract
    """A function is not pure; the message is the report.

    Attributes:
        report: the `PurityReport`.
    """

    def __init__(self, report: "PurityReport"):
        super().__init__(str(report))
        self.report = report


@dataclass(frozen=True)
class PurityReport:
    """What a function reads, ignores, captures and changes; ``ok`` is the verdict.

    Attributes:
        function: the function's name.
        findings: what makes it impure, or a parameter's derivative useless.
        notes: what is worth knowing and no alarm: captured data, caches.
        seconds: what the audit took.
    """

    function: str
    findings: tuple[Finding, ...] = ()
    notes: tuple[Finding, ...] = ()
    seconds: float = 0.0

    @property
    def ok(self) -> bool:
        """Whether there are no findings."""
        return not self.findings

    @property
    def kinds(self) -> tuple[str, ...]:
        """The kinds found, each once."""
        return tuple(dict.fromkeys(finding.kind for finding in self.findings))

    @property
    def count(self) -> str:
        """How many findings there are, in words."""
        return f"{len(self.findings)} finding{'s' if len(self.findings) > 1 else ''}"

    def __str__(self) -> str:
        """The verdict, then each finding in a paragraph, then the notes, a line each."""
        return "\n".join([self._verdict, *map(str, self.findings), *map(_note, self.notes)])

    def __rich__(self) -> Any:
        """The same in colours."""
        from rich.console import Group
        from rich.text import Text

        parts = [Text(self._verdict, style="bold green" if self.ok else "bold red")]
        for finding in self.findings:
            head, *lines = str(finding).splitlines()
            parts.append(Text(head, style="bold red"))
            parts += [Text(x, style="green" if x.startswith("  fix:") else "") for x in lines]
        return Group(*parts, *(Text(_note(note), style="dim") for note in self.notes))

    def _repr_html_(self) -> str:
        return markup.fragment(render.html(self))

    def to_dict(self) -> dict[str, Any]:
        """Everything in the types of JSON."""
        parts = {
            name: [_plain(asdict(finding)) for finding in getattr(self, name)]
            for name in ("findings", "notes")
        }
        return {"function": self.function, "ok": self.ok, **parts, "seconds": self.seconds}

    def to_json(self) -> str:
        """`to_dict` as JSON."""
        return json.dumps(self.to_dict(), indent=2)

    @property
    def _verdict(self) -> str:
        if self.ok:
            return f"{self.function}: pure; it reads every parameter and changes nothing"
        return f"{self.function}: {self.count}: {', '.join(self.kinds)}"


def _note(note: Finding) -> str:
    return f"note: {listed(note.subjects)}: {note.explanation}"


def _plain(thing: Any) -> Any:
    if isinstance(thing, dict):
        return {str(key): _plain(value) for key, value in thing.items()}
    if isinstance(thing, tuple | list):
        return list(map(_plain, thing))
    if isinstance(thing, bool | int | str) or thing is None:
        return thing
    if isinstance(thing, float | np.floating):
        return float(thing) if np.isfinite(thing) else str(thing)
    return shown(thing)
