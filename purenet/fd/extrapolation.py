"""Richardson extrapolation on a ladder of steps, with what can be wrong with each value."""

from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import NamedTuple

import numpy as np

from purenet.fd.stencils import extrapolation_weights

# without it test_the_bound_is_not_idle fails
LONGEST = 7  # steps in one extrapolation: order 14, beyond which round-off gains nothing
# without it test_smooth_coordinates_take_eleven_evaluations fails
RESOLVED = 8.0  # truncation below this many round-offs is not worth another step
# without it test_every_coordinate_lies_within_its_bound fails
NOISES = 10.0  # noises of f that a bound allows for: the noise is known from few values
# without it test_rounding_in_float32_is_told_from_a_wrong_rule fails
TRUNCATIONS = 4.0  # and for the truncation, known by its order of magnitude
# without it test_far_steps_at_which_nothing_has_moved_but_the_last_digit_say_nothing fails
_MOVED = 50.0  # noises by which f must have moved where steps are larger than the first ones
# without it test_the_bound_holds_of_a_small_variation_of_a_large_value fails
HEARD = 16.0  # noises of a difference beyond which truncation is seen
_SHORTEST = 3  # fewer leave no two lower orders to compare


class Rung(NamedTuple):
    """The function at x + h and x - h, for one step h a coordinate.

    Attributes:
        step: shape (m, 1).
        plus: f(x + h), shape (m, q); NaN where it was not evaluated.
        minus: f(x - h), likewise.
    """

    step: np.ndarray
    plus: np.ndarray
    minus: np.ndarray

    def of(self, rows: np.ndarray) -> "Rung":
        """The same for some coordinates alone."""
        return Rung(*(part[rows] for part in self))


class Extrapolated(NamedTuple):
    """The best extrapolation of each coordinate and output; every array has shape (m, q).

    Attributes:
        value: the derivative; NaN where no extrapolation was possible.
        truncation: what the steps' finite size may have left in it.
        cautious: the same before crediting the fall from the order below.
        gain: what unit noise in f becomes in the value.
        noise: the noise of f that is assumed: as measured, and at least its rounding.
        scatter: the noise of f, as the averages' miss of f(x) shows it.
        bend: what the central difference at the second smallest step is off by, as seen from the
            smallest; it falls with the square of the step.
        doubt: by how much the bend as seen from the next larger step differs.
        near: the second smallest step.
        exponent: the largest step's exponent.
        unresolved: whether even plain central differences show no truncation at that step.
        falls: whether truncation falls with the smallest steps, as that of a series does.
    """

    value: np.ndarray
    truncation: np.ndarray
    cautious: np.ndarray
    gain: np.ndarray
    noise: np.ndarray
    scatter: np.ndarray
    bend: np.ndarray
    doubt: np.ndarray
    near: np.ndarray
    exponent: np.ndarray
    unresolved: np.ndarray
    falls: np.ndarray


def best_extrapolation(
    rungs: Mapping[int, Rung],
    base: np.ndarray,
    unit: float,
    measured: np.ndarray,
    confirmed: Callable[[Extrapolated], np.ndarray],
) -> Extrapolated:
    """The extrapolation with the least sum of truncation and noise, among those confirmed if any.

    Central differences at steps h, h/2, h/4, ... have errors in even powers of h, and so do the
    averages (f(x+h) + f(x-h))/2, whose limit f(x) is known. An extrapolation is judged by how far
    it lies from those without its largest and without its smallest step, and by how far the same
    weights miss f(x): the three do not vanish together.

    Source: Richardson, Phil. Trans. A 226:299, 1927.

    Args:
        rungs: the evaluated steps by their exponent: the step of exponent e is 2^e times a scale.
        base: f(x), shape (q,).
        unit: the rounding of the dtype, relative: the least noise that f can have.
        measured: the noise of f where it was measured, else 0; shape (m, q).
        confirmed: whether what is known otherwise of the derivative allows an extrapolation: steps
            that reach over a stair agree among themselves on the slope of the staircase.
    """
    ladder = _stacked(rungs, base)
    windows = [
        _windows(ladder, length) for length in range(1, min(LONGEST, len(ladder.exponent)) + 1)
    ]
    judged = [_judge(ladder, windows, length, unit, measured)
              for length in range(_SHORTEST, len(windows) + 1)]  # fmt: skip
    if not judged:
        return _nothing(measured.shape)
    every = Extrapolated(*(np.concatenate(field) for field in zip(*judged, strict=True)))
    total = every.truncation + every.noise * every.gain
    total = np.where(np.isfinite(total), total, np.inf)
    held = np.where(confirmed(every), total, np.inf)
    some = np.isfinite(held).any(axis=0)
    best = np.argmin(np.where(some, held, total), axis=0)[None]
    chosen = Extrapolated(*(np.take_along_axis(field, best, axis=0)[0] for field in every))
    nowhere = np.isinf(np.min(total, axis=0))
    return chosen._replace(value=np.where(nowhere, np.nan, chosen.value))


