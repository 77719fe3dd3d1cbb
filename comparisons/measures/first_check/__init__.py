"""What the first check of a loss costs beside compiling its gradient, each in a fresh process."""

import json
import os
import subprocess
import sys
from typing import Any

import numpy as np
from rich.console import Group
from rich.table import Table

from comparisons.measures.first_check.losses import LARGE, SMALL
from comparisons.measures.first_check.process import TOOLS
from comparisons.measures.promises import Promise, kept, plain_table
from comparisons.settings import Settings

_SIZES = (1_000, 100_000, 1_000_000, 10_000_000)  # parameters
_BUDGET = 10.0  # seconds
_MANY = 1_000  # distinct losses checked in one process
_LIMIT = 900  # seconds for one process


def run(settings: Settings) -> "FirstCheck":
    """Every cell of the table, then the budgets, then many losses in one process."""
    cells = [(tool, name) for name in (*SMALL, *LARGE) for tool in TOOLS]
    found = {cell: _measured(*cell) for cell in settings.track(cells, "first calls")}
    budgets = {}
    for size in settings.track(_SIZES, "budgets"):
        compiled = _measured("compiled", str(size))
        checked = _measured("purenet", str(size), str(_BUDGET))
        budgets[size] = {"budget": _BUDGET, "compiled": compiled, "purenet": checked}
    (many,) = settings.track([_MANY], "distinct losses")
    return FirstCheck(found, budgets, _measured("many", str(many)))


def _measured(*arguments: str) -> dict[str, float]:
    """What one process prints; nothing compiled before is there to be read."""
    command = [sys.executable, "-m", "comparisons.measures.first_check.process", *arguments]
    environment = {**os.environ, "JAX_ENABLE_COMPILATION_CACHE": "false", "JAX_ENABLE_X64": "0"}
    done = subprocess.run(
        command, capture_output=True, text=True, env=environment, timeout=_LIMIT, check=False
    )
    if done.returncode:
        raise RuntimeError(f"{' '.join(arguments)}: {done.stderr.strip()[-500:]}")
    return json.loads(done.stdout.splitlines()[-1])


class FirstCheck:
    """The table of first calls, and the promises that purenet makes on them."""

    title = "What the first check of a loss costs beside compiling its gradient."

    def __init__(
        self,
        cells: dict[tuple[str, str], dict[str, float]],
        budgets: dict[int, dict[str, Any]],
        many: dict[str, float],
    ):
        self.cells = cells
        self.budgets = budgets
        self.many = many
        self.promises = self._promises()

    @property
    def holds(self) -> bool:
        """Whether every promise is kept."""
        return all(promise.holds for promise in self.promises)

    def __rich__(self) -> Group:
        """The first calls, the budgets, then the promises."""
        return Group(self._first_calls(), "", self._within_budgets(), "", kept(self.promises))

    def record(self) -> dict[str, Any]:
        """Every cell, and the promises with their figures."""
        return {
            "first_calls": [
                {"tool": tool, "loss": name, **cell} for (tool, name), cell in self.cells.items()
            ],
            "budgets": [{"parameters": size, **row} for size, row in self.budgets.items()],
            "many": self.many,
            "promises": [promise._asdict() for promise in self.promises],
        }

    def _ratio(self, name: str, tool: str) -> float:
        return self.cells["purenet", name]["seconds"] / self.cells[tool, name]["seconds"]

    def _promises(self) -> list[Promise]:
        by_compiled = float(np.median([self._ratio(name, "compiled") for name in SMALL]))
        by_jax = float(np.median([self._ratio(name, "jax") for name in SMALL]))
        checks = [self.cells["purenet", name] for name in SMALL]
        programs = max(cell["programs"] for cell in checks)
        runs = max(cell["runs"] for cell in checks)
        large = max(self.cells["purenet", name]["wall"] for name in LARGE)
        over = {
            size: (row["purenet"]["seconds"] - row["compiled"]["seconds"]) / row["budget"]
            for size, row in self.budgets.items()
        }
        worst = max(over, key=lambda size: over[size])
        return [
            Promise(
                "a first check costs at most 5 times the compiled gradient's first call, in the "
                "median of the small losses",
                f"{by_compiled:.1f} times",
                by_compiled <= 5,
            ),
            Promise(
                "and at most what jax's own check_grads does", f"{by_jax:.2f} times", by_jax <= 1
            ),
            Promise("it compiles at most 12 programs", f"{programs:g}", programs <= 12),
            Promise("and runs the loss at most 4 times", f"{runs:g}", runs <= 4),
            Promise("the large losses take at most 60 s", f"{large:.1f} s", large <= 60),
            Promise(
                "CPU time stays within 1.5 budgets beyond the compiled gradient",
                f"{over[worst]:.2f} budgets ({worst:,} parameters)",
                over[worst] <= 1.5,
            ),
            Promise(
                f"of {_MANY:,} distinct losses in one process each leaves less than 5 memory maps",
                f"{self.many['maps']:.2f}",
                self.many["maps"] < 5,
            ),
            Promise(
                "and less than 1 MiB",
                f"{self.many['bytes'] / 2**20:.2f} MiB",
                self.many["bytes"] < 2**20,
            ),
        ]

    def _first_calls(self) -> Table:
        table = plain_table("first call: CPU seconds, and purenet's again, programs and runs")
        for heading in ("", "gradient", "jax", "purenet", "ratio", "again", "programs", "runs"):
            table.add_column(heading, justify="right" if heading else "left")
        for name in (*SMALL, *LARGE):
            gradient, by_jax, check = (self.cells[tool, name] for tool in TOOLS)
            table.add_row(
                name,
                f"{gradient['seconds']:.1f}",
                f"{by_jax['seconds']:.1f}",
                f"{check['seconds']:.1f}",
                f"{self._ratio(name, 'compiled'):.1f}",
                f"{check['again']:.1f}",
                f"{check['programs']:g}",
                f"{check['runs']:g}",
            )
        return table

    def _within_budgets(self) -> Table:
        table = plain_table("mlps of so many parameters: CPU seconds of the first check")
        for heading in ("parameters", "budget", "gradient", "purenet", "again"):
            table.add_column(heading, justify="right")
        for size, row in self.budgets.items():
            table.add_row(
                f"{size:,}",
                f"{row['budget']:g}",
                f"{row['compiled']['seconds']:.1f}",
                f"{row['purenet']['seconds']:.1f}",
                f"{row['purenet']['again']:.1f}",
            )
        return table
