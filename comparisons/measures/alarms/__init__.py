"""Whether a check raises an alarm where nothing is wrong: every differentiable function of JAX."""

import re
from collections.abc import Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from typing import Any

import jax
import numpy as np
from rich.console import Group
from rich.table import Table
from rich.text import Text

from comparisons.measures.alarms.corpus import DEFECTS, Case, cases
from comparisons.measures.alarms.verdicts import Verdict, verdicts
from comparisons.measures.promises import Promise, kept, plain_table
from comparisons.settings import Settings

POINTS = 5
_LEGEND = f"""\
The differentiable functions of jax.nn, jax.numpy, jax.scipy, jax.lax and
optax, found by walking their namespaces, each at {POINTS} random points in
float64 and in float32, by every argument that JAX differentiates, in both
modes. An alarm is a check that fails or raises."""
_LEAST = 250
_AT_ONCE = 48  # functions that one set of processes checks


def run(settings: Settings) -> "Alarms":
    """Check every function at every point."""
    names, found = [case.name for case in cases()], []
    results = of_names(names)
    for _ in settings.track(names, "every function at every point"):
        found += next(results)
    return Alarms(found)


def of_names(names: list[str]) -> Iterator[list[Verdict]]:
    """The verdicts on each function, by processes that begin anew every few functions.

    Thousands of compiled programs in one process come to more memory maps than Linux lends it.
    """
    for start in range(0, len(names), _AT_ONCE):
        with ProcessPoolExecutor(mp_context=get_context("spawn")) as pool:
            yield from pool.map(of_name, names[start : start + _AT_ONCE])


def of_name(name: str) -> list[Verdict]:
    """The verdicts on the function of a name, at every point."""
    return of_case(next(case for case in cases() if case.name == name), POINTS)


def of_case(case: Case, points: int) -> list[Verdict]:
    """The verdicts on one function in both dtypes."""
    found = []
    # float32 first: a matrix product with a NumPy constant, as in owens_t, that JAX has compiled in
    # float64 it cannot differentiate in float32 any more in the same process
    for dtype in (np.float32, np.float64):
        with jax.enable_x64(dtype is np.float64):
            found += verdicts(case, np.dtype(dtype), points)
    return found


class Alarms:
    """The table by namespace, every alarm in words, and the promises that purenet makes on them."""

    title = "Whether a check raises an alarm where nothing is wrong."

    def __init__(self, verdicts: list[Verdict]):
        self.verdicts = verdicts
        self.alarms = [v for v in verdicts if v.alarm and not _is_right(v)]
        self.defects = [v for v in verdicts if v.alarm and _is_right(v)]
        functions = len({v.function for v in verdicts})
        self.promises = [
            Promise(f"at least {_LEAST} functions", f"{functions} functions", functions >= _LEAST),
            Promise(
                "no alarm on any of them but for known defects of JAX",
                f"{len(self.alarms)} in {len(verdicts):,} checks",
                not self.alarms,
            ),
        ]

    @property
    def holds(self) -> bool:
        """Whether every promise is kept."""
        return all(promise.holds for promise in self.promises)

    def __rich__(self) -> Group:
        """How to read it, the table, what alarmed, the promises."""
        parts: list[Any] = [Text(_LEGEND), "", self._table(), ""]
        if self.defects:
            parts += [Text("Alarms that are right: defects of this JAX"), *_listed(self.defects)]
            parts += [Text(f"  {name}: {DEFECTS[name].reason}") for name in _names(self.defects)]
            parts.append("")
        if self.alarms:
            parts += [Text("False alarms"), *_listed(self.alarms), ""]
        undecided = [v for v in self.verdicts if v.undecided]
        if undecided:
            parts += [Text("Undecided, and why"), *_listed(undecided), ""]
        return Group(*parts, kept(self.promises))

    def record(self) -> dict[str, Any]:
        """Every verdict, and the promises with their figures."""
        return {
            "verdicts": [verdict._asdict() for verdict in self.verdicts],
            "defects": {name: DEFECTS[name].reason for name in _names(self.defects)},
            "promises": [promise._asdict() for promise in self.promises],
        }

    def _table(self) -> Table:
        table = plain_table("checks by namespace")
        headings = ("", "functions", "checks", "derivatives", "alarms", "undecided", "seconds")
        for heading in headings:
            table.add_column(heading, justify="right" if heading else "left")
        spaces = dict.fromkeys(v.namespace for v in self.verdicts)
        for space in (*spaces, None):
            of_space = [v for v in self.verdicts if space in (v.namespace, None)]
            table.add_row(
                space or "all",
                f"{len({v.function for v in of_space})}",
                f"{len(of_space):,}",
                f"{sum(v.compared for v in of_space):,}",
                f"{sum(bool(v.alarm) for v in of_space)}",
                f"{sum(bool(v.undecided) for v in of_space)}",
                f"{sum(v.seconds for v in of_space):.0f}",
            )
        return table


def _is_right(verdict: Verdict) -> bool:
    """Whether an alarm says what is known to be wrong with the function."""
    defect = DEFECTS.get(verdict.function)
    return defect is not None and re.search(defect.said, verdict.alarm) is not None


def _names(verdicts: Iterable[Verdict]) -> list[str]:
    return list(dict.fromkeys(verdict.function for verdict in verdicts))


def _listed(verdicts: Iterable[Verdict]) -> list[Text]:
    return [
        Text(f"  {v.function} in {v.dtype}, point {v.point}: {v.alarm or v.undecided}")
        for v in verdicts
    ]