def far_and_unfounded(every: Extrapolated, near: np.ndarray, first: int) -> np.ndarray:
    """Which extrapolations from steps larger than the first ones say nothing of the point.

    Far out f may be another function: one that has saturated, say, and differs by nothing at any
    larger step. So what is found there counts where f moves by more than its noise, and only within
    the bounds of what was found at smaller steps.

    Args:
        every: extrapolations, along axis 0.
        near: which of them agree with the anchor.
        first: the exponent of the largest of the first steps.
    """
    exponents = every.exponent[:, 0, 0]
    still = np.abs(every.value) <= _MOVED * every.noise * every.gain
    apart = np.zeros_like(still)
    error = NOISES * every.noise * every.gain + TRUNCATIONS * every.truncation
    low, high = every.value - error, every.value + error
    least, most = np.full(low.shape[1:], -np.inf), np.full(low.shape[1:], np.inf)
    for exponent in np.unique(exponents):
        at = exponents == exponent
        if exponent > first:
            apart[at] = (low[at] > most) | (high[at] < least)
        known = near[at] & ~apart[at]
        least = np.fmax(least, np.max(np.where(known, low[at], -np.inf), axis=0))
        most = np.fmin(most, np.min(np.where(known, high[at], np.inf), axis=0))
    return apart | still & (exponents > first)[:, None, None]


class _Stacked(NamedTuple):
    """A ladder as arrays of shape (n, m, q), from the largest step down; NaN at missing steps."""

    exponent: np.ndarray
    step: np.ndarray
    central: np.ndarray
    average: np.ndarray
    size: np.ndarray
    base: np.ndarray


class _Windows(NamedTuple):
    """All extrapolations of one length, by their largest step; arrays of shape (k, m, q)."""

    value: np.ndarray
    miss: np.ndarray  # by how much the same extrapolation of the averages misses f(x)
    gain: np.ndarray
    scatter: np.ndarray
    size: np.ndarray


def _stacked(rungs: Mapping[int, Rung], base: np.ndarray) -> _Stacked:
    exponents = np.arange(max(rungs), min(rungs) - 1, -1)
    missing = next(iter(rungs.values()))
    missing = Rung(*(np.full_like(part, np.nan) for part in missing))
    step, plus, minus = (
        np.stack(part)
        for part in zip(*(rungs.get(int(e), missing) for e in exponents), strict=True)
    )
    central = (plus - minus) / (2 * step)
    average = ((plus - base) + (minus - base)) / 2
    return _Stacked(
        exponents, step, central, average, np.maximum(np.abs(plus), np.abs(minus)), np.abs(base)
    )


