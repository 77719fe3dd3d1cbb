"""Richardson extrapolation on a ladder of steps, with what can be wrong with each value."""

from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import NamedTuple

import numpy as np

from purenet.fd.stencils import extrapolation_weights

LONGEST = 7  # steps in one extrapolation: order 14, beyond which round-off gains nothing
RESOLVED = 8.0  # truncation below this many round-offs is not worth another step
_SHORTEST = 3  # fewer leave no two lower orders to compare
_FASTEST_FALL = 1e-4  # truncation is credited with no faster fall from order to order


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


class Extrapolated(NamedTuple):
    """The best extrapolation of each coordinate and output; every array has shape (m, q).

    Attributes:
        value: the derivative; NaN where no extrapolation was possible.
        truncation: what the steps' finite size may have left in it.
        cautious: the same before crediting the fall from the order below.
        gain: what unit noise in f becomes in the value.
        noise: the noise of f that is assumed: as measured, and at least its rounding.
        scatter: the noise of f, as the averages' miss of f(x) shows it.
        bend: how far the central difference at the largest step is off, as the two largest show it.
        step: the largest step.
        exponent: the largest step's exponent.
        unresolved: whether even plain central differences show no truncation at that step.
    """

    value: np.ndarray
    truncation: np.ndarray
    cautious: np.ndarray
    gain: np.ndarray
    noise: np.ndarray
    scatter: np.ndarray
    bend: np.ndarray
    step: np.ndarray
    exponent: np.ndarray
    unresolved: np.ndarray


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
    windows = {}
    for exponent in rungs:
        for length in range(1, LONGEST + 1):
            members = [rungs.get(exponent - i) for i in range(length)]
            if any(rung is None for rung in members):
                break
            windows[exponent, length] = _extrapolate(
                [r for r in members if r], base, unit, measured
            )
    judged = [
        _judge(windows, exponent, length) for exponent, length in windows if length >= _SHORTEST
    ]
    if not judged:
        return _nothing(measured.shape)
    total = np.stack([w.truncation + w.noise * w.gain for w in judged])
    total = np.where(np.isfinite(total), total, np.inf)
    held = np.where(np.stack([confirmed(w) for w in judged]), total, np.inf)
    some = np.isfinite(held).any(axis=0)
    best = np.argmin(np.where(some, held, total), axis=0)[None]
    chosen = Extrapolated(
        *(
            np.take_along_axis(np.stack(field), best, axis=0)[0]
            for field in zip(*judged, strict=True)
        )
    )
    nowhere = np.isinf(np.min(total, axis=0))
    return chosen._replace(value=np.where(nowhere, np.nan, chosen.value))


class _Window(NamedTuple):
    value: np.ndarray
    miss: np.ndarray  # by how much the same extrapolation of the averages misses f(x)
    gain: np.ndarray
    noise: np.ndarray
    scatter: np.ndarray
    step: np.ndarray


def _extrapolate(
    members: list[Rung], base: np.ndarray, unit: float, measured: np.ndarray
) -> _Window:
    weights = _weights(len(members))
    value = sum(
        w * (r.plus - r.minus) / (2 * r.step) for w, r in zip(weights, members, strict=True)
    )
    miss = sum(
        w * ((r.plus - base) + (r.minus - base)) / 2 for w, r in zip(weights, members, strict=True)
    )
    first = members[0].step  # in its units, since squares of tiny steps vanish
    squares = sum((w * (first / r.step)) ** 2 for w, r in zip(weights, members, strict=True))
    gain = np.sqrt(squares / 2) / first
    size = np.abs(base)
    for r in members:
        size = np.maximum(size, np.maximum(np.abs(r.plus), np.abs(r.minus)))
    value, miss = np.asarray(value), np.asarray(miss)
    scatter = np.abs(miss) / np.sqrt(sum(w * w for w in weights) / 2 + 1)
    gain = np.broadcast_to(gain, value.shape)
    noise = np.maximum(unit * size, measured)
    return _Window(value, miss, gain, noise, scatter, members[0].step)


def _judge(windows: Mapping, exponent: int, length: int) -> Extrapolated:
    window = windows[exponent, length]
    smaller, larger = windows[exponent - 1, length - 1], windows[exponent, length - 1]
    smallest = windows[exponent - 2, length - 2]
    by_smaller = np.abs(window.value - smaller.value)
    # the larger steps err 4^(length - 1) times as much: a check on a chance agreement with smaller
    by_larger = np.abs(window.value - larger.value) / 4.0 ** (length - 1)
    cautious = np.maximum(by_smaller, by_larger)
    before = np.abs(smaller.value - smallest.value)
    # each order in turn brings in a step twice as large, so that what it leaves falls 4 times less
    fall = 4 * _ratio(cautious, before)
    if length > _SHORTEST:
        earlier = np.abs(smallest.value - windows[exponent - 3, length - 3].value)
        fall = np.maximum(fall, 16 * _ratio(before, earlier))
    truncation = cautious * np.clip(fall, _FASTEST_FALL, 1.0)
    truncation = np.maximum(truncation, np.abs(window.miss) / (2 * window.step))
    first, second = windows[exponent, 1], windows[exponent, 2]
    bend = np.abs(second.value - first.value)
    return Extrapolated(
        value=window.value,
        truncation=truncation,
        cautious=cautious,
        gain=window.gain,
        noise=window.noise,
        scatter=window.scatter,
        bend=bend,
        step=np.broadcast_to(window.step, bend.shape),
        exponent=np.full(window.value.shape, exponent),
        unresolved=bend <= 16 * window.noise * second.gain,
    )


def _ratio(new: np.ndarray, old: np.ndarray) -> np.ndarray:
    return np.divide(new, old, out=np.ones_like(new), where=old > 0)


@lru_cache(maxsize=LONGEST)
def _weights(length: int) -> tuple[float, ...]:
    return tuple(map(float, extrapolation_weights(length)))


def _nothing(shape: tuple[int, ...]) -> Extrapolated:
    nan, inf = np.full(shape, np.nan), np.full(shape, np.inf)
    zero = np.zeros(shape)
    return Extrapolated(
        nan, inf, inf, inf, zero, zero, inf, inf, np.zeros(shape, int), np.zeros(shape, bool)
    )
