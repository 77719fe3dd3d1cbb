"""One leaf's derivatives, each with a bound on its error: the ladder climbed for all of them."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from purenet.fd.differences import Evaluator, real_coordinates
from purenet.fd.irregular import SURE, Irregularity, examine
from purenet.fd.ladder import Ladder, Settlement, Values
from purenet.fd.lengths import LARGE, measured_length, on_their_own, placed
from purenet.fd.numbers import side_by_side

# without it test_every_coordinate_lies_within_its_bound fails
_NOISES = 10.0  # noises of f that a bound allows for: the noise is known from few values
# without it test_rounding_in_float32_is_told_from_a_wrong_rule fails
_TRUNCATIONS = 4.0  # and for the truncation, known by its order of magnitude
_BLOCK = 2**16  # coordinates times outputs that are climbed together: some 2 KiB each
_FARTHEST = 16.0
# without it test_one_that_is_flat_from_afar_is_found_among_small_ones fails
_SIZES = 2.0 ** np.array([0, -6, -12, -18])  # of a small coordinate, by which it is moved
# without it test_small_ones_that_go_straight_are_not_looked_at_again fails
_HEARD = 32.0  # roundings of the outputs by which they may move otherwise
# without it test_one_that_is_flat_from_afar_is_found_among_small_ones fails
_FINER = 2.0**-16  # of its scale: what curves over more shows at the anchor, 2^-22


class Demand(NamedTuple):
    """What is asked of the ladder.

    Attributes:
        reach: the first steps, in lengths over which the function curves, times sixteen. Longer
            ones gain digits where they are extrapolated away, shorter ones settle sooner.
        enough: truncation that is not worth another step, relative to the leaf's largest
            derivative.
    """

    reach: float
    enough: float


EXACT = Demand(reach=3.0, enough=0.0)


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
    evaluator: Evaluator, leaf: int, base: Sequence[np.ndarray], demand: Demand = EXACT
) -> Bounded:
    """The derivatives with respect to every coordinate of a leaf.

    Args:
        evaluator: the function and its base point.
        leaf: the leaf's position.
        base: the outputs at the base point.
        demand: how many digits are worth how many steps.
    """
    scale = lengths(evaluator, leaf, demand.reach)
    found = bounded_at(evaluator, leaf, np.arange(scale.size), scale, base, demand.enough)
    return _looked_at_closely(evaluator, leaf, base, demand, scale, found)


def _looked_at_closely(
    evaluator: Evaluator,
    leaf: int,
    base: Sequence[np.ndarray],
    demand: Demand,
    scale: np.ndarray,
    found: Bounded,
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
    closer = bounded_at(evaluator, leaf, rows, 2.0 ** np.round(np.log2(own)), base, demand.enough)
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
    enough: float,
) -> Bounded:
    """The derivatives with respect to some coordinates of a leaf, at steps in given units.

    The arguments are those of `bounded`; ``coordinates`` and ``scale`` have the shape (m,).
    """
    x = np.asarray(real_coordinates(evaluator.leaves[leaf]))[coordinates]

    def values(which, steps, points):
        outputs = evaluator.displaced(leaf, coordinates[which], steps, points)
        values = side_by_side(outputs, len(steps) * len(points))
        return values.reshape(len(steps), len(points), -1)

    return climbed(values, x, scale, base, enough)


def climbed(
    values: Values, x: np.ndarray, scale: np.ndarray, base: Sequence[np.ndarray], enough: float
) -> Bounded:
    """The derivatives of a function that moves one of m numbers at a time; see `Ladder`."""
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
            ladder = Ladder(values_of_block, x[block], scale[block], flat_base, enough)
            now, found = examine(ladder, ladder.settle())
        value[block], error[block] = now.best.value, _bound(now)
        for one in found:
            value[start + one.coordinate, one.output] = np.nan
            error[start + one.coordinate, one.output] = np.inf
            irregular.append(one._replace(coordinate=start + one.coordinate))
    return Bounded(value, error, irregular)


def lengths(evaluator: Evaluator, leaf: int, reach: float) -> np.ndarray:
    """A length for each coordinate, a power of two: its own size, within reason of its leaf's."""
    x = np.asarray(real_coordinates(evaluator.leaves[leaf]))
    if x.size == 0:
        return x
    magnitude = np.abs(x.astype(float))
    peak = magnitude.max(initial=0.0)
    rms = peak * np.sqrt(np.mean((magnitude / peak) ** 2)) if peak > 0 else 16.0
    typical = _curved_length(evaluator, leaf, reach) if x.size >= LARGE else rms / 16
    return 2.0 ** np.round(np.log2(np.maximum(magnitude, typical)))


def _bound(now: Settlement) -> np.ndarray:
    """The error bound of each value: noise and truncation, each with its allowance."""
    # the noise of f that a coordinate itself shows, and at least what is usual among all
    noise_of_f = np.maximum(now.seen_noise, np.median(now.seen_noise, axis=0))
    with np.errstate(all="ignore"):
        noise = np.maximum(now.round_off, noise_of_f * now.best.gain)
        bound = _NOISES * noise + _TRUNCATIONS * now.truncation
    return np.where(now.agrees & np.isfinite(bound), bound, np.inf)


def _curved_length(evaluator: Evaluator, leaf: int, reach: float) -> float:
    """The measured length times the reach: truncation must be seen to be extrapolated away."""
    return min(reach * float(measured_length(evaluator, leaf)), _FARTHEST)
