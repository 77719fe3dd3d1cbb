"""The length over which a function curves, which steps are measured in."""

import math
from collections.abc import Sequence
from typing import Any

import jax.numpy as jnp
import numpy as np

from purenet import jaxprs
from purenet.fd.differences import Evaluator, Numbers, coordinate_count, real_coordinates
from purenet.fd.numbers import namespace, numbers

LARGE = 8  # coordinates from which on measuring costs at most twice the differences themselves
# without it test_a_zero_beside_a_large_number_is_looked_at_closely fails
_CLOSE = 2.0**-20  # of its size: where a coordinate that is zero is looked at
# without it test_far_from_the_origin_the_length_is_the_functions_own fails
_LOUDER = 16.0  # times what all shorter steps show, which truncation must be
# without it test_a_small_one_in_a_small_leaf_has_a_length_of_its_own fails
_LONGEST = 28  # steps, each eight times the one before, on which a single coordinate is measured
_NEAR_AND_FAR = np.array([-1.0, 1.0, -0.125, 0.125])  # steps at which curvature is looked for


def unit_step(noise: float, order: int) -> float:
    """The step at scale one: the power of two nearest to noise^(1 / (order + 1)).

    At that step truncation, h^order, and what the noise of f puts into a difference, noise / h, are
    alike where the derivatives are of the size of the function. A power of two makes x + h exact
    for most x.

    >>> unit_step(2.0**-52, order=2) == 2.0**-17
    True
    """
    return 2.0 ** round(math.log2(noise) / (order + 1))


def scale(x: Numbers) -> Numbers:
    """The scale of each coordinate of a leaf: the larger of |x| and the leaf's root mean square.

    A coordinate that happens to be tiny in a leaf of ordinary size moves by an ordinary step. A
    leaf that is all zeros has scale one.
    """
    xp = namespace(x)
    magnitude = xp.abs(x)
    peak = xp.max(magnitude, initial=0.0)
    safe = xp.where(peak > 0, peak, 1.0)
    # divided by the peak first, so that squares neither overflow nor vanish
    rms = safe * xp.sqrt(xp.mean(xp.square(magnitude / safe)))
    return xp.where(peak > 0, xp.maximum(magnitude, rms), 1.0)


def on_their_own(x: np.ndarray, size: np.ndarray, smaller: float) -> tuple[np.ndarray, np.ndarray]:
    """The coordinates so much smaller than the given sizes that these say nothing of their steps.

    Rates beside capacities, offsets beside time stamps: what curves over the length of the one is
    no length for the other. In a small leaf that is said of all that are 16 times smaller; in a
    large one, where ordinary weights come near zero by chance, of those smaller by the given
    factor. Of a zero nothing is known, and in a small leaf it is looked at closely too.

    Returns:
        Their indices, and for each a size of its own.
    """
    own = np.abs(x).astype(float)
    if x.size < LARGE:
        own = np.where(own == 0, _CLOSE * size, own)
    rows = np.flatnonzero((own > 0) & (own < (smaller if x.size >= LARGE else 2.0**-4) * size))
    return rows, own[rows]


def placed(leaf: Any, rows: np.ndarray, values: np.ndarray) -> np.ndarray:
    """An array of a leaf's shape with values at some of its real coordinates, zero elsewhere."""
    flat = np.zeros(coordinate_count(leaf), values.dtype)
    flat[rows] = values
    if jnp.iscomplexobj(leaf):
        flat = flat[: leaf.size] + 1j * flat[leaf.size :]
    return flat.reshape(leaf.shape)


def curved_along(
    evaluator: Evaluator, rows: Sequence[np.ndarray], lengths: Sequence[np.ndarray]
) -> bool:
    """Whether the outputs curve over far less than the lengths that coordinates are given.

    All are moved at once: as a rule none of them is curved, and that is seen at four points.

    Args:
        evaluator: the function and its base point.
        rows: the coordinates of each leaf, none where it stays.
        lengths: a length for each of them.
    """
    unit = unit_step(evaluator.relative_noise(), 2)
    # each by another length, none by less than its own: what is alike in two must not cancel
    draws = np.random.default_rng(0)
    direction = [
        placed(leaf, which, unit * length * draws.uniform(1.0, 2.0, which.size))
        for leaf, which, length in zip(evaluator.leaves, rows, lengths, strict=True)
    ]
    outputs = evaluator.along_direction(direction, _NEAR_AND_FAR)
    return bool(_curved(evaluator, [np.asarray(out)[None] for out in outputs])[0])


