"""Where a ladder of steps stands: its best extrapolation, and whether nearer steps bear it out."""

import math
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import jax.numpy as jnp
import numpy as np

from purenet.fd.extrapolation import (
    RESOLVED,
    Extrapolated,
    Rung,
    best_extrapolation,
    far_and_unfounded,
)

# round-offs by which a witness may differ: values of the networks and special functions of
# tests/fd/test_estimation.py err by up to a dozen ulps, and a witness takes two of them
# without it test_every_coordinate_lies_within_its_bound fails
_AGREEMENT = 50.0
# without it test_a_black_box_that_computes_in_float32_is_covered fails
_APART = 8  # halvings from the anchor at which an extrapolation is still another witness


class Heights(NamedTuple):
    """Where a ladder stands in its scale, as exponents of two.

    Attributes:
        first: the largest of the first four steps; the others are its halves.
        between: a step halfway down to the anchor, and one halfway down to that.
        anchor: a step so small that truncation is gone: larger steps must agree with it.
        unit: the rounding of the dtype.
    """

    first: int
    between: tuple[int, ...]
    anchor: int
    unit: float


def heights(dtype: np.dtype) -> Heights:
    """The heights for a dtype: first steps 2^-4 and anchor 2^-22 in float64.

    >>> heights(np.dtype(np.float64))
    Heights(first=-4, between=(-14, -10), anchor=-22, unit=1.1102230246251565e-16)
    """
    digits = 1 - round(math.log2(float(jnp.finfo(dtype).eps)))
    first, anchor = -round(digits / 13.25), -round(digits * 0.415)
    halfway = (first - 3 + anchor) // 2 + 1
    return Heights(first, (halfway, (first - 3 + halfway) // 2 + 1), anchor, 2.0**-digits)


class Settlement(NamedTuple):
    """Where a ladder stands; every array has shape (m, q).

    Attributes:
        best: the best extrapolation.
        truncation: its truncation.
        round_off: what the noise of f, taken as its rounding, puts into it.
        seen_noise: the noise of f that anchor and averages show, where the anchor agrees; else 0.
        agrees: whether its truncation falls and the anchor, or another witness, bears it out.
        resolved: whether truncation is down to the size of the round-off.
        drowned: whether it is no larger than what all witnesses allow for.
    """

    best: Extrapolated
    truncation: np.ndarray
    round_off: np.ndarray
    seen_noise: np.ndarray
    agrees: np.ndarray
    resolved: np.ndarray
    drowned: np.ndarray


def settled(
    rungs: Mapping[int, Rung],
    witnesses: Sequence[Rung],
    base: np.ndarray,
    noise: np.ndarray,
    heights: Heights,
    reach: np.ndarray,
) -> Settlement:
    """The best extrapolation of a ladder, and what its witnesses say of it.

    Args:
        rungs: the evaluated steps by their exponent, those above the anchor.
        witnesses: the anchor, then others.
        base: f at the point, shape (q,).
        noise: its noise as measured, else 0; shape (m, q).
        heights: where the ladder stands.
        reach: the exponent up to which each output asked for larger steps, shape (m, q).
    """
    # near the anchor, where noise rules, agreement with it says nothing; and where f is noisy,
    # the anchor says nothing of steps so large that a bounded f has no slope over them
    nearest = heights.anchor + _APART
    farthest = np.where(noise > 0, reach, np.iinfo(int).max)
    noises = [noise_at(witness, base, noise, heights.unit) for witness in witnesses]

    def borne_out(one: Extrapolated, error: np.ndarray | float = 0.0) -> np.ndarray:
        """Where truncation falls and each witness lies where the extrapolation has it."""
        borne = one.falls.copy()
        for witness, its in zip(witnesses, noises, strict=True):
            apart, allowed = _apart(witness, one, its)
            borne &= (apart <= allowed + error) | ~(2 * witness.step < one.near)
        return borne

    def confirmed(one: Extrapolated) -> np.ndarray:
        near = borne_out(one) & (one.exponent >= nearest) & (one.exponent <= farthest)
        if max(rungs) > heights.first:
            near &= ~far_and_unfounded(one, near, heights.first)
        return near

    best = best_extrapolation(rungs, base, heights.unit, noise, confirmed)
    agrees = borne_out(best, 2 * best.cautious)
    looks = [_apart(witness, best, its) for witness, its in zip(witnesses, noises, strict=True)]
    return Settlement(
        best=best,
        truncation=best.truncation,
        round_off=best.noise * best.gain,
        seen_noise=np.where(agrees, _seen_noise(best, witnesses[0], looks[0][0]), 0.0),
        agrees=agrees,
        resolved=best.truncation <= RESOLVED * best.noise * best.gain,
        drowned=np.abs(best.value) <= np.fmin.reduce([allowed for _, allowed in looks]),
    )


def joined(parts: Sequence[Any], order: np.ndarray) -> Any:
    """One settlement of the rows of several, in another order."""
    return type(parts[0])(
        *(
            joined(one, order) if isinstance(one[0], tuple) else np.concatenate(one)[order]
            for one in zip(*parts, strict=True)
        )
    )


def noise_at(rung: Rung, base: np.ndarray, noise: np.ndarray, unit: float) -> np.ndarray:
    """The noise of f at a step: as measured, and at least its rounding there."""
    size = np.fmax(np.fmax(np.abs(rung.plus), np.abs(rung.minus)), np.abs(base))
    return np.maximum(noise, unit * size)


def _apart(witness: Rung, one: Extrapolated, noise: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """How far an extrapolation is from the difference at a smaller step, and may be.

    The truncation of the difference, as the extrapolation sees it, is taken out of it.
    """
    shorter = (witness.step / one.near) ** 2
    central = (witness.plus - witness.minus) / (2 * witness.step)
    apart = np.abs(one.value - central + one.bend * shorter)
    allowed = _AGREEMENT * (noise / witness.step + one.noise * one.gain)
    return apart, allowed + one.doubt * shorter


def _seen_noise(best: Extrapolated, anchor: Rung, apart: np.ndarray) -> np.ndarray:
    """The noise of f by two looks: how far the anchor lies off, and the averages miss f(x).

    The second is worth something only while truncation does not swamp it.
    """
    left = best.doubt * (anchor.step / best.near) ** 2 + 2 * best.cautious
    scatter = np.where(best.scatter <= _AGREEMENT * best.noise, best.scatter, 0.0)
    return np.maximum(np.maximum(apart - left, 0.0) * anchor.step, scatter)
