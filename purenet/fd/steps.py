"""The step of a finite difference where nobody gives one: from dtype, order and scale."""

import math
from collections.abc import Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from purenet import jaxprs
from purenet.fd.differences import Evaluator, Numbers, coordinate_count, real_coordinates
from purenet.fd.numbers import namespace, numbers

LARGE = 8  # coordinates from which on measuring costs at most twice the differences themselves
# without it test_one_that_curves_over_its_own_size_is_found_among_them fails
_SMALLER = 2.0**-10  # of a large leaf's size: where a coordinate may have a length of its own
# without it test_a_small_one_in_a_small_leaf_has_a_length_of_its_own fails
_CLOSE = 2.0**-20  # of its size: where a coordinate that is zero is looked at
# without it test_a_small_one_in_a_small_leaf_has_a_length_of_its_own fails
_LONGEST = 28  # steps, each eight times the one before, on which a single coordinate is measured


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


def chosen_steps(evaluator: Evaluator, leaf: int, order: int, width: int) -> Numbers:
    """A step for each real coordinate of a leaf, each a power of two: unit step times length.

    The length is that over which the function curves. In a leaf large enough for it to cost next to
    nothing it is measured on a few coordinates; elsewhere the coordinate's scale stands for it.
    For ``width`` see `measured_length`.
    """
    x = numbers(real_coordinates(evaluator.leaves[leaf]))
    if x.size == 0:
        return x
    xp = namespace(x)
    length = measured_length(evaluator, leaf, width) if x.size >= LARGE else scale(x)
    length = xp.broadcast_to(length, x.shape)
    if xp is np and not jaxprs.is_traced(length):
        alone, own = on_their_own(x, np.asarray(scale(x)), _SMALLER)
        if alone.size:
            curved = _curved_below(evaluator, leaf, alone, np.asarray(length)[alone])
            alone, own = alone[curved], own[curved]
        if alone.size:
            length = length.copy()
            length[alone] = _own_lengths(evaluator, leaf, alone, own)
    raw = unit_step(evaluator.relative_noise(), order) * length
    return xp.exp2(xp.round(xp.log2(raw))).astype(x.dtype)


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


def _curved_below(
    evaluator: Evaluator, leaf: int, coordinates: np.ndarray, length: np.ndarray
) -> np.ndarray:
    """Whether the outputs curve along coordinates over far less than the lengths they are given.

    At the step of such a length and at an eighth of it: where both look past what happens at the
    point, the two differences, or the two averages, do not go together. All coordinates are moved
    at once first: as a rule none of them is curved, and that is seen at four points.
    """
    x = numbers(real_coordinates(evaluator.leaves[leaf]))
    noise, base = evaluator.relative_noise(), evaluator.base()
    steps = (unit_step(noise, 2) * length).astype(x.dtype)
    points = np.array([-1.0, 1.0, -0.125, 0.125], x.dtype)

    def curved(outputs: Sequence[Any]) -> np.ndarray:
        found = []
        for at_base, out in zip(base, map(np.asarray, outputs), strict=True):
            every = out.reshape(len(out), 4, -1)
            values = every - np.ravel(at_base)
            far, near = values[:, 1] - values[:, 0], values[:, 3] - values[:, 2]
            bend, slight = values[:, 1] + values[:, 0], values[:, 3] + values[:, 2]
            heard = 32 * noise * np.max(np.abs(every), axis=1)
            same = (np.abs(far / 8 - near) <= heard) & (np.abs(bend / 64 - slight) <= heard)
            found.append(~np.all(same, axis=1))
        return np.any(found, axis=0)

    direction = [np.zeros(np.shape(y), y.dtype) for y in evaluator.leaves]
    # each by another length, none by less than its own: what is alike in two must not cancel
    apart = np.random.default_rng(0).uniform(1.0, 2.0, steps.size).astype(x.dtype)
    direction[leaf] = _placed(evaluator.leaves[leaf], coordinates, apart * steps)
    with np.errstate(all="ignore"):
        together = evaluator.along_direction(direction, points)
        if not curved([np.asarray(out)[None] for out in together])[0]:
            return np.zeros(coordinates.size, bool)
        return curved(evaluator.displaced(leaf, coordinates, steps, points))


def _placed(leaf: Any, coordinates: np.ndarray, values: np.ndarray) -> np.ndarray:
    """An array of a leaf's shape with values at some of its real coordinates, zero elsewhere."""
    flat = np.zeros(coordinate_count(leaf), values.dtype)
    flat[coordinates] = values
    if jnp.iscomplexobj(leaf):
        flat = flat[: leaf.size] + 1j * flat[leaf.size :]
    return flat.reshape(leaf.shape)