def curved_each(
    evaluator: Evaluator, leaf: int, rows: np.ndarray, lengths: np.ndarray
) -> np.ndarray:
    """The same of some coordinates of a leaf, each moved by itself."""
    unit = unit_step(evaluator.relative_noise(), 2)
    steps = (unit * lengths).astype(real_coordinates(evaluator.leaves[leaf]).dtype)
    moved = evaluator.displaced(leaf, rows, steps, _NEAR_AND_FAR.astype(steps.dtype))
    return _curved(evaluator, list(map(np.asarray, moved)))


def _curved(evaluator: Evaluator, outputs: Sequence[np.ndarray]) -> np.ndarray:
    """Where what is seen at a step and at an eighth of it does not go together.

    Where both look past what happens at the point, the two differences, or the two averages, differ
    by more than round-off.
    """
    noise, found = evaluator.relative_noise(), []
    for at_base, out in zip(evaluator.base(), outputs, strict=True):
        every = out.reshape(len(out), len(_NEAR_AND_FAR), -1)
        values = every - np.ravel(at_base)
        far, near = values[:, 1] - values[:, 0], values[:, 3] - values[:, 2]
        bend, slight = values[:, 1] + values[:, 0], values[:, 3] + values[:, 2]
        heard = 32 * noise * np.max(np.abs(every), axis=1)
        same = (np.abs(far / 8 - near) <= heard) & (np.abs(bend / 64 - slight) <= heard)
        found.append(~np.all(same, axis=1))
    return np.any(found, axis=0)


def own_lengths(
    evaluator: Evaluator, leaf: int, coordinates: np.ndarray, least: np.ndarray
) -> np.ndarray:
    """The lengths over which the outputs curve along some coordinates, each for itself.

    As `measured_length`, from the least length of each, a power of two, up to its leaf's size.
    """
    x = numbers(real_coordinates(evaluator.leaves[leaf]))
    size = np.asarray(scale(x))[coordinates]
    unit = unit_step(evaluator.relative_noise(), 2)
    octaves = float(np.max(np.log2(size) - np.log2(least)))  # the quotient may overflow
    count = min(_LONGEST, 4 + max(0, math.ceil(octaves / 3)))
    points = 8.0 ** np.arange(-2, count)
    steps = (least * unit).astype(x.dtype)
    both = np.concatenate([-points, points]).astype(x.dtype)
    ladder = steps[:, None] * points
    outputs = evaluator.displaced(leaf, coordinates, steps, both)
    loudness = _loudness(outputs, ladder, evaluator.relative_noise())
    step, loud = _heard_over_noise(ladder, np.asarray(loudness))
    return np.where(loud, step, np.minimum(ladder[:, -1], size * unit)) / unit


def measured_length(evaluator: Evaluator, leaf: int, width: int = 2) -> Any:
    """The length over which the outputs curve along a leaf's coordinates, one number.

    Central differences at a few coordinates, on a ladder of steps from small to large. As long as
    two neighbours differ by no more than round-off, truncation is no larger than that. Where they
    first differ by more, the difference is truncation, which grows with the square of the step:
    the step at which it is as small as round-off follows, and is unit step times length. Where they
    differ from the first, a longer one is tried: the ladder stood too high, or f is noisy.

    Source: the idea of a ratio test is that of Shi, Xie, Xuan & Nocedal, SISC 44:A2302, 2022.

    Args:
        evaluator: the function and its base point.
        leaf: the leaf's position.
        width: the stencil's points, for the evaluator to share one program with what follows.
    """
    x = numbers(real_coordinates(evaluator.leaves[leaf]))
    xp = namespace(x)
    typical = xp.sqrt(xp.mean(scale(x) ** 2))
    unit = unit_step(evaluator.relative_noise(), 2)

    def measured(size: Any, exponents: np.ndarray) -> tuple[Any, Any]:
        ladder = (size * unit * 8.0**exponents).astype(x.dtype)
        outputs = evaluator.sampled(leaf, xp.concatenate([-ladder, ladder]), width)
        with np.errstate(all="ignore"):
            loudness = _loudness(outputs, ladder[None], evaluator.relative_noise())
        return ladder[None], xp.max(loudness, axis=0)[None]

    ladder, loudness = measured(typical, np.arange(-2, 6))
    step, loud = _heard(ladder, loudness)
    lower = math.floor(-math.log(shortest(evaluator, x.dtype), 8))
    if lower and not jaxprs.is_traced(loudness) and not loudness[0, 0] <= 1:
        # from a power of two, so that the shortest steps are exact
        longer, heard = measured(2.0 ** np.round(np.log2(typical)), np.arange(-2 - lower, 6))
        found, is_length = _heard_over_noise(longer, heard)
        step = np.where(is_length, found, step)
        loud = is_length | ~np.isfinite(heard).all()  # else noise is all that there is
    # a dead coordinate is quiet at any step: the cap keeps its live neighbours' truncation small
    cap = 16 * unit * xp.maximum(typical, 1.0)
    return xp.where(loud, step, xp.minimum(ladder[:, -1], cap))[0] / unit


