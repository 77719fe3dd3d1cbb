"""Patterns: what a leaf whose derivatives disagree looks like beside the right ones."""

import math
from collections.abc import Callable, Iterator
from fractions import Fraction
from typing import Any

import numpy as np

from purenet.check.found import Values
from purenet.check.target import Target

_LARGEST_DENOMINATOR = 64  # of a factor that is written as a fraction
_MOST_INDICES = 8  # of an axis that are written out


def patterns(values: Values, disagrees: np.ndarray, leaf: Any, target: Target) -> tuple[str, ...]:
    """Sentences that say what a derivative is in terms of the finite difference.

    A constant factor (and where it comes from: a sign, the size of an axis), a transpose, a shift
    by one index, the parameter itself added; and the rows or columns that it is confined to. Each
    is said only where it holds to the bounds.
    """
    leaf = np.asarray(leaf)
    if np.iscomplexobj(leaf) or leaf.ndim == 0:
        return tuple(_of_any(values, disagrees, target))
    if target.outputs is not None:
        of_any = tuple(_of_any(values, disagrees, target))
        scalar = target._replace(outputs=None)
        return of_any or patterns(*_summed(values), leaf, scalar)
    side = target.side
    claimed, fd_side, bound = (part[:, 0].reshape(leaf.shape) for part in values)
    wrong = disagrees[:, 0].reshape(leaf.shape)
    sizes = _sizes(target, leaf)
    whole = _first(
        [
            lambda: _factor(claimed, fd_side, bound, wrong, sizes, side),
            lambda: _moved(claimed, fd_side, bound, side),
            lambda: _added(claimed, fd_side, bound, wrong, leaf, side),
        ]
    )
    if whole:
        return (whole,)
    return tuple(_confined(claimed, fd_side, bound, wrong, sizes, side))


def _of_any(values: Values, disagrees: np.ndarray, target: Target) -> Iterator[str]:
    found = _factor(*values, disagrees, _sizes(target, np.zeros(0)), target.side)
    if found:
        yield found
    elif _is_exchanged(*values):
        yield (
            f"{target.side} is the finite difference with inputs and outputs exchanged: perhaps "
            "a matrix that is not transposed, or one too many that is"
        )
    elif target.outputs is not None and target.outputs > 1:
        outputs = np.flatnonzero(disagrees.any(axis=0))
        if len(outputs) < target.outputs:
            yield f"only {_listed(outputs, 'output', 'outputs')} of {target.outputs} are wrong"


def _summed(values: Values) -> tuple[Values, np.ndarray]:
    """A weighted sum of the outputs' derivatives, which has the shape of the leaf, and its errors.

    What is at the wrong place, or has the wrong factor, in every row is so in their sum.
    """
    draws = np.random.default_rng(0)
    outputs = values.bound.shape[1]
    weights = draws.uniform(0.5, 1.5, outputs) * draws.choice([-1.0, 1.0], outputs)
    by, fd, bound = (part @ w for part, w in zip(values, (weights, weights, np.abs(weights)),
                                                 strict=True))  # fmt: skip
    with np.errstate(invalid="ignore"):
        wrong = np.abs(by - fd) > bound
    return Values(by[:, None], fd[:, None], bound[:, None]), wrong[:, None]


def _is_exchanged(claimed: np.ndarray, fd_side: np.ndarray, bound: np.ndarray) -> bool:
    if claimed.shape[0] != claimed.shape[1] or claimed.size == 1:
        return False
    slack = bound + bound.T
    return _equal(claimed, fd_side.T, slack) and not _equal(fd_side, fd_side.T, slack)


def _first(candidates: list[Callable[[], str]]) -> str:
    return next(filter(None, (candidate() for candidate in candidates)), "")


def _factor(
    claimed, fd_side, bound, wrong: np.ndarray, sizes: dict[int, tuple[str, bool]], side: str
) -> str:
    """A factor that all derivatives share, those too small to disagree among them."""
    factor = _shared_factor(claimed, fd_side, bound)
    if wrong.sum() == 1 < wrong.size:
        return ""
    if factor is None or not np.all(wrong | (np.abs((factor - 1) * fd_side) <= 3 * bound)):
        return ""
    return f"{side} is {_named(factor)} the finite difference{_perhaps(factor, sizes)}"


def _shared_factor(claimed, fd_side, bound) -> float | None:
    """The factor by least squares, where it explains every derivative to its bound."""
    known = np.isfinite(fd_side) & np.isfinite(bound) & np.isfinite(claimed)
    x, y, b = fd_side[known], claimed[known], bound[known]
    if x.size == 0 or not np.any(np.abs(x) > b):
        return None
    unit = float(np.max(np.abs(x)))  # squares of very large and very small numbers have no size
    x, y, b = x / unit, y / unit, b / unit
    finest = max(float(b.max()) * 1e-8, float(np.finfo(float).tiny))
    weight = (finest / np.maximum(b, finest)) ** 2
    factor = float(np.sum(weight * x * y) / np.sum(weight * x * x))
    slack = (1 + abs(factor)) * b + abs(factor) * 1e-9 * np.abs(x)
    return factor if np.all(np.abs(y - factor * x) <= slack) else None


def _named(factor: float) -> str:
    """A factor in words: a sign, a fraction of small numbers, a number."""
    if factor == 0 or abs(factor) < 1e-12:
        return "zero times"
    if math.isclose(factor, -1, rel_tol=1e-7):
        return "minus"
    fraction = Fraction(factor).limit_denominator(_LARGEST_DENOMINATOR)
    is_short = math.isclose(factor, float(f"{factor:.2g}"), rel_tol=1e-7)
    if fraction and math.isclose(factor, fraction, rel_tol=1e-7) and not is_short:
        return f"{fraction} times"
    return f"{factor:.6g} times" if abs(factor - 1) > 5e-4 else f"(1 {factor - 1:+.3g}) times"


