"""The verdict on each derivative: agreement, disagreement that is confirmed, kinks, no verdict."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from purenet import jaxprs
from purenet.check.automatic import Automatic, moved_by_constants, own_rounding
from purenet.check.question import Question
from purenet.fd.bounded import Bounded, Demand, bounded_at, lengths
from purenet.fd.irregular import Irregularity
from purenet.fd.setup import Setup

# enough to see 1e-6 of a coordinate a thousandth of the largest, with what bounds allow for
DEMAND = Demand(reach=0.35, enough=2e-11)
_LOOKS = (2.0**-1, 2.0**-3, 2.0**-6)  # scales at which a disagreement must show again
_ONE_SIDED = 1e-6  # relative error of one-sided slopes, at steps of 2^-22 scales and shorter
_SAMPLE = 64  # coordinates that are looked at again where more than these disagree


class Verdicts(NamedTuple):
    """Of each derivative of a leaf, arrays of shape (coordinates, outputs)."""

    disagrees: np.ndarray
    excused: np.ndarray
    undecided: np.ndarray


def judged(found: Bounded, by: Automatic, leaf: int) -> Verdicts:
    """Which derivatives disagree, which kinks are excused, and what cannot be decided.

    What JAX's program gives in float64 is judged, so that a rule is not excused by float32; NaN and
    infinity in the caller's own dtype disagree all the same.
    """
    value, wide, rounding = by.value[leaf], by.wide[leaf], by.rounding[leaf]
    known = np.isfinite(found.error)
    with np.errstate(invalid="ignore"):
        apart = np.abs(wide - found.value)
        disagrees = known & ~((apart <= found.error + rounding) & np.isfinite(value))
    excused, undecided = np.zeros_like(known), ~known
    for one in found.irregular:
        at = one.coordinate, one.output
        allowed = rounding[at] + _ONE_SIDED * max(abs(one.left), abs(one.right))
        if _lies_between(one, wide[at], allowed):
            excused[at], undecided[at] = True, False
        elif one.kind == "kink":
            disagrees[at], undecided[at] = True, False
    return Verdicts(disagrees, excused, undecided)


def confirmed(
    setup: Setup, base: Sequence[np.ndarray], leaf: int, first: Bounded, by: Sequence[Automatic]
) -> Bounded:
    """The finite differences of a leaf, those that disagree with JAX looked at again.

    Extrapolation may agree with itself by chance, once in ten thousand coordinates. A disagreement
    counts where it lies outside of what steps of quite different lengths allow, each with its own
    bound.
    """
    doubted = np.zeros(first.value.shape, bool)
    for automatic in by:
        verdicts = judged(first, automatic, leaf)
        doubted |= verdicts.disagrees | verdicts.undecided
    rows = np.flatnonzero(doubted.any(axis=1))
    if rows.size == 0:
        return first
    if rows.size > _SAMPLE:
        some = rows[:: -(-rows.size // _SAMPLE)]
        again = _looked_at_again(setup, base, leaf, first, some)
        if all(
            judged(again, automatic, leaf).disagrees[some].any(axis=1).all() for automatic in by
        ):
            return again  # where so many are wrong, a sample speaks for all
    return _looked_at_again(setup, base, leaf, first, rows)


def with_constants(
    question: Question, found: list[Bounded], by: Sequence[Automatic]
) -> list[Bounded]:
    """What still disagrees, allowed for the rounding of the function's own constants too."""
    doubted = any(
        judged(one, automatic, leaf).disagrees.any()
        for automatic in by
        for leaf, one in enumerate(found)
    )
    if not doubted:
        return found
    moved, relative = moved_by_constants(question), own_rounding(question)
    return [
        one._replace(error=one.error + by + relative * np.abs(np.nan_to_num(one.value)))
        for one, by in zip(found, moved, strict=True)
    ]


def _looked_at_again(
    setup: Setup, base: Sequence[np.ndarray], leaf: int, first: Bounded, rows: np.ndarray
) -> Bounded:
    """Some coordinates of a leaf, each with a bound that takes in what all looks allow."""
    with jaxprs.working_precision(True):
        scale = lengths(setup.evaluator, leaf, DEMAND.reach)[rows]
        looks = [
            bounded_at(setup.evaluator, leaf, rows, scale * by, base, enough=0.0) for by in _LOOKS
        ]
    values = np.stack([first.value[rows], *(look.value for look in looks)])
    errors = np.stack([first.error[rows], *(look.error for look in looks)])
    best = np.argmin(errors, axis=0)[None]
    value = np.take_along_axis(values, best, axis=0)[0]
    reach = np.where(np.isfinite(errors), np.abs(values - value) + errors, 0.0)
    error = np.maximum(np.min(errors, axis=0), np.max(reach, axis=0))
    new_value, new_error = first.value.copy(), first.error.copy()
    new_value[rows], new_error[rows] = value, error
    # the smallest steps tell best why there is no derivative
    closest = [one._replace(coordinate=int(rows[one.coordinate])) for one in looks[-1].irregular]
    known = {(one.coordinate, one.output): one for one in [*first.irregular, *closest]}
    irregular = [one for key, one in known.items() if not np.isfinite(new_error[key])]
    return Bounded(new_value, new_error, irregular)


def _lies_between(one: Irregularity, value: float, allowed: float) -> bool:
    if one.kind == "edge":
        sides = [side for side in (one.left, one.right) if np.isfinite(side)]
        return any(bool(abs(value - side) <= allowed) for side in sides)
    if one.kind == "kink":
        low, high = sorted((one.left, one.right))
        return bool(low - allowed <= value <= high + allowed)
    return False
