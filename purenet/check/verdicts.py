"""The verdict on each derivative: agreement, disagreement that is confirmed, kinks, no verdict."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from purenet import jaxprs
from purenet.check.inexact import moved_by_constants, moved_by_rounding, own_rounding
from purenet.check.target import Target
from purenet.check.witness import Derivatives
from purenet.fd.bounded import Bounded, bounded_at, lengths
from purenet.fd.setup import Setup
from purenet.fd.slopes import Irregularity

# without it test_numbers_from_a_loss_that_computes_in_fewer_digits_do_not_disagree fails
CEILING = 1e-2  # of a leaf's largest derivative: an error that must show, or nothing is said
# without it test_what_counts_as_the_largest_derivative_of_a_leaf fails
_TOLD = 4.0  # bounds by which a value is told from zero
# without it test_what_counts_as_the_largest_derivative_of_a_leaf fails
_NEGLIGIBLE = 1e-14  # of the derivative that would count as large: fifty roundings of the value
# without it test_one_coordinate_slightly_wrong_is_found_and_named fails
_LOOKS = (2.0**-1, 2.0**-3, 2.0**-6)  # scales at which a disagreement must show again
# without it test_looks_that_contradict_one_another_settle_nothing fails
_MOST_LOOKS = 0.75  # of all looks that must allow a value
# bounds are exceeded once in a thousand derivatives; at most 1.6 times in the 360,000 of JAX's own
# functions that `comparisons alarms` checks
# without it test_rounding_in_float32_is_told_from_a_wrong_rule fails
_EXCEEDED = 2.0
# without it test_a_side_of_a_corner_is_known_to_a_millionth fails
_ONE_SIDED = 1e-6  # relative error of one-sided slopes, at steps of 2^-22 scales and shorter
# without it test_where_thousands_are_wrong_a_sample_speaks_for_all fails
_SAMPLE = 32  # coordinates that are looked at again where more than these disagree
_ROWS = 2**16  # that are looked at together: what is in between takes memory


class Verdicts(NamedTuple):
    """What is said of each derivative of a leaf, in arrays of shape (coordinates, outputs).

    Attributes:
        disagrees: JAX's value lies outside of what the finite difference allows, or is not finite.
        excused: a kink, JAX's value between its sides.
        unbounded: the finite difference has no bound, or one too wide to show an error.
        unproved: rounding may have moved JAX's value by more than could be told from an error.
        lost: in the caller's dtype JAX's value is off by as much.
    """

    disagrees: np.ndarray
    excused: np.ndarray
    unbounded: np.ndarray
    unproved: np.ndarray
    lost: np.ndarray

    @property
    def undecided(self) -> np.ndarray:
        """Where there is no verdict."""
        return (self.unbounded | self.unproved | self.lost) & ~self.disagrees & ~self.excused


def verdicts_on(found: Bounded, by: Derivatives, leaf: int, size: float = np.inf) -> Verdicts:
    """What can be said of each derivative.

    What JAX's program gives in float64 is judged, so that a rule is not excused by float32; NaN and
    infinity in the caller's own dtype disagree all the same. Two values agree only where a real
    error would have been seen: where bound and rounding are both below a hundredth of the leaf's
    largest derivative, by either side.

    Args:
        found: the finite differences.
        by: JAX's derivatives.
        leaf: the leaf's position.
        size: where both sides vanish, the derivative that counts as large; see `own_size`.
    """
    value, wide, rounding = by.value[leaf], by.wide[leaf], by.rounding[leaf]
    ceiling = CEILING * largest(found, by, leaf, size)
    known = np.isfinite(found.error)
    with np.errstate(invalid="ignore"):
        agrees = np.abs(wide - found.value) <= found.error + rounding
        disagrees = (known & ~agrees) | ~np.isfinite(value)
        unbounded = ~(found.error <= ceiling)
        unproved = ~(rounding <= ceiling)
        lost = np.abs(value - wide) > ceiling + found.error
    excused = np.zeros_like(known)
    for one in found.irregular:
        at = one.coordinate, one.output
        allowed = rounding[at] + _ONE_SIDED * max(abs(one.left), abs(one.right))
        if _lies_between(one, wide[at] if np.isfinite(value[at]) else value[at], allowed):
            excused[at], disagrees[at] = True, False
        elif one.kind == "kink":
            disagrees[at] = True
    return Verdicts(disagrees, excused, unbounded, unproved, lost)


def largest(found: Bounded, by: Derivatives, leaf: int, size: float = np.inf) -> float:
    """The leaf's largest derivative by either side, or the given size where both sides vanish."""
    most, any_known, any_told = 0.0, False, False
    for start in range(0, len(found.value), _ROWS):
        rows = slice(start, start + _ROWS)
        known = np.isfinite(found.error[rows]) & np.isfinite(by.wide[leaf][rows])
        value, wide = np.abs(found.value[rows][known]), np.abs(by.wide[leaf][rows][known])
        # less could be a bound that is exceeded by a little, or the rounding of the function's
        # terms
        told = np.maximum(
            _TOLD * found.error[rows][known], _NEGLIGIBLE * size if np.isfinite(size) else 0.0
        )
        most = max(most, float(np.max(value, initial=0.0)), float(np.max(wide, initial=0.0)))
        any_known |= bool(known.any())
        any_told |= bool((value > told).any() or (wide > told).any())
    return size if any_known and not any_told else most


