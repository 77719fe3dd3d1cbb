"""The ladder of steps: evaluates a function where a derivative is still in doubt, and stops."""

import math
from collections.abc import Callable
from typing import NamedTuple

import jax.numpy as jnp
import numpy as np

from purenet.fd.extrapolation import RESOLVED, Extrapolated, Rung, best_extrapolation

_AGREEMENT = 50.0  # round-offs by which the anchor may differ: function values err by several ulps
_WORTH_RAISING = 100.0  # relative round-off, in roundings of 1, above which larger steps are tried
_RAISE = 5  # steps up at first; each further raise goes twice as far
_RAISES = 3
_ROUNDS = 16

Values = Callable[[np.ndarray, np.ndarray], np.ndarray]


class Heights(NamedTuple):
    """Where a ladder stands in its scale, as exponents of two.

    Attributes:
        first: the largest of the first four steps; the others are its halves.
        anchor: a step so small that truncation is gone: larger steps must agree with it.
        unit: the rounding of the dtype.
    """

    first: int
    anchor: int
    unit: float


def heights(dtype: np.dtype) -> Heights:
    """The heights for a dtype: first steps 2^-4 and anchor 2^-22 in float64.

    >>> heights(np.dtype(np.float64))
    Heights(first=-4, anchor=-22, unit=1.1102230246251565e-16)
    """
    digits = 1 - round(math.log2(float(jnp.finfo(dtype).eps)))
    return Heights(-round(digits / 13.25), -round(digits * 0.415), 2.0**-digits)