def _windows(ladder: _Stacked, length: int) -> _Windows:
    weights = _weights(length)
    many = len(ladder.exponent) - length + 1

    def along(part: np.ndarray) -> list[np.ndarray]:
        return [part[i : i + many] for i in range(length)]

    def weighted(part: np.ndarray) -> np.ndarray:
        terms = (w * one for w, one in zip(weights, along(part), strict=True))
        return sum(terms, np.zeros(()))

    value, miss = weighted(ladder.central), weighted(ladder.average)
    first = ladder.step[:many]  # in its units, since squares of tiny steps vanish
    squares = sum(
        (w * (first / step)) ** 2 for w, step in zip(weights, along(ladder.step), strict=True)
    )
    gain = np.broadcast_to(np.sqrt(squares / 2) / first, value.shape)
    scatter = np.abs(miss) / np.sqrt(sum(w * w for w in weights) / 2 + 1)
    size = np.maximum.reduce([np.broadcast_to(ladder.base, value.shape), *along(ladder.size)])
    return _Windows(value, miss, gain, scatter, size)


def _judge(
    ladder: _Stacked, windows: list[_Windows], length: int, unit: float, measured: np.ndarray
) -> Extrapolated:
    window = windows[length - 1]
    many = len(window.value)

    def value(shorter: int, lower: int) -> np.ndarray:
        """Those of fewer steps, and of a largest step so many halvings lower."""
        return windows[length - 1 - shorter].value[lower : lower + many]

    smaller, smallest = value(1, 1), value(2, 2)
    by_smaller = np.abs(window.value - smaller)
    # the larger steps err 4^(length - 1) times as much: a check on a chance agreement with smaller
    by_larger = np.abs(window.value - value(1, 0)) / 4.0 ** (length - 1)
    cautious = np.maximum(by_smaller, by_larger)
    before = np.abs(smaller - smallest)
    # each order in turn brings in a step twice as large, so that what it leaves falls 4 times less
    fall = 4 * _ratio(cautious, before)
    if length > _SHORTEST:
        fall = np.maximum(fall, 16 * _ratio(before, np.abs(smallest - value(3, 3))))
    step = ladder.step[:many]
    truncation = cautious * np.minimum(fall, 1.0)
    truncation = np.maximum(truncation, np.abs(window.miss) / (2 * step))

    def bend(lower: int) -> np.ndarray:
        at = slice(lower, lower + many)
        return windows[0].value[at] - windows[1].value[at]

    noise, shape = np.maximum(unit * window.size, measured), window.value.shape

    def falls(far: np.ndarray, near: np.ndarray, gain: np.ndarray) -> np.ndarray:
        return np.abs(near) <= np.maximum(np.abs(far) / 2, HEARD * noise * gain)

    last = slice(length - 2, length - 2 + many)
    bends = falls(bend(length - 3), bend(length - 2), windows[1].gain[last])
    averages = ladder.average[last], ladder.average[length - 1 : length - 1 + many]
    return Extrapolated(
        value=window.value,
        truncation=truncation,
        cautious=cautious,
        gain=window.gain,
        noise=noise,
        scatter=window.scatter,
        bend=bend(length - 2),
        doubt=np.abs(bend(length - 2) - bend(length - 3) / 4),
        near=np.broadcast_to(ladder.step[length - 2 : length - 2 + many], shape),
        exponent=np.broadcast_to(ladder.exponent[:many, None, None], shape),
        unresolved=np.abs(bend(0)) <= HEARD * noise * windows[1].gain[:many],
        falls=bends & falls(*averages, np.ones(())),
    )


def _ratio(new: np.ndarray, old: np.ndarray) -> np.ndarray:
    return np.divide(new, old, out=np.ones_like(new), where=old > 0)


@lru_cache(maxsize=LONGEST)
def _weights(length: int) -> tuple[float, ...]:
    return tuple(map(float, extrapolation_weights(length)))


def _nothing(shape: tuple[int, ...]) -> Extrapolated:
    nan, inf = np.full(shape, np.nan), np.full(shape, np.inf)
    zero, nowhere = np.zeros(shape), np.zeros(shape, bool)
    return Extrapolated(
        nan, inf, inf, inf, zero, zero, zero, inf, inf, np.zeros(shape, int), nowhere, nowhere
    )
