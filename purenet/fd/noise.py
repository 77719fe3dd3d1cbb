"""The noise of a function's values, measured from their differences."""

import math
from collections.abc import Callable

import numpy as np

from purenet.fd.differences import Evaluator

# without it test_steps_are_seen_by_a_callback_that_computes_in_float32 fails
POINTS = 8
# in scales, from fine to coarse; not powers of two, whose multiples float32 may hit exactly
SPACINGS = tuple(1.37 * 2.0**exponent for exponent in (-40, -32, -24, -16, -12))
# without it test_neither_curvature_nor_the_rounding_of_a_step_is_noise fails
_ALIKE = 8.0  # times by which two measurements of one noise may differ
_ORDERS = range(2, 7)  # the first difference is the function's slope, not its noise


def noise_of(values: np.ndarray) -> np.ndarray:
    """The standard deviation of the noise in equally spaced values of a smooth function.

    The k-th differences of smooth values fall fast with k, those of noise do not: scaled by
    (k!)²/(2k)! their mean square is the noise's variance, at every k. The median over k is taken.

    Source: Hamming's differences as in ECNoise, Moré & Wild, SISC 33:1292, 2011.

    Args:
        values: at equally spaced points along axis 1, shape (m, 8, q).

    Returns:
        The noise, shape (m, q); 0 where the values are those of a polynomial to the last digit.
    """
    differences = values
    levels = []
    for order in range(1, max(_ORDERS) + 1):
        differences = np.diff(differences, axis=1)
        if order in _ORDERS:
            factor = math.factorial(order) ** 2 / math.factorial(2 * order)
            levels.append(np.sqrt(factor * np.mean(differences**2, axis=1)))
    return np.median(levels, axis=0)


def is_too_fine(values: np.ndarray) -> np.ndarray:
    """Where half of the neighbours are equal: the spacing is below the function's own resolution.

    Returns:
        Shape (m, q).
    """
    return np.mean(np.diff(values, axis=1) == 0, axis=1) >= 0.5


def measured_noise(values_at: Callable[[float], np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
    """The noise of a function, looked for at ever coarser spacings until it shows.

    The first spacing at which the function resolves its points, and one coarser: by chance the
    values may rise by the same rounded amount from each point to the next.

    Args:
        values_at: the values at points so many scales apart, shape (m, 8, q).

    Returns:
        The noise, and whether the function resolved its points at the last spacing; (m, q) each.
    """
    noise, too_fine, resolved = None, None, False
    for spacing in SPACINGS:
        values = values_at(spacing)
        too_fine = is_too_fine(values)
        with np.errstate(invalid="ignore"):
            found = noise_of(values)
        noise = found if noise is None else np.fmax(noise, found)
        if resolved:
            break
        resolved = not too_fine.any()
    return np.asarray(noise), ~np.asarray(too_fine)


def noise_of_outputs(evaluator: Evaluator) -> np.ndarray:
    """The noise of each output of an evaluator at its base point, flat and concatenated.

    An output that is a sine of a large phase, or a sum in which terms cancel, has far more noise
    than its own rounding. It is looked for among the closest of points, at which no kink is likely
    to lie, and is 0 where the output does not tell them apart. Where the farther of two
    spacings shows far more, that is curvature.
    """
    values_at, every = _along_all(evaluator), []
    with np.errstate(all="ignore"):
        for spacing in SPACINGS[:2]:
            values = values_at(spacing)
            every.append(np.where(is_too_fine(values), 0.0, noise_of(values)))
        near, far = np.where(np.isfinite(every), every, 0.0)
        return np.where((near > 0) & (far > _ALIKE * near), near, np.maximum(near, far))[0]


def noise_along_all(evaluator: Evaluator) -> float:
    """The largest noise of an evaluator's outputs relative to their sizes, however coarse."""
    size = np.abs(np.concatenate([np.ravel(out) for out in evaluator.base()]))
    with np.errstate(all="ignore"):
        noise, _ = measured_noise(_along_all(evaluator))
    relative = noise[0][size > 0] / size[size > 0]
    return float(np.max(relative, initial=0.0, where=np.isfinite(relative)))


def _along_all(evaluator: Evaluator) -> Callable[[float], np.ndarray]:
    """The outputs at points so many scales apart, as `measured_noise` asks for them.

    All leaves move together, each coordinate by its own size, which its neighbours' says nothing
    of, and by equal steps as they come out: the rounding of x + h is no noise of f.
    """
    leaves = [np.asarray(x) for x in evaluator.leaves]
    sizes = list(map(_own_sizes, leaves))

    def values_at(spacing: float) -> np.ndarray:
        pairs = zip(leaves, sizes, strict=True)
        direction = [(x + (spacing * size).astype(x.dtype)) - x for x, size in pairs]
        outputs = evaluator.along_direction(direction, np.arange(1.0, POINTS + 1))
        parts = [np.asarray(out).reshape(POINTS, -1) for out in outputs]
        return np.concatenate(parts, axis=1)[None]

    return values_at


def _own_sizes(leaf: np.ndarray) -> np.ndarray:
    """The magnitude of each coordinate; one for all where all of them vanish."""
    size = np.abs(leaf)
    if np.iscomplexobj(leaf):
        size = np.abs(np.real(leaf)) + 1j * np.abs(np.imag(leaf))
    return size if size.any() else np.ones_like(leaf)