class Ladder:
    """All evaluations of a function around a point, for many coordinates at once.

    Args:
        values: values(coordinates, offsets) gives f with coordinate coordinates[i] moved by
            offsets[i]: shapes (p,), (p,) to (p, q).
        x: the coordinates, shape (m,), in the dtype that f is evaluated in.
        scale: a length for each, powers of two, shape (m,).
        base: f at the point, shape (q,).
    """

    def __init__(self, values: Values, x: np.ndarray, scale: np.ndarray, base: np.ndarray):
        self._values = values
        self.x = x
        self.scale = scale
        self.base = base
        self.heights = heights(x.dtype)
        self.rungs: dict[int, Rung] = {}
        self.noise = np.zeros((x.size, base.size))  # as measured; its rounding, until it is
        self.evaluations = 0
        first = self.heights.first - np.arange(4)
        self._lowest = np.full(x.size, first[-1])
        self._top = np.full(x.size, first[0])
        self._raises = np.zeros(x.size, int)
        exponents = np.append(first, self.heights.anchor)
        self.climb(np.arange(x.size), np.tile(exponents, (x.size, 1)))

    @property
    def shape(self) -> tuple[int, int]:
        """Coordinates and outputs."""
        return self.noise.shape

    def climb(self, which: np.ndarray, exponents: np.ndarray) -> None:
        """Evaluate coordinates ``which``, shape (k,), at steps 2^exponents, shape (k, n)."""
        if which.size == 0:
            return
        x = self.x[which][:, None]
        steps = (self.scale[which][:, None] * 2.0**exponents).astype(x.dtype)
        # the steps as they come out after rounding x + h
        plus, minus = (x + steps) - x, (x - steps) - x
        values = self.evaluate(which, np.concatenate([plus, minus], axis=1))
        values = values.reshape(which.size, 2, -1, self.base.size)
        realised = (plus.astype(float) - minus) / 2
        for exponent in np.unique(exponents):
            rung = self._rung(int(exponent))
            rows, columns = np.nonzero(exponents == exponent)
            rung.step[which[rows], 0] = realised[rows, columns]
            rung.plus[which[rows]] = values[rows, 0, columns]
            rung.minus[which[rows]] = values[rows, 1, columns]

    def evaluate(self, which: np.ndarray, offsets: np.ndarray) -> np.ndarray:
        """f with coordinates ``which``, shape (k,), moved by offsets (k, n): shape (k, n, q)."""
        coordinates = np.broadcast_to(which[:, None], offsets.shape)
        self.evaluations += offsets.size
        return self._values(coordinates.ravel(), offsets.ravel()).reshape(*offsets.shape, -1)

    def settle(self) -> "Settlement":
        """Climb until every coordinate is settled or has nowhere left to go."""
        previous = np.full(self.shape, np.inf)
        for _ in range(_ROUNDS):
            now = self.judge()
            total = now.truncation + now.round_off
            settled = now.agrees & (now.resolved | (total >= previous / 2))
            raising = (settled & self._worth_raising(now)).any(axis=1) & (self._raises < _RAISES)
            doubt = ~settled.all(axis=1) & ~raising & (self._lowest > self.heights.anchor + 1)
            if not (raising | doubt).any():
                return now
            previous = np.where(now.agrees & ~raising[:, None], total, np.inf)
            self._climb_up(np.flatnonzero(raising))
            # far from agreement, halving once is too slow
            far = doubt & ~now.agrees.all(axis=1)
            self._climb_down(np.flatnonzero(doubt & ~far), (1,))
            self._climb_down(np.flatnonzero(far), (2, 3, 4))
        return self.judge()

    def _climb_up(self, which: np.ndarray) -> None:
        self._top[which] += _RAISE * 2 ** self._raises[which]
        self._raises[which] += 1
        self.climb(which, self._top[which][:, None] - np.arange(_RAISE))

    def _climb_down(self, which: np.ndarray, by: tuple[int, ...]) -> None:
        exponents = self._lowest[which][:, None] - np.array(by)
        self.climb(which, np.maximum(exponents, self.heights.anchor + 1))
        self._lowest[which] = np.maximum(self._lowest[which] - by[-1], self.heights.anchor + 1)

    def judge(self) -> "Settlement":
        """Where the ladder stands with what has been evaluated so far."""
        ladder = {e: rung for e, rung in self.rungs.items() if e > self.heights.anchor}
        best = best_extrapolation(ladder, self.base, self.heights.unit, self.noise)
        anchor = self.rungs[self.heights.anchor]
        at_anchor = (anchor.plus - anchor.minus) / (2 * anchor.step)
        floor = best.noise
        allowed = (
            _AGREEMENT * floor / anchor.step
            + 2 * best.cautious
            + 2 * best.curvature * anchor.step**2
        )
        apart = np.abs(best.value - at_anchor)
        agrees = apart <= allowed
        round_off = floor * best.gain
        # two looks at the noise of f, each worth something only while truncation does not swamp it:
        # how far the anchor lies off, and how far the averages miss f(x)
        looks = [
            np.where(agrees & (look <= _AGREEMENT * floor), look, 0.0)
            for look in (apart * anchor.step, best.scatter)
        ]
        return Settlement(
            best=best,
            truncation=best.truncation,
            round_off=round_off,
            seen_noise=np.maximum(*looks),
            agrees=agrees,
            resolved=best.truncation <= RESOLVED * round_off,
        )

    def _worth_raising(self, now: "Settlement") -> np.ndarray:
        best = now.best
        coarse = now.round_off > _WORTH_RAISING * self.heights.unit * np.abs(best.value)
        return best.unresolved & coarse & (best.exponent == self._top[:, None])

    def _rung(self, exponent: int) -> Rung:
        if exponent not in self.rungs:
            m, q = self.shape
            empty = Rung(np.full((m, 1), np.nan), np.full((m, q), np.nan), np.full((m, q), np.nan))
            self.rungs[exponent] = empty
        return self.rungs[exponent]


class Settlement(NamedTuple):
    """Where a ladder stands; every array has shape (m, q).

    Attributes:
        best: the best extrapolation.
        truncation: its truncation.
        round_off: what the noise of f, taken as its rounding, puts into it.
        seen_noise: the noise of f that anchor and averages show, where the anchor agrees; else 0.
        agrees: whether the anchor confirms it.
        resolved: whether truncation is down to the size of the round-off.
    """

    best: Extrapolated
    truncation: np.ndarray
    round_off: np.ndarray
    seen_noise: np.ndarray
    agrees: np.ndarray
    resolved: np.ndarray
