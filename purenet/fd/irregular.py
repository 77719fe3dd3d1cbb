"""Where no derivative exists, or f is noisy: what a settled ladder does not explain."""

from typing import NamedTuple

import numpy as np

from purenet.fd.ladder import Ladder, Settlement
from purenet.fd.noise import POINTS, measured_noise

_SIGNIFICANT = 50.0  # noises by which the two sides must differ to be told apart
_CLOSER = 8  # how many halvings below the anchor the one-sided slopes are taken again


class Irregularity(NamedTuple):
    """Why one coordinate of one output has no derivative.

    Attributes:
        coordinate: its index.
        output: the output's index.
        kind: "kink", "jump", "vertical", "edge" or "unsettled".
        left: the derivative from the left; for a jump the value just left of the point.
        right: the same on the right. NaN: the function is not defined there.
    """

    coordinate: int
    output: int
    kind: str
    left: float
    right: float


def examine(ladder: Ladder, now: Settlement) -> tuple[Settlement, list[Irregularity]]:
    """Measure the noise where a ladder does not settle or has a kink, then name what remains.

    A function that is smooth under its noise settles once the noise is known. What is left is
    told by the slopes on the two sides, at the anchor and 256 times closer: slopes that stay
    apart are a kink; that grow in inverse proportion, a jump; that grow more slowly, a vertical
    tangent; a side that is not finite, an edge of the domain.
    """
    rows = np.flatnonzero(_doubtful(ladder, now).any(axis=1))
    if rows.size == 0:
        return now, []
    _measure_noise(ladder, rows)
    now = ladder.settle()
    rows = np.flatnonzero(_doubtful(ladder, now).any(axis=1))
    if rows.size == 0:
        return now, []
    closer = ladder.heights.anchor - _CLOSER
    ladder.climb(rows, np.full(rows.size, closer), (0,))
    found = [
        _classify(ladder, int(row), int(output))
        for row in rows
        for output in np.flatnonzero(_doubtful(ladder, now)[row])
    ]
    return now, found


def _doubtful(ladder: Ladder, now: Settlement) -> np.ndarray:
    """Where the anchor contradicts the ladder, or bends more than a smooth function could."""
    anchor = ladder.rungs[ladder.heights.anchor]
    # of a smooth function the bend falls with the square of the step, at a kink with the step: far
    # enough above the anchor the two are told apart
    above = [e for e in ladder.rungs if e >= ladder.heights.anchor + 6]
    bend = np.abs((anchor.plus - ladder.base) + (anchor.minus - ladder.base))
    expected = np.zeros(ladder.shape)
    for exponent in above:
        rung = ladder.rungs[exponent]
        seen = np.abs((rung.plus - ladder.base) + (rung.minus - ladder.base))
        expected = np.fmax(expected, 8 * seen * (anchor.step / rung.step) ** 2)
    noise = _noise_at(ladder, ladder.heights.anchor)
    kinked = ~(bend <= expected + 2 * _SIGNIFICANT * noise)
    return ~now.agrees | kinked


def _measure_noise(ladder: Ladder, rows: np.ndarray) -> None:
    """Look for noise just right of the point (left of it where that is not finite)."""

    def values_at(spacing: float) -> np.ndarray:
        steps, points = ladder.scale[rows] * spacing, np.arange(1.0, POINTS + 1)
        values = ladder.evaluate(rows, steps, points)
        undefined = ~np.isfinite(values).all(axis=(1, 2))
        if undefined.any():
            values[undefined] = ladder.evaluate(rows[undefined], steps[undefined], -points)
        return values

    noise = measured_noise(values_at)
    ladder.noise[rows] = np.where(np.isfinite(noise), noise, 0.0)


def _noise_at(ladder: Ladder, exponent: int) -> np.ndarray:
    """The noise of f at one step: as measured, and at least its rounding there."""
    rung = ladder.rungs[exponent]
    size = np.fmax(np.fmax(np.abs(rung.plus), np.abs(rung.minus)), np.abs(ladder.base))
    return np.maximum(ladder.noise, ladder.heights.unit * size)


def _classify(ladder: Ladder, row: int, output: int) -> Irregularity:
    far, near = (
        _one_sided(ladder, e, row, output)
        for e in (ladder.heights.anchor, ladder.heights.anchor - _CLOSER)
    )
    if near.step == 0:  # a number so small that nothing comes between it and its neighbours
        return Irregularity(row, output, "unsettled", far.left, far.right)
    if not np.isfinite([near.left, near.right]).all():
        left, right = (_limit(f, n) for f, n in zip(far[:2], near[:2], strict=True))
        return Irregularity(row, output, "edge", left, right)
    growth = [_growth(f, n) for f, n in zip(far[:2], near[:2], strict=True)]
    if max(growth) > 2.0 ** (_CLOSER - 1):
        rung = ladder.rungs[ladder.heights.anchor - _CLOSER]
        left, right = float(rung.minus[row, output]), float(rung.plus[row, output])
        return Irregularity(row, output, "jump", left, right)
    if max(growth) > 2.0:
        left, right = (_limit(f, n) for f, n in zip(far[:2], near[:2], strict=True))
        return Irregularity(row, output, "vertical", left, right)
    noise = _noise_at(ladder, ladder.heights.anchor)[row, output]
    hidden = 2 * _SIGNIFICANT * float(noise)
    gap_near, gap_far = abs(near.right - near.left), abs(far.right - far.left)
    # so close, noise may hide a gap that it does not hide at the anchor: then the anchor's stands
    seen_only_far = gap_far > hidden / far.step and hidden / near.step > gap_far / 2
    if gap_near > hidden / near.step or seen_only_far:
        return Irregularity(row, output, "kink", far.left, far.right)
    return Irregularity(row, output, "unsettled", near.left, near.right)


class _Slopes(NamedTuple):
    left: float
    right: float
    step: float


def _one_sided(ladder: Ladder, exponent: int, row: int, output: int) -> _Slopes:
    rung, base = ladder.rungs[exponent], ladder.base[output]
    step = rung.step[row, 0]
    right = (rung.plus[row, output] - base) / step
    left = (base - rung.minus[row, output]) / step
    return _Slopes(float(left), float(right), float(step))


def _growth(far: float, near: float) -> float:
    return abs(near) / abs(far) if far != 0 else (np.inf if near != 0 else 1.0)


def _limit(far: float, near: float) -> float:
    """The slope as the step goes to zero: infinite where it keeps growing."""
    if not np.isfinite(near):
        return float("nan")
    return float(np.copysign(np.inf, near)) if _growth(far, near) > 2.0 else far
