"""One leaf's derivatives, each with a bound on its error: the ladder climbed for all of them."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from purenet.fd.differences import Evaluator, real_coordinates
from purenet.fd.extrapolation import NOISES, TRUNCATIONS
from purenet.fd.irregular import examine
from purenet.fd.ladder import Ladder, Values
from purenet.fd.lengths import LARGE, measured_length, on_their_own, placed
from purenet.fd.numbers import side_by_side
from purenet.fd.settlement import Settlement
from purenet.fd.slopes import SURE, Irregularity

# of the first steps, in sixteenths of the length over which the function curves: longer ones gain
# a digit where they are extrapolated away, and are given up for shorter ones where they are not
# without it test_no_more_than_the_first_steps_are_taken_in_a_network fails
_REACH = 0.35
# without it test_the_bound_holds_where_phases_are_large fails
_DEEP = 6  # halvings from the first steps to those taken where the arguments of f are as large
_BLOCK = 2**16  # coordinates times outputs that are climbed together: some 2 KiB each
# without it test_one_that_is_flat_from_afar_is_found_among_small_ones fails
_SIZES = 2.0 ** np.array([0, -6, -12, -18])  # of a small coordinate, by which it is moved
# without it test_small_ones_that_go_straight_are_not_looked_at_again fails
_HEARD = 32.0  # roundings of the outputs by which they may move otherwise
# without it test_one_that_is_flat_from_afar_is_found_among_small_ones fails
_FINER = 2.0**-16  # of its scale: what curves over more shows at the anchor, 2^-22


class Bounded(NamedTuple):
    """The derivatives of all outputs, flat and concatenated, with respect to one leaf.

    Attributes:
        value: shape (m, q); NaN where there is none.
        error: a bound on the distance from the true derivative; infinite where there is none.
        irregular: why there is none.
    """

    value: np.ndarray
    error: np.ndarray
    irregular: list[Irregularity]


def bounded(
    evaluator: Evaluator, leaf: int, base: Sequence[np.ndarray], *, noise_known: bool = True
) -> Bounded:
    """The derivatives with respect to every coordinate of a leaf.

    Args:
        evaluator: the function and its base point.
        leaf: the leaf's position.
        base: the outputs at the base point.
        noise_known: see `climbed`. In large leaves it costs next to nothing, and is known always.
    """
    scale = lengths(evaluator, leaf)
    noise_known |= scale.size >= LARGE
    order = evaluator.order(leaf)
    found = bounded_at(evaluator, leaf, order, scale[order], base, noise_known=noise_known)
    found = _reordered(found, order)
    return _looked_at_closely(evaluator, leaf, base, scale, found, noise_known=noise_known)


def _reordered(found: Bounded, order: np.ndarray) -> Bounded:
    """What was found of coordinates in another order, in their own."""
    value, error = np.empty_like(found.value), np.empty_like(found.error)
    value[order], error[order] = found.value, found.error
    irregular = [one._replace(coordinate=int(order[one.coordinate])) for one in found.irregular]
    return Bounded(value, error, sorted(irregular, key=lambda one: (one.coordinate, one.output)))


def _looked_at_closely(
    evaluator: Evaluator,
    leaf: int,
    base: Sequence[np.ndarray],
    scale: np.ndarray,
    found: Bounded,
    *,
    noise_known: bool,
) -> Bounded:
    """Coordinates far smaller than their scale once more, at a scale of their own.

    What curves over a coordinate's own size looks straight, and flat, to steps of its neighbours'.
    """
    x = np.asarray(real_coordinates(evaluator.leaves[leaf]))
    rows, own = on_their_own(x, scale, _FINER)
    known = np.isfinite(found.error[rows]).all(axis=1)
    if _goes_straight(evaluator, leaf, rows[known], own[known], found):
        rows, own = rows[~known], own[~known]
    if rows.size == 0:
        return found
    own = 2.0 ** np.round(np.log2(own))
    closer = bounded_at(evaluator, leaf, rows, own, base, noise_known=noise_known)
    apart = np.abs(closer.value - found.value[rows])
    with np.errstate(invalid="ignore"):
        same = apart <= closer.error + found.error[rows]
    sharper = np.isfinite(closer.error) & (~same | (closer.error < found.error[rows]))
    for one in found.irregular:
        if one.kind in SURE:
            sharper[rows == one.coordinate, one.output] = False
    value, error = found.value.copy(), found.error.copy()
    value[rows] = np.where(sharper, closer.value, found.value[rows])
    error[rows] = np.where(sharper, closer.error, found.error[rows])
    known = {(one.coordinate, one.output): one for one in found.irregular}
    for one in closer.irregular:
        at = int(rows[one.coordinate]), one.output
        if one.kind != "unsettled":
            value[at], error[at] = np.nan, np.inf
            known[at] = one._replace(coordinate=at[0])
    return Bounded(value, error, [one for at, one in known.items() if not np.isfinite(error[at])])


def _goes_straight(
    evaluator: Evaluator, leaf: int, rows: np.ndarray, own: np.ndarray, found: Bounded
) -> bool:
    """Whether the outputs move by what the derivatives say where small coordinates move a little.

    All of them move at once, each by its size and by far less, since as a rule none is special.
    """
    if rows.size == 0:
        return True
    # each by another length: what is alike in two must not cancel
    steps = own * np.random.default_rng(0).uniform(1.0, 2.0, own.size)
    direction = [np.zeros(np.shape(x), x.dtype) for x in evaluator.leaves]
    direction[leaf] = placed(evaluator.leaves[leaf], rows, steps)
    with np.errstate(all="ignore"):
        outputs = evaluator.along_direction(direction, np.concatenate([_SIZES, -_SIZES]))
        values = side_by_side(outputs, 2 * len(_SIZES))
        moved = (values[: len(_SIZES)] - values[len(_SIZES) :]) / 2
        noise = _HEARD * evaluator.relative_noise() * np.max(np.abs(values), axis=0)
        said, error = (
            _SIZES[:, None] * (steps @ part[rows]) for part in (found.value, found.error)
        )
        return bool((np.abs(moved - said) <= noise + error).all())


def bounded_at(
    evaluator: Evaluator,
    leaf: int,
    coordinates: np.ndarray,
    scale: np.ndarray,
    base: Sequence[np.ndarray],
    *,
    noise_known: bool = True,
) -> Bounded:
    """The derivatives with respect to some coordinates of a leaf, at steps in given units.

    The arguments are those of `bounded` and of `climbed`; ``coordinates`` and ``scale`` have the
    shape (m,).
    """
    x = np.asarray(real_coordinates(evaluator.leaves[leaf]))[coordinates]

    def values(which, steps, points):
        outputs = evaluator.displaced(leaf, coordinates[which], steps, points)
        values = side_by_side(outputs, len(steps) * len(points))
        return values.reshape(len(steps), len(points), -1)

    return climbed(evaluator, values, x, scale, base, noise_known=noise_known)


def climbed(
    evaluator: Evaluator,
    values: Values,
    x: np.ndarray,
    scale: np.ndarray,
    base: Sequence[np.ndarray],
    *,
    noise_known: bool = True,
) -> Bounded:
    """The derivatives of a function that moves one of m numbers at a time; see `Ladder`.

    Args:
        evaluator: the function.
        values: the function where the numbers are moved.
        x: the numbers.
        scale: a length for each.
        base: the outputs at the base point.
        noise_known: whether bounds allow for the noise of the outputs as it is measured, at sixteen
            points more; otherwise only those of derivatives that took steps far shorter than the
            first ones: a sine of a large phase has the noise of its phase.
    """
    flat_base = np.concatenate([np.ravel(out) for out in base]).astype(float)
    rows = max(1, _BLOCK // max(1, flat_base.size))
    value, error = (np.full((x.size, flat_base.size), np.nan) for _ in range(2))
    irregular = []
    for start in range(0, x.size, rows):
        block = slice(start, start + rows)

        def values_of_block(which, steps, points, start=start):
            return values(which + start, steps, points)

        # far out, near zero and at edges of a domain, steps and values over- and underflow: what
        # comes of it is not finite, and is told from what is
        with np.errstate(all="ignore"):
            ladder = Ladder(values_of_block, x[block], scale[block], flat_base)
            now, found = examine(ladder, ladder.settle())
            deep = now.best.exponent < ladder.heights.first - _DEEP
            known = evaluator.noise() if noise_known or deep.any() else 0.0
        value[block], error[block] = now.best.value, _bound(now, known)
        for one in found:
            value[start + one.coordinate, one.output] = np.nan
            error[start + one.coordinate, one.output] = np.inf
            irregular.append(one._replace(coordinate=start + one.coordinate))
    return Bounded(value, error, irregular)


def lengths(evaluator: Evaluator, leaf: int) -> np.ndarray:
    """A length for each coordinate, a power of two: its own size, within reason of its leaf's."""
    x = np.asarray(real_coordinates(evaluator.leaves[leaf]))
    if x.size == 0:
        return x
    magnitude = np.abs(x.astype(float))
    peak = magnitude.max(initial=0.0)
    rms = peak * np.sqrt(np.mean((magnitude / peak) ** 2)) if peak > 0 else 16.0
    curved = x.size >= LARGE
    typical = _REACH * float(measured_length(evaluator, leaf)) if curved else rms / 16
    return 2.0 ** np.round(np.log2(np.maximum(magnitude, typical)))


def _bound(now: Settlement, known: np.ndarray | float) -> np.ndarray:
    """The error bound of each value: noise and truncation, each with its allowance."""
    # the noise of f that a coordinate itself shows, and at least what is usual among all, or known
    noise_of_f = np.maximum(now.seen_noise, np.maximum(np.median(now.seen_noise, axis=0), known))
    with np.errstate(all="ignore"):
        noise = np.maximum(now.round_off, noise_of_f * now.best.gain)
        bound = NOISES * noise + TRUNCATIONS * now.truncation
    return np.where(now.agrees & np.isfinite(bound), bound, np.inf)
