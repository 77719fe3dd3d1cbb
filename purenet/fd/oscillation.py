"""A fast oscillation, which looks like noise to those who look from afar."""

import numpy as np

from purenet.fd.ladder import Ladder

# without it test_an_oscillation_is_not_taken_for_noise fails
_NEAREST = 2  # of the doubled steps
# without it test_an_oscillation_is_not_taken_for_noise fails
_QUARTER = 0.25  # of a noise, by which the function may move within the nearest ones
_DOUBLINGS = 2.0 ** np.arange(0, 44)  # of the spacing of numbers, up to an eighth of their size
# without it test_an_oscillation_is_not_taken_for_noise fails
_TOLD = 256.0  # roundings of f that it must have moved by for its slope to be known
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
        size = np.maximum(np.abs(ladder.x[rows]), np.ldexp(ladder.scale[rows], -30))
        steps = np.spacing(size.astype(ladder.x.dtype))
        values = ladder.evaluate(rows, steps, np.concatenate([_DOUBLINGS, -_DOUBLINGS]))
        moved = np.abs(values.reshape(rows.size, 2, _DOUBLINGS.size, -1) - ladder.base)
        nearest = moved[:, :, :_NEAREST]
        quiet = (nearest > 0) & (nearest <= _QUARTER * ladder.noise[rows, None, None])
        plus, minus = np.split(values, 2, axis=1)
        found[rows] &= quiet.all(axis=(1, 2)) & _turns_round(ladder, plus - minus)
    return found


def _turns_round(ladder: Ladder, moved: np.ndarray) -> np.ndarray:
    """Where the slope over ever longer steps leaves that over the shortest as a smooth f's does.

    The bend of the slope grows with the square of the step, by four with each doubling.
    """
    slopes = moved / _DOUBLINGS[:, None]
    bend = np.abs(np.diff(slopes, axis=1)) / np.abs(slopes[:, :-1])
    told = np.abs(moved[:, :-1]) > _TOLD * ladder.heights.unit * np.abs(ladder.base)
    bend = np.where(told, bend, 0.0)
    turned = np.argmax(~(bend <= _BENT), axis=1)[:, None]
    before = np.take_along_axis(bend, np.maximum(turned - 1, 0), axis=1)
    return ((turned > 0) & (before >= _ALMOST))[:, 0]
