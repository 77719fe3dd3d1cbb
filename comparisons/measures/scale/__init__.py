"""How far a check reaches: every coordinate of a million, one wrong among a hundred million."""

import json
import subprocess
import sys
from typing import Any

from rich.console import Group
from rich.text import Text

from comparisons.measures.promises import Promise, kept, plain_table
from comparisons.settings import Settings

_LEGEND = """\
Each in a process of its own. An mlp in float32, every coordinate; and a
transformer of 100 million random weights along random directions, right, and
with the derivative by one weight wrong by the largest of its leaf."""
_MEMORY = 24.0  # GiB


def run(settings: Settings) -> "Scale":
    """Both, one after the other."""
    what = ("mlp", "transformer")
    return Scale({name: _measured(name) for name in settings.track(what, "large checks")})


def _measured(name: str) -> dict[str, Any]:
    command = [sys.executable, "-m", "comparisons.measures.scale.process", name]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"{name}: {done.stderr.strip()[-500:]}")
    return json.loads(done.stdout.splitlines()[-1])


class Scale:
    """What both took, and the promises that purenet makes on them."""

    title = "How large a model a check reaches."

    def __init__(self, found: dict[str, dict[str, Any]]):
        self.found = found
        mlp, transformer = found["mlp"], found["transformer"]
        self.promises = [
            Promise(
                "every coordinate of a million is proved",
                f"{mlp['compared']:,} of {mlp['parameters']:,}: {mlp['verdict']}",
                mlp["verdict"] == "agrees" and mlp["compared"] >= mlp["parameters"],
            ),
            Promise(
                "a right gradient of a hundred million weights agrees",
                f"{transformer['parameters']:,}: {transformer['verdict']}",
                transformer["verdict"] == "agrees",
            ),
            Promise(
                "the one that is wrong is found and named",
                f"{transformer['named']} for {transformer['planted']}",
                transformer["named"] == transformer["planted"],
            ),
            Promise(
                f"within {_MEMORY:g} GiB",
                f"{transformer['memory']:.1f} GiB",
                transformer["memory"] <= _MEMORY,
            ),
        ]

    @property
    def holds(self) -> bool:
        """Whether every promise is kept."""
        return all(promise.holds for promise in self.promises)

    def __rich__(self) -> Group:
        """How to read it, what each part took, the promises."""
        table = plain_table("seconds on the clock, and the largest memory of the process")
        for heading in ("", "parameters", "right", "wrong, found", "GiB"):
            table.add_column(heading, justify="right" if heading else "left")
        for name, one in self.found.items():
            table.add_row(
                name,
                f"{one['parameters']:,}",
                f"{one['seconds']:.0f}",
                f"{one['located']:.0f}" if "located" in one else "",
                f"{one['memory']:.1f}",
            )
        return Group(Text(_LEGEND), "", table, "", kept(self.promises))

    def record(self) -> dict[str, Any]:
        """All that was found, and the promises with their figures."""
        return {**self.found, "promises": [promise._asdict() for promise in self.promises]}