def _perhaps(factor: float, sizes: dict[int, tuple[str, bool]]) -> str:
    """A conjecture where a factor is a size that the program knows, or a quotient of two."""
    for size, (name, _) in sizes.items():
        if math.isclose(factor, size, rel_tol=1e-7):
            return f": perhaps a mean was taken for a sum over {name}"
        if math.isclose(factor, 1 / size, rel_tol=1e-7):
            return f": perhaps a sum was taken for a mean over {name}"
    if any(abs(f - round(f)) < 1e-7 for f in (factor, 1 / (factor or 1))):
        return ""  # two sizes may have this quotient by chance
    for size, (name, of_data) in sizes.items():
        for other, (second, other_of_data) in sizes.items():
            if (of_data or other_of_data) and math.isclose(factor, size / other, rel_tol=1e-7):
                return f": perhaps a mean over {second} in place of {name}"
    return ""


def _sizes(target: Target, leaf: np.ndarray) -> dict[int, tuple[str, bool]]:
    """The sizes that a mean could have been taken over, the data's first, and whether it is."""
    sizes: dict[int, tuple[str, bool]] = {}
    for shape in target.shapes:
        for axis, size in enumerate(shape):
            what = "the batch" if axis == 0 else f"axis {axis} of the data"
            sizes.setdefault(size, (what, True))
    for axis, size in enumerate(leaf.shape):
        sizes.setdefault(size, (f"axis {axis} of the parameter", False))
    return {size: name for size, name in sizes.items() if size > 1}


def _moved(claimed: np.ndarray, fd_side: np.ndarray, bound: np.ndarray, side: str) -> str:
    """The right derivatives at the wrong places."""
    for name, moved, slack in _arrangements(fd_side, bound):
        if _equal(claimed, moved, bound + slack) and not _equal(fd_side, moved, bound + slack):
            return f"{side} is the finite difference {name}"
    return ""


def _arrangements(fd_side, bound) -> Iterator[tuple[str, np.ndarray, np.ndarray]]:
    if fd_side.ndim == 2:
        name = "transposed" if fd_side.shape[0] == fd_side.shape[1] else "transposed and reshaped"
        yield name, fd_side.T.reshape(fd_side.shape), bound.T.reshape(bound.shape)
    for axis in range(fd_side.ndim):
        yield f"reversed along axis {axis}", np.flip(fd_side, axis), np.flip(bound, axis)
        for shift in (1, -1):
            name = f"shifted by {shift:+d} along axis {axis}: an index is off by one"
            yield name, np.roll(fd_side, shift, axis), np.roll(bound, shift, axis)


def _added(claimed, fd_side, bound, wrong, parameter: np.ndarray, side: str) -> str:
    """A multiple of the parameter added: a penalty that only one of the two sides knows."""
    factor = _shared_factor(claimed - fd_side, parameter, bound)
    if factor is None or factor == 0:
        return ""
    apart = np.abs(claimed - fd_side)[wrong]
    if not np.all(np.abs(apart - np.abs(factor * parameter[wrong])) <= apart / 2):
        return ""  # it must explain most of each disagreement
    return f"{side} is the finite difference plus {factor:.6g} times the parameter itself"


def _confined(claimed, fd_side, bound, wrong, sizes, side: str) -> Iterator[str]:
    """The indices of one axis that all that is wrong lies at, and the factor there."""
    for axis, length in enumerate(wrong.shape):
        rest = tuple(a for a in range(wrong.ndim) if a != axis)
        indices = np.flatnonzero(wrong.any(axis=rest))
        if wrong.sum() > 1 and len(indices) <= max(1, length // 4) and wrong.ndim > 1:
            take = [np.take(part, indices, axis) for part in (claimed, fd_side, bound)]
            factor = _shared_factor(*take)
            where = _slices(indices, axis, wrong.ndim)
            if factor is not None:
                perhaps = _perhaps(factor, sizes)
                yield f"{where} is {_named(factor)} the finite difference{perhaps}"
            else:
                yield f"all that is wrong lies in {where}"
            return
    if wrong.sum() == 1:
        at = np.unravel_index(int(np.argmax(wrong)), wrong.shape)
        if abs(fd_side[at]) > bound[at] and np.isfinite(claimed[at]):
            index = ", ".join(str(int(i)) for i in at)
            factor = float(claimed[at] / fd_side[at])
            perhaps = _perhaps(factor, sizes)
            yield f"[{index}] alone is wrong: {_named(factor)} the finite difference{perhaps}"
    elif np.all(claimed[wrong] == 0):
        yield f"{side} is zero where the finite difference is not: a term is missing"


def _slices(indices: np.ndarray, axis: int, dimensions: int) -> str:
    def one(index: int) -> str:
        return "[" + ", ".join(str(index) if a == axis else ":" for a in range(dimensions)) + "]"

    shown = " and ".join(one(int(i)) for i in indices[:_MOST_INDICES])
    more = len(indices) - _MOST_INDICES
    return shown + (f" and {more} more" if more > 0 else "")


def _listed(indices: np.ndarray, one: str, many: str) -> str:
    shown = ", ".join(str(int(i)) for i in indices[:_MOST_INDICES])
    more = len(indices) - _MOST_INDICES
    return f"{one if len(indices) == 1 else many} {shown}" + (
        f" and {more} more" if more > 0 else ""
    )


def _equal(x: np.ndarray, y: np.ndarray, slack: np.ndarray) -> bool:
    with np.errstate(invalid="ignore"):
        return bool(np.all(np.abs(x - y) <= slack))
