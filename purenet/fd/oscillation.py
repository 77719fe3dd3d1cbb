"""A fast oscillation, which looks like noise to those who look from afar."""

import numpy as np

from purenet.fd.ladder import Ladder

# without it test_an_oscillation_is_not_taken_for_noise fails
_NEAREST = 2  # of the doubled steps
# without it test_an_oscillation_is_not_taken_for_noise fails
_QUARTER = 0.25  # of a noise, by which the function may move within the nearest ones
_DOUBLINGS = 2.0 ** np.arange(0, 44)  # of the spacing of numbers, up to an eighth of their size
# without it test_an_oscillation_is_not_taken_for_noise fails
_BENT = 1 / 4  # of a slope: where f has turned round
# without it test_a_sawtooth_is_no_oscillation fails
_ALMOST = 1 / 64  # of a slope: at half the step it has bent by a quarter of that, or less


def oscillates(ladder: Ladder) -> np.ndarray:
    """Where the noise of f comes to nothing between numbers next to one another.

    There f moves by far less than its noise, but does move, and as the steps grow it turns round
    smoothly. Where it rounds, it stands still or jumps; and terms that round and cancel leave a
    sawtooth, straight up to its first jump.

    Returns:
        Shape (m, q).
    """
    found = ladder.is_noisy()
    rows = np.flatnonzero(found.any(axis=1))
    if rows.size:
        moved = np.abs(_around(ladder, rows, _DOUBLINGS[:_NEAREST]) - ladder.base)
        quiet = (moved > 0) & (moved <= _QUARTER * ladder.noise[rows, None, None])
        found[rows] &= quiet.all(axis=(1, 2))
    rows = np.flatnonzero(found.any(axis=1))
    if rows.size:
        plus, minus = np.moveaxis(_around(ladder, rows, _DOUBLINGS), 1, 0)
        found[rows] &= _turns_round(plus - minus)
    return found


def _around(ladder: Ladder, rows: np.ndarray, points: np.ndarray) -> np.ndarray:
    """The function right and left of some coordinates, by so many spacings of their numbers.

    Returns:
        Shape (rows, 2, points, q).
    """
    size = np.maximum(np.abs(ladder.x[rows]), np.ldexp(ladder.scale[rows], -30))
    steps = np.spacing(size.astype(ladder.x.dtype))
    values = ladder.evaluate(rows, steps, np.concatenate([points, -points]))
    return values.reshape(rows.size, 2, points.size, -1)


def _turns_round(moved: np.ndarray) -> np.ndarray:
    """Where the slope over ever longer steps leaves that over the shortest as a smooth f's does.

    The bend of the slope grows with the square of the step, by four with each doubling.
    """
    slopes = moved / _DOUBLINGS[:, None]
    bend = np.abs(np.diff(slopes, axis=1)) / np.abs(slopes[:, :-1])
    turned = np.argmax(~(bend <= _BENT), axis=1)[:, None]
    before = np.take_along_axis(bend, np.maximum(turned - 1, 0), axis=1)
    return ((turned > 0) & (before >= _ALMOST))[:, 0]
