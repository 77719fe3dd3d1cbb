"""What the slopes on the two sides of a point say of it: a kink, a jump, an edge, or nothing."""

from typing import NamedTuple

import numpy as np

from purenet.fd.ladder import Ladder

# without it test_every_coordinate_lies_within_its_bound fails
SIGNIFICANT = 50.0  # noises by which the two sides must differ to be told apart
SURE = ("kink", "edge")  # what no shorter length could unsay
# without it test_no_derivative_here_and_both_one_sided_values fails
_TOLD = 3  # lengths at which they must, one after the other, for a claim
# without it test_each_kind_at_zero fails
_WHOLE = 0.9  # of a jump: how much of it is left from one length to the next
# without it test_what_is_right_is_decided_and_what_is_wrong_never_passes fails
_STAYS = 0.25  # of the gap between two slopes: how far each may move from one length to the next


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


def lengths_of(ladder: Ladder) -> list[int]:
    """The exponents of five lengths, the second of which is the anchor's."""
    return [ladder.heights.anchor - i * _apart(ladder) for i in (-1, 0, 1, 2, 3)]


def classified(
    ladder: Ladder, lengths: list[int], noise: np.ndarray, row: int, output: int
) -> tuple[Irregularity, bool]:
    """What the slopes on the two sides say, and whether f may be smooth at shorter steps."""
    rungs = [ladder.rungs[exponent] for exponent in lengths]
    base, steps = ladder.base[output], np.array([rung.step[row, 0] for rung in rungs])
    plus, minus = (np.array([getattr(rung, side)[row, output] for rung in rungs])
                   for side in ("plus", "minus"))  # fmt: skip
    # a step so short that rounding x + h makes another one of it is none
    true = np.ldexp(ladder.scale[row], lengths)
    usable = np.flatnonzero(np.abs(steps - true) <= true / 4)
    if usable.size < 2:  # so small a number that nothing comes between it and its neighbours
        return Irregularity(row, output, "unsettled", np.nan, np.nan), False
    plus, minus, steps = plus[usable], minus[usable], steps[usable]
    left, right = (base - minus) / steps, (plus - base) / steps
    if not np.isfinite([left[-1], right[-1]]).all():
        return Irregularity(row, output, "edge", _limit(left), _limit(right)), False
    hidden = 2 * SIGNIFICANT * noise[usable, row, output] / steps
    kind = _kind(left, right, hidden, _apart(ladder))
    if kind == "jump":
        return Irregularity(row, output, kind, float(minus[-1]), float(plus[-1])), True
    if kind == "vertical":
        return Irregularity(row, output, kind, _limit(left), _limit(right)), True
    at = min(1, usable.size - 1)
    one = Irregularity(row, output, kind, float(left[at]), float(right[at]))
    return one, kind not in SURE and _closes(np.abs(right - left), hidden)


def _apart(ladder: Ladder) -> int:
    """How many halvings one length lies below the one before: seven in float64."""
    return round(-ladder.heights.anchor / 3)


def _kind(left: np.ndarray, right: np.ndarray, hidden: np.ndarray, apart: int) -> str:
    """The kind that slopes show at the shortest lengths at which noise does not hide it."""
    heard = _last(np.maximum(np.abs(left), np.abs(right)) > hidden)
    if heard.size:
        growth = np.maximum(_growth(left[heard]), _growth(right[heard]))
        if (growth > _WHOLE * 2.0**apart).all():
            return "jump"
        if (growth > 2.0).all():
            return "vertical"
    told = _last(np.abs(right - left) > hidden)
    if told.size:
        left, right, hidden = left[told], right[told], hidden[told]
        moved = np.maximum(np.abs(np.diff(left)), np.abs(np.diff(right)))
        if (moved <= _STAYS * np.abs(right - left)[1:] + hidden[1:]).all():
            return "kink"
    return "unsettled"


def _closes(gap: np.ndarray, hidden: np.ndarray) -> bool:
    """Whether the gap between the two slopes falls where noise would not hide that it stays."""
    told = np.flatnonzero(gap > hidden)
    if told.size == 0:
        return True
    last = told[-1]
    if last + 1 < gap.size and hidden[last + 1] <= gap[last] / 2:
        return True
    return bool(last > 0 and gap[last] <= gap[last - 1] / 2)


def _last(which: np.ndarray) -> np.ndarray:
    """The positions of the last three that hold, where they are neighbours; else none."""
    last = np.flatnonzero(which)[-_TOLD:]
    return last if last.size == _TOLD and last[-1] - last[0] == _TOLD - 1 else last[:0]


def _growth(slopes: np.ndarray) -> np.ndarray:
    """By how much slopes grow from each length to the next."""
    far, near = np.abs(slopes[:-1]), np.abs(slopes[1:])
    return np.where(far > 0, near / far, np.where(near > 0, np.inf, 1.0))


def _limit(slopes: np.ndarray) -> float:
    """The slope as the length goes to zero: infinite where it keeps growing."""
    if not np.isfinite(slopes[-1]):
        return float("nan")
    grows = _growth(slopes[np.isfinite(slopes)][-2:]) > 2.0
    return float(
        np.copysign(np.inf, slopes[-1]) if grows.any() else slopes[min(1, slopes.size - 1)]
    )