def own_size(setup: Setup, base: Sequence[np.ndarray], leaf: int) -> float:
    """The size of a derivative that would move the value as far as its own size.

    The largest output, at the base point or where all parameters have grown by a half, divided by
    the root mean square of the leaf (by one where that is zero).
    """
    x = np.abs(np.asarray(setup.evaluator.leaves[leaf]))
    with jaxprs.working_precision(True):
        direction = [np.where(np.asarray(y) == 0, 1.0, y) for y in setup.evaluator.leaves]
        moved = setup.evaluator.along_direction(direction, np.array([0.5, -0.5]))
    values = np.concatenate([np.abs(np.asarray(out)).ravel() for out in (*base, *moved)])
    length = float(np.sqrt(np.mean(np.square(x)))) if x.size else 0.0
    return float(np.max(values[np.isfinite(values)], initial=0.0)) / (length or 1.0)


def confirmed(
    setup: Setup, base: Sequence[np.ndarray], leaf: int, first: Bounded, by: Derivatives
) -> Bounded:
    """The finite differences of a leaf, those that disagree with JAX looked at again.

    Extrapolation may agree with itself by chance, once in ten thousand coordinates. A disagreement
    counts where steps of quite different lengths, each with its own bound, give the same value. So
    does what is too coarse to say anything, even that a derivative vanishes.
    """
    vanishes = np.isinf(largest(first, by, leaf)) and (first.error > 0).any()
    size = own_size(setup, base, leaf) if vanishes else np.inf
    verdicts = verdicts_on(first, by, leaf, size)
    doubted = verdicts.disagrees | (verdicts.unbounded & ~verdicts.excused)
    rows = np.flatnonzero(doubted.any(axis=1))
    if rows.size == 0:
        return first
    if rows.size > _SAMPLE:
        some = rows[:: -(-rows.size // _SAMPLE)]
        again = _looked_at_again(setup, base, leaf, first, some)
        if verdicts_on(again, by, leaf).disagrees[some].any(axis=1).all():
            return again  # where so many are wrong, a sample speaks for all
    return _looked_at_again(setup, base, leaf, first, rows)


def with_own_rounding(
    setup: Setup, target: Target, found: list[Bounded], by: Derivatives
) -> list[Bounded]:
    """What still disagrees, allowed for the rounding of the function's constants and terms too."""
    if not any(verdicts_on(one, by, leaf).disagrees.any() for leaf, one in enumerate(found)):
        return found
    moved, relative = moved_by_constants(target), own_rounding(target)
    rounding, allowed = moved_by_rounding(target), []
    for leaf, (one, own) in enumerate(zip(found, moved, strict=True)):
        with jaxprs.working_precision(True):
            unseen = rounding / lengths(setup.evaluator, leaf)[:, None]
        error = one.error + own + relative * np.abs(np.nan_to_num(one.value))
        disagrees = verdicts_on(one, by, leaf).disagrees
        allowed.append(one._replace(error=error + np.where(disagrees, unseen, 0.0)))
    return allowed


def _looked_at_again(
    setup: Setup, base: Sequence[np.ndarray], leaf: int, first: Bounded, rows: np.ndarray
) -> Bounded:
    """Some coordinates of a leaf at other steps: the sharpest value that nearly all looks allow.

    Where they contradict one another there is none.
    """
    with jaxprs.working_precision(True):
        scale = lengths(setup.evaluator, leaf)[rows]
        looks = [bounded_at(setup.evaluator, leaf, rows, scale * by, base) for by in _LOOKS]
    values = np.stack([first.value[rows], *(look.value for look in looks)])
    errors = np.stack([first.error[rows], *(look.error for look in looks)])
    value, error = _common(values, errors)
    error = _EXCEEDED * error
    new_value, new_error = first.value.copy(), first.error.copy()
    new_value[rows], new_error[rows] = value, error
    known = {(one.coordinate, one.output): one for one in first.irregular}
    # the smallest steps tell best why there is no derivative
    for one in looks[-1].irregular:
        at = int(rows[one.coordinate]), one.output
        known[at] = one._replace(coordinate=at[0])
    for row, output in np.argwhere(~np.isfinite(error)):
        at = int(rows[row]), int(output)
        if at not in known:
            low, high = _extremes(values[:, row, output], errors[:, row, output])
            known[at] = Irregularity(*at, "unsettled", low, high)
    irregular = [one for key, one in known.items() if not np.isfinite(new_error[key])]
    return Bounded(new_value, new_error, irregular)


def _common(values: np.ndarray, errors: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The value of the least error among looks along axis 0 that most of the others allow.

    Its error takes in what the looks that are nearly as sharp say instead.
    """
    known = np.isfinite(errors)
    apart = np.abs(values[:, None] - values[None, :])
    with np.errstate(invalid="ignore"):
        allows = known[:, None] & known[None, :] & (apart <= errors[:, None] + errors[None, :])
    enough = allows.sum(axis=1) >= np.maximum(1, _MOST_LOOKS * known.sum(axis=0))
    chosen = np.argmin(np.where(known & enough, errors, np.inf), axis=0)[None]
    value, error = (np.take_along_axis(part, chosen, axis=0)[0] for part in (values, errors))
    sharp = known & (errors <= 100 * error)
    with np.errstate(invalid="ignore"):
        others = np.where(sharp & (np.abs(values - value) <= errors + error),
                          np.abs(values - value), 0.0)  # fmt: skip
    decided = (known & enough).any(axis=0)
    error = np.where(decided, np.maximum(error, np.max(others, axis=0)), np.inf)
    return np.where(decided, value, np.nan), error


def _extremes(values: np.ndarray, errors: np.ndarray) -> tuple[float, float]:
    known = values[np.isfinite(values) & np.isfinite(errors)]
    return (float(known.min()), float(known.max())) if known.size else (np.nan, np.nan)


def _lies_between(one: Irregularity, value: float, allowed: float) -> bool:
    if one.kind == "vertical":
        return bool(np.isinf(value)) and value in (one.left, one.right)
    if one.kind == "edge":
        return any(value == side or abs(value - side) <= allowed for side in (one.left, one.right))
    if one.kind == "kink":
        low, high = sorted((one.left, one.right))
        return bool(low - allowed <= value <= high + allowed)
    return False
