"""What was measured, one cell a function, tool and dtype, and the promises made on it."""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import mpmath
import numpy as np

from comparisons.measures.accuracy.corpus import Function
from comparisons.measures.accuracy.namespaces import DIGITS, in_numpy
from comparisons.measures.accuracy.tools import ADAPTIVE, ESTIMATE, Result, complex_step
from comparisons.measures.promises import Promise

# The smallest of the first steps of fd.estimate is about x/128. There the rounding of f alone, half
# an ulp at either point, moves a difference by up to 128 roundings times |f / (x f')|, whichever
# way the points happen to fall: below that, which tool is ahead is a matter of luck.
_TIE = 128 * 2.0**-53
_WELL_CONDITIONED = 100.0


class Cell(NamedTuple):
    """One tool on one function: errors, bounds and evaluations, point by point."""

    function: str
    family: str
    tool: str
    dtype: np.dtype
    errors: np.ndarray  # relative; infinite where the tool gave no number
    condition: np.ndarray  # 1 + |f / (x f')|
    bounds: np.ndarray | None  # relative
    evaluations: np.ndarray

    def record(self) -> dict[str, Any]:
        """The cell in the types of JSON."""
        return self._asdict() | {"dtype": self.dtype.name}


def measured(
    function: Function, dtype: type, tools: Mapping[str, Callable[[Function, np.ndarray], Result]]
) -> list[Cell]:
    """Every tool on one function at its points of one dtype."""
    points = function.points(dtype)
    with mpmath.workdps(DIGITS):
        true = [function.derivative(x) for x in points]
    slopes = np.array([abs(float(t)) for t in true])
    values = np.abs(np.array([float(function.of(in_numpy, np.float64(x))) for x in points]))
    condition = 1 + values / (np.abs(points.astype(float)) * slopes)
    cells = []
    for name, tool in tools.items():
        result = tool(function, points)
        errors = np.array(
            [_relative(value, t) for value, t in zip(result.values, true, strict=True)]
        )
        bounds = None if result.bounds is None else result.bounds / slopes
        cells.append(
            Cell(
                function.name,
                function.family,
                name,
                np.dtype(dtype),
                errors,
                condition,
                bounds,
                result.evaluations,
            )
        )
    return cells


def complex_step_errors(function: Function, points: np.ndarray) -> list[float]:
    """The complex step's relative errors, where it applies and the derivative is well conditioned.

    Where |x f''/f'| is large, rounding an argument inside f, as that of sin 50x, moves the
    derivative of any method by so many roundings: such points tell nothing of the method.
    """
    result = complex_step(function, points)
    if result is None:
        return []
    errors = []
    for x, value in zip(points, result.values, strict=True):
        true = function.derivative(x)
        if abs(float(x) * float(function.derivative(x, 2) / true)) < _WELL_CONDITIONED:
            errors.append(_relative(value, true))
    return errors


class Tables:
    """Everything that was measured, and summaries of it."""

    def __init__(self, cells: list[Cell]):
        self.cells = cells

    def errors(self, tool: str, dtype: type, family: str | None = None) -> np.ndarray:
        """The errors of a tool, over one family or all."""
        chosen = [c.errors for c in self._of(tool, dtype) if family in (None, c.family)]
        return np.concatenate(chosen)

    def largest_error(self, tool: str, dtype: type, family: str | None = None) -> float:
        """The largest error of a tool, over one family or all."""
        return float(np.max(self.errors(tool, dtype, family)))

    def median_error(self, tool: str, dtype: type) -> float:
        """The median error of a tool, over one family or all."""
        return float(np.median(self.errors(tool, dtype)))

    def evaluations(self, tool: str) -> float:
        """Evaluations a point, in float64, on average."""
        return float(np.mean([np.mean(c.evaluations) for c in self._of(tool, np.float64)]))

    def bound_ratios(self) -> np.ndarray:
        """Bound over error at every point of both dtypes: 1 or more where the bound holds."""
        cells = [c for c in self.cells if c.bounds is not None]
        errors = np.concatenate([c.errors for c in cells])
        bounds = np.concatenate([c.bounds for c in cells if c.bounds is not None])
        return bounds / np.maximum(errors, np.finfo(float).tiny)

    def conditions(self) -> np.ndarray:
        """The condition of every point of float64."""
        return np.concatenate([c.condition for c in self._of(ESTIMATE, np.float64)])

    def _of(self, tool: str, dtype: type) -> list[Cell]:
        return [c for c in self.cells if c.tool == tool and c.dtype == np.dtype(dtype)]


def accurate_share(tables: Tables, tool: str) -> tuple[float, float]:
    """The share of float64 points where fd.estimate is at least as exact as a tool.

    Returns:
        The share with ties counted in, and the share where it is strictly no worse.
    """
    ours, theirs = tables.errors(ESTIMATE, np.float64), tables.errors(tool, np.float64)
    strictly = ours <= theirs
    tie = ours <= _TIE * tables.conditions()
    return float(np.mean(strictly | tie)), float(np.mean(strictly))


def promises(tables: Tables, complex_errors: list[float]) -> list[Promise]:
    """What purenet promises of fd.estimate and of the complex step, against what was found."""
    largest = {d: tables.largest_error(ESTIMATE, d) for d in (np.float64, np.float32)}
    tools = [t for t in dict.fromkeys(c.tool for c in tables.cells) if t != ESTIMATE]
    peers = {t: accurate_share(tables, t)[0] for t in tools}
    hardest = min(peers, key=lambda tool: peers[tool])
    ratios = tables.bound_ratios()
    covered, idle = float(np.mean(ratios >= 1)), float(np.median(ratios))
    ours = tables.evaluations(ESTIMATE)
    costs = {tool: tables.evaluations(tool) for tool in ADAPTIVE}
    complex_worst = max(complex_errors)
    return [
        Promise(
            "float64 input: relative errors of at most 1e-10",
            f"{largest[np.float64]:.1e}",
            largest[np.float64] <= 1e-10,
        ),
        Promise(
            "float32 input is no worse: at most 1e-10",
            f"{largest[np.float32]:.1e}",
            largest[np.float32] <= 1e-10,
        ),
        Promise(
            "at least as exact as every peer at 95 % of the points",
            f"{peers[hardest]:.1%} against {hardest}",
            peers[hardest] >= 0.95,
        ),
        *(
            Promise(
                f"fewer evaluations than {tool}",
                f"{ours:.1f} against {cost:.1f}",
                ours < cost,
            )
            for tool, cost in costs.items()
        ),
        Promise(
            "the bound holds at 99.9 % of the points",
            f"{covered:.2%} of {ratios.size:,}",
            covered >= 0.999,
        ),
        Promise("the bound is under 100 times the error, in the median", f"{idle:.0f}", idle < 100),
        Promise(
            "the complex step is right to 1e-14, where it applies and |x f''/f'| < 100",
            f"{complex_worst:.1e} at {len(complex_errors):,} points",
            complex_worst <= 1e-14,
        ),
    ]


def _relative(value: float, true: Any) -> float:
    if not np.isfinite(value):
        return float("inf")
    with mpmath.workdps(DIGITS):
        return float(abs((mpmath.mpf(float(value)) - true) / true))
