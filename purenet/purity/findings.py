"""Findings: facts of one cause put together, and said in the sentence of their kind."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np

from purenet.purity.kinds import KINDS, REGISTRY


@dataclass(frozen=True)
class Finding:
    """One thing that a function does beside mapping its parameters to a value.

    Attributes:
        kind: one of ``KINDS``.
        subject: the parameter's path or the captured name that it is about: ``net.W``.
        where: file and line, ``net.py:12``, or several such; "" where unknown.
        explanation: what was found, and why it matters.
        remedy: the smallest change that fixes it.
        evidence: the numbers of the experiment that showed it, by what was done.
        also: the further subjects of the same fact.
    """

    kind: str
    subject: str
    where: str
    explanation: str
    remedy: str
    evidence: dict[str, Any] = field(default_factory=dict)
    also: tuple[str, ...] = ()

    def __post_init__(self):
        """JSON has lists for tuples."""
        object.__setattr__(self, "also", tuple(self.also))

    @property
    def subjects(self) -> tuple[str, ...]:
        """All that it is about."""
        return (self.subject, *self.also)

    def __str__(self) -> str:
        """Kind, subjects and places; what was found; how to fix it; the evidence."""
        at = f" ({self.where})" if self.where else ""
        lines = [
            f"{self.kind}: {listed(self.subjects, len(self.subjects))}{at}",
            f"  {self.explanation}",
        ]
        lines += [f"  fix: {self.remedy}"] if self.remedy else []
        width = max(map(len, self.evidence), default=0)
        lines += [f"    {key:<{width}}  {shown(value)}" for key, value in self.evidence.items()]
        return "\n".join(lines)


class Fact(NamedTuple):
    """What is seen; facts of one kind, way and group are one finding.

    Attributes:
        kind: one of ``KINDS``.
        subject: what it is about.
        where: file and line.
        way: which of the kind's ways it is.
        words: what stands for the names in the way's sentence and remedy.
        evidence: the numbers that show it.
        group: what it shares with the others of its finding; None: the place.
    """

    kind: str
    subject: str
    where: str = ""
    way: str = ""
    words: Mapping[str, str] = {}
    evidence: Mapping[str, Any] = {}
    group: str | None = None


def findings(function: str, facts: Iterable[Fact]) -> tuple[Finding, ...]:
    """Facts as findings: those of one group as one, in the order of their kinds.

    Args:
        function: the name of the function that they are about.
        facts: what was seen.
    """
    groups: dict[Any, list[Fact]] = {}
    for fact in facts:
        group = fact.where if fact.group is None else fact.group
        groups.setdefault((fact.kind, fact.way, group), []).append(fact)
    ordered = sorted(groups.values(), key=lambda group: KINDS.index(group[0].kind))
    return tuple(_finding(function, group) for group in ordered)


def _finding(function: str, facts: list[Fact]) -> Finding:
    first = facts[0]
    subjects = list(dict.fromkeys(fact.subject for fact in facts))
    words = {name: listed(dict.fromkeys(f.words[name] for f in facts)) for name in first.words}
    evidence: dict[str, Any] = {}
    for name, value in (row for fact in facts for row in fact.evidence.items()):
        evidence.setdefault(name, value)
    number = _ONE if len(subjects) == 1 else _MANY
    names = {
        "function": function,
        "subject": first.subject,
        "subjects": listed(subjects),
        "quoted": listed(f"`{subject}`" for subject in subjects),
    }
    sentence, remedy = (
        x.format_map(names | number | words) for x in REGISTRY[first.kind].ways[first.way]
    )
    return Finding(
        first.kind,
        first.subject,
        listed(dict.fromkeys(fact.where for fact in facts if fact.where)),
        sentence,
        remedy,
        dict(list(evidence.items())[:_MOST_ROWS]),
        tuple(subjects[1:]),
    )


def listed(names: Iterable[str], most: int = 4) -> str:
    """Names as a text has them: all of a few, else the first ones and how many there are."""
    names = list(names)
    if len(names) > most:
        return f"{', '.join(names[:most])} and {len(names) - most} more"
    return " and ".join(filter(None, [", ".join(names[:-1]), *names[-1:]]))


def shown(value: Any) -> str:
    """A number or a thing on one line."""
    if isinstance(value, float | np.floating):
        return f"{value:.10g}"
    text = " ".join(str(value).split())
    return text if len(text) <= 80 else f"{text[:77]}..."


_MOST_ROWS = 6  # of evidence, in one finding
# the words of a sentence that follow the number of its subjects
_ONE = {"is": "is", "has": "has", "it": "it", "one": "one", "another": "another one",
        "array": "array", "value": "value"}  # fmt: skip
_MANY = {"is": "are", "has": "have", "it": "them", "one": "ones", "another": "others",
         "array": "arrays", "value": "values"}  # fmt: skip
