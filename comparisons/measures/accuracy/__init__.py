"""How exact every tool's derivatives are, at what cost, and whether the bounds hold."""

from typing import Any

import jax
import numpy as np
from rich.console import Group
from rich.table import Table
from rich.text import Text

from comparisons.measures import v_curve
from comparisons.measures.accuracy.corpus import CORPUS
from comparisons.measures.accuracy.table import (
    Cell,
    Tables,
    accurate_share,
    complex_step_errors,
    measured,
    promises,
)
from comparisons.measures.accuracy.tools import ESTIMATE, TOOLS
from comparisons.measures.promises import kept, plain_table
from comparisons.settings import Settings

_HEADINGS = {  # short enough for seven of them in 80 columns
    ESTIMATE: "fd. estimate",
    "fd.grad": "fd. grad",
    "scipy.differentiate": "scipy. differ.",
    "scipy approx_derivative": "scipy approx.",
    "numdifftools": "numdiff tools",
    "autograd numerical jvp": "autograd jvp",
    "jax numerical_jvp": "jax jvp",
}


def run(settings: Settings) -> "Accuracy":
    """Differentiate every function by every tool, in float64 and in float32."""
    cells: list[Cell] = []
    complex_errors: list[float] = []
    for function in settings.track(CORPUS, "every tool on every function"):
        for dtype, x64 in ((np.float64, True), (np.float32, False)):
            with jax.enable_x64(x64):
                cells += measured(function, dtype, TOOLS)
                if x64:
                    complex_errors += complex_step_errors(function, function.points(dtype))
    if settings.plot is not None:
        v_curve.draw(v_curve.errors(), settings.plot)
    return Accuracy(Tables(cells), complex_errors)


class Accuracy:
    """The tables of accuracy and cost, and the promises that purenet makes on them."""

    title = "How exact every tool's derivatives are, at what cost, and whether the bounds hold."

    def __init__(self, tables: Tables, complex_errors: list[float]):
        self.tables = tables
        self.complex_errors = complex_errors
        self.promises = promises(tables, complex_errors)

    @property
    def holds(self) -> bool:
        """Whether every promise is kept."""
        return all(promise.holds for promise in self.promises)

    def __rich__(self) -> Group:
        """Largest errors by family, cost and comparison by tool, then the promises."""
        points = f"{len(CORPUS)} functions at 20 points each; relative errors"
        return Group(
            Text(points),
            "",
            self._errors(np.float64),
            "",
            self._errors(np.float32),
            "",
            self._comparison(),
            "",
            kept(self.promises),
        )

    def record(self) -> dict[str, Any]:
        """Every error, bound and count, and the promises with their figures."""
        return {
            "cells": [cell.record() for cell in self.tables.cells],
            "complex_step_errors": self.complex_errors,
            "promises": [promise._asdict() for promise in self.promises],
        }

    def _errors(self, dtype: type) -> Table:
        families = list(dict.fromkeys(cell.family for cell in self.tables.cells))
        table = plain_table(f"largest relative error, {np.dtype(dtype).name} input")
        table.add_column("")
        for tool in TOOLS:
            table.add_column(_HEADINGS[tool], justify="right")
        for family in (*families, None):
            errors = [self.tables.largest_error(tool, dtype, family) for tool in TOOLS]
            name = family or "all"
            table.add_row(name, *(f"{e:.0e}" if np.isfinite(e) else "none" for e in errors))
        return table

    def _comparison(self) -> Table:
        table = plain_table(
            f"float64: evaluations a point, and where {ESTIMATE} is at least as exact"
        )
        for heading in ("", "evaluations", "median error", "at least as exact", "strictly"):
            table.add_column(heading, justify="left" if not heading else "right")
        for tool in TOOLS:
            share, strict = accurate_share(self.tables, tool)
            compared = tool != ESTIMATE
            table.add_row(
                tool,
                f"{self.tables.evaluations(tool):.1f}",
                f"{self.tables.median_error(tool, np.float64):.0e}",
                f"{share:.1%}" if compared else "–",
                f"{strict:.1%}" if compared else "–",
            )
        return table