def _own_lengths(
    evaluator: Evaluator, leaf: int, coordinates: np.ndarray, own: np.ndarray
) -> np.ndarray:
    """The lengths over which the outputs curve along some coordinates, each for itself.

    As `measured_length`, from far below the coordinate's own size up to the others'.
    """
    x = numbers(real_coordinates(evaluator.leaves[leaf]))
    size = np.asarray(scale(x))[coordinates]
    noise = evaluator.relative_noise()
    unit = unit_step(noise, 2)
    count = min(_LONGEST, 4 + math.ceil(math.log(float(np.max(size / own))) / math.log(8)))
    points = 8.0 ** np.arange(-2, count)
    steps = (own * unit).astype(x.dtype)
    both = np.concatenate([-points, points]).astype(x.dtype)
    loudness, ladder = np.zeros((own.size, points.size - 1)), steps[:, None] * points
    with np.errstate(all="ignore"):
        for out in evaluator.displaced(leaf, coordinates, steps, both):
            values = np.asarray(out).reshape(own.size, 2, points.size, -1)
            quotients = (values[:, 1] - values[:, 0]) / (2 * ladder[:, :, None])
            apart = np.abs(np.diff(quotients, axis=1)) * ladder[:, :-1, None]
            round_off = 4 * noise * np.max(np.abs(values[:, :, 1:]), axis=1)
            ratio = np.where(apart == 0, 0.0, apart / np.maximum(round_off, np.finfo(float).tiny))
            loudness = np.maximum(loudness, np.max(ratio, axis=2, initial=0.0))
    loud = ~(loudness <= 1)
    rung = np.argmax(loud, axis=1)
    rows = np.arange(own.size)
    first = loudness[rows, rung]
    louder = np.where(np.isfinite(first), np.maximum(first, 1.0), np.inf)
    heard = ladder[rows, rung] * np.maximum((1.5 / louder) ** (1 / 3), 1 / 8)
    return np.where(loud.any(axis=1), heard, np.minimum(ladder[:, -1], size * unit)) / unit


def measured_length(evaluator: Evaluator, leaf: int, width: int = 2) -> Any:
    """The length over which the outputs curve along a leaf's coordinates, one number.

    Central differences at a few coordinates, on a ladder of steps from small to large. As long as
    two neighbours differ by no more than round-off, truncation is no larger than that. Where they
    first differ by more, the difference is truncation, which grows with the square of the step:
    the step at which it is as small as round-off follows, and is unit step times length.

    Source: the idea of a ratio test is that of Shi, Xie, Xuan & Nocedal, SISC 44:A2302, 2022.

    Args:
        evaluator: the function and its base point.
        leaf: the leaf's position.
        width: the stencil's points, for the evaluator to share one program with what follows.
    """
    x = numbers(real_coordinates(evaluator.leaves[leaf]))
    xp = namespace(x)
    typical = xp.sqrt(xp.mean(scale(x) ** 2))
    noise = evaluator.relative_noise()
    unit = unit_step(noise, 2)
    ladder = (typical * unit * 8.0 ** np.arange(-2, 6)).astype(x.dtype)
    loudness, tiny = xp.zeros(ladder.size - 1, x.dtype), np.finfo(np.float32).tiny
    for out in evaluator.sampled(leaf, xp.concatenate([-ladder, ladder]), width):
        values = numbers(out).reshape(len(out), 2, ladder.size, -1)
        quotients = (values[:, 1] - values[:, 0]) / (2 * ladder[:, None])
        apart = xp.abs(xp.diff(quotients, axis=1)) * ladder[:-1, None]
        round_off = 4 * noise * xp.max(xp.abs(values[:, :, 1:]), axis=1)
        ratio = xp.where(apart == 0, 0.0, apart / xp.maximum(round_off, tiny))
        loudness = xp.maximum(loudness, xp.max(ratio, axis=(0, 2)))
    loud = ~(loudness <= 1)  # NaN, beyond the edge of a domain, is loud
    rung = xp.argmax(loud)
    louder = xp.where(xp.isfinite(loudness[rung]), xp.maximum(loudness[rung], 1.0), xp.inf)
    heard = ladder[rung] * xp.maximum((1.5 / louder) ** (1 / 3), 1 / 8)
    # a dead coordinate is quiet at any step: the cap keeps its live neighbours' truncation small
    cap = 16 * unit * xp.maximum(typical, 1.0)
    return xp.where(xp.any(loud), heard, xp.minimum(ladder[-1], cap)) / unit


def given_steps(step: Any, leaves: Sequence[Any], structure: Any) -> list[Any]:
    """The caller's step for each leaf, broadcast to its shape.

    Args:
        step: one number for all, or a tree of them: of the differentiated argument's structure, or
            a tuple of such trees where several arguments are differentiated.
        leaves: all leaves of the differentiated arguments.
        structure: of the tuple of the differentiated arguments.

    Raises:
        ValueError: where a tree of steps does not match the differentiated arguments.
    """
    steps = jax.tree.leaves(step)
    parts = structure.children()
    wanted = parts[0] if len(parts) == 1 else structure
    if jax.tree.structure(step) == jax.tree.structure(0.0) and np.ndim(step) == 0:
        steps = steps * len(leaves)
    elif jax.tree.structure(step) != wanted:
        raise ValueError(
            f"got a step of structure {jax.tree.structure(step)}; wanted one number, or the "
            f"structure of what is differentiated, {wanted}; "
            "give each leaf a step"
        )
    try:
        return [
            namespace(s).broadcast_to(numbers(s), jnp.shape(x))
            for s, x in zip(steps, leaves, strict=True)
        ]
    except ValueError as error:
        raise ValueError(
            f"got steps of shapes {[np.shape(s) for s in steps]}; wanted shapes that broadcast to "
            f"the leaves', {[np.shape(x) for x in leaves]}; give each leaf one number or its shape"
        ) from error