def shortest(evaluator: Evaluator, dtype: np.dtype) -> float:
    """The least length that can be measured, in sizes of a coordinate.

    A 64th of its unit step, with which a ladder begins, still moves the coordinate by eight ulps.
    """
    eps = float(jnp.finfo(dtype).eps)
    return min(1.0, 512 * eps / unit_step(evaluator.relative_noise(), 2))


def _loudness(outputs: Sequence[Any], ladder: Numbers, noise: float) -> Numbers:
    """How many round-offs the differences at neighbouring steps are apart, at the loudest output.

    Args:
        outputs: of each output the values at the steps below x, then above, (coordinates, 2n, ...).
        ladder: the n steps of each coordinate, or of all.
        noise: the relative noise of the outputs.

    Returns:
        Shape (coordinates, n - 1).
    """
    xp, tiny, found = namespace(ladder), np.finfo(np.float32).tiny, []
    for out in outputs:
        values = numbers(out).reshape(len(out), 2, ladder.shape[1], -1)
        quotients = (values[:, 1] - values[:, 0]) / (2 * ladder[:, :, None])
        apart = xp.abs(xp.diff(quotients, axis=1)) * ladder[:, :-1, None]
        round_off = 4 * noise * xp.max(xp.abs(values[:, :, 1:]), axis=1)
        ratio = xp.where(apart == 0, 0.0, apart / xp.maximum(round_off, tiny))
        found.append(xp.max(ratio, axis=2, initial=0.0))
    return xp.max(xp.stack(found), axis=0)


def _heard(ladder: Numbers, loudness: Numbers) -> tuple[Numbers, Numbers]:
    """The step at which truncation is as small as round-off, and whether it shows at all.

    Args:
        ladder: the steps, (coordinates, n).
        loudness: see `_loudness`.
    """
    xp = namespace(loudness)
    loud = ~(loudness <= 1)  # NaN, beyond the edge of a domain, is loud
    rung = xp.argmax(loud, axis=1)[:, None]
    return _quiet_step(ladder, loudness, rung, 1.0, 1 / 8), xp.any(loud, axis=1)


def _heard_over_noise(ladder: np.ndarray, loudness: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The same on a ladder that begins with the shortest steps of all, at which noise is all.

    Truncation is what is louder than all that shorter steps show and grows from rung to rung, by
    512 until the function has turned round. What is suddenly loud and stays so is a stair.
    """
    # the rung below the first loud one may show some truncation already
    before = np.maximum.accumulate(np.maximum(loudness, 1.0), axis=1)[:, :-2]
    here = loudness[:, 2:]
    after = np.concatenate([loudness[:, 3:], np.full((len(loudness), 1), np.inf)], axis=1)
    grows = (here <= 512 * np.maximum(_LOUDER * before, loudness[:, 1:-1])) & ~(after < 8 * here)
    loud = (here > _LOUDER * before) & grows
    loud |= np.isfinite(before) & ~np.isfinite(here)  # beyond the edge of a domain
    rung = np.argmax(loud, axis=1)[:, None]
    noise = np.take_along_axis(before, rung, axis=1)
    # at half the step of the rung below, which may be as loud as that, it is no louder than noise
    step = _quiet_step(ladder, loudness, rung + 2, noise, 1 / 16)
    return np.asarray(step), np.any(loud, axis=1)


def _quiet_step(
    ladder: Numbers, loudness: Numbers, rung: Numbers, noise: Any, least: float
) -> Numbers:
    """The step below a rung at which truncation, which grows with its cube, is as loud as noise.

    It is no less than ``least`` of the rung's: below, the function has been seen to be quiet.
    """
    xp = namespace(loudness)
    first = xp.take_along_axis(loudness, rung, axis=1)
    louder = xp.where(xp.isfinite(first), xp.maximum(first, noise), xp.inf)
    shorter = xp.maximum((1.5 * noise / louder) ** (1 / 3), least)
    return (xp.take_along_axis(ladder, rung, axis=1) * shorter)[:, 0]
