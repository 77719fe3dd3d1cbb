"""Where no derivative exists, or f is noisy: what a settled ladder does not explain."""

from typing import Any

import numpy as np

from purenet.fd.ladder import Ladder
from purenet.fd.noise import POINTS, measured_noise
from purenet.fd.oscillation import oscillates
from purenet.fd.settlement import Settlement
from purenet.fd.slopes import SIGNIFICANT, Irregularity, classified, lengths_of

# without it test_a_steep_transition_is_settled_on_a_deeper_ladder fails
_DEEPER = 10  # halvings from one ladder to the next: the useful steps of two neighbours overlap
# without it test_a_steep_transition_is_settled_on_a_deeper_ladder fails
_LADDERS = 7  # the last stands seventy halvings lower
# without it test_what_no_ladder_tells_to_a_hundredth_is_not_told fails
_SHARP = 1e-2  # relative error at which a deeper ladder settles a derivative


def examine(ladder: Ladder, now: Settlement) -> tuple[Settlement, list[Irregularity]]:
    """Measure the noise where a ladder does not settle or has a kink, go closer, name what remains.

    A function that is smooth under its noise settles once the noise is known. The slopes on the two
    sides, over five lengths down to where round-off drowns them, tell what is not smooth: slopes
    that stay apart are a kink; that grow in inverse proportion, a jump; that grow more slowly, a
    vertical tangent; a side that is not finite at the shortest, an edge of the domain. What curves
    over lengths far below the size of its parameter (far from the origin, near a pole or an edge,
    where it oscillates fast) settles on a ladder that stands deeper; but not on one that stands on
    a single stair of a function that rounds what it is given.
    """
    stands = _stands_and_moves(ladder)
    stands &= ~_is_smooth_farther_out(ladder, stands)
    rows = np.flatnonzero((_doubtful(ladder, now) | stands).any(axis=1))
    if rows.size == 0:
        return now, []
    _measure_noise(ladder, rows)
    now = ladder.settle()
    doubtful = _doubtful(ladder, now)
    named = _named(ladder, doubtful)
    oscillating = oscillates(ladder) & ~doubtful
    for row, output in np.argwhere(oscillating):
        one = Irregularity(int(row), int(output), "unsettled", np.nan, np.nan)
        named[int(row), int(output)] = one, True
    pending = np.zeros_like(doubtful)
    for at, (_, may_be_smooth) in named.items():
        pending[at] = may_be_smooth
    now, settled = _settled_deeper(ladder, now, pending, oscillating)
    return now, [one for at, (one, _) in named.items() if not settled[at]]


def _named(
    ladder: Ladder, doubtful: np.ndarray
) -> dict[tuple[int, int], tuple[Irregularity, bool]]:
    """What doubtful derivatives look like over five lengths, and whether f may be smooth there."""
    rows = np.flatnonzero(doubtful.any(axis=1))
    if rows.size == 0:
        return {}
    lengths = lengths_of(ladder)
    ladder.climb(rows, np.full(rows.size, lengths[0]), tuple(e - lengths[0] for e in lengths))
    noise = np.array([ladder.noise_at(ladder.rungs[exponent]) for exponent in lengths])
    return {
        (int(row), int(output)): classified(ladder, lengths, noise, int(row), int(output))
        for row, output in np.argwhere(doubtful)
    }


def _settled_deeper(
    ladder: Ladder, now: Settlement, doubtful: np.ndarray, oscillating: np.ndarray
) -> tuple[Settlement, np.ndarray]:
    """Climb ladders that stand ever deeper, until one settles or its steps drown in rounding.

    That an oscillation has no slope from afar does not settle it.

    Returns:
        The settlement with what was found, and where that is.
    """
    found = np.zeros_like(doubtful)
    for deeper in range(1, _LADDERS + 1):
        by = deeper * _DEEPER
        smallest = np.ldexp(ladder.scale, ladder.heights.anchor - by)
        left = doubtful & ~found
        rows = np.flatnonzero(left.any(axis=1) & (smallest >= np.spacing(np.abs(ladder.x))))
        if rows.size == 0:
            break
        lower = ladder.lowered(rows, by)
        is_flat = _is_smooth_farther_out(lower, _stands_and_moves(lower))
        _measure_noise(lower, np.flatnonzero(~is_flat.all(axis=1)))
        then = lower.settle()
        error = then.truncation + SIGNIFICANT * np.maximum(
            then.round_off, then.seen_noise * then.best.gain
        )
        sharp = error <= _SHARP * np.abs(then.best.value)
        small = error <= _SHARP * np.abs(ladder.base) / ladder.scale[rows, None]
        vanishes = small & ~oscillating[rows]
        stands_still = _stands_still(lower)
        on_a_stair = stands_still & _moves_both_ways(ladder)[rows]
        settled = left[rows] & ~_doubtful(lower, then) & (sharp | vanishes) & ~on_a_stair
        settled &= ~oscillates(lower)
        now = _replaced(now, then, rows, settled)
        found[rows] |= settled
        doubtful[rows] &= ~stands_still  # and would at shorter steps
    return now, found


def _replaced(now: Any, then: Any, rows: np.ndarray, where: np.ndarray) -> Any:
    """A settlement, some rows of which are another's in some places."""
    fields = []
    for old, new in zip(now, then, strict=True):
        if isinstance(old, tuple):
            fields.append(_replaced(old, new, rows, where))
        else:
            field = old.copy()
            field[rows] = np.where(where, new, old[rows])
            fields.append(field)
    return type(now)(*fields)


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
    noise = ladder.noise_at(anchor)
    kinked = ~(bend <= expected + 2 * SIGNIFICANT * noise)
    return ~now.agrees | kinked


def _stands_and_moves(ladder: Ladder) -> np.ndarray:
    """Where f stands still at the anchor's step and moves at larger ones.

    It may be flat there; or it computes in fewer digits than it is given, and the anchor stands on
    one of its stairs.
    """
    anchor, top = (ladder.rungs[e] for e in (ladder.heights.anchor, ladder.heights.first))
    stands = (anchor.plus == ladder.base) & (anchor.minus == ladder.base)
    return stands & ((top.plus != ladder.base) | (top.minus != ladder.base))


def _is_smooth_farther_out(ladder: Ladder, where: np.ndarray) -> np.ndarray:
    """Where, of some places, f has no noise at the largest first step; stairs would show there."""
    rows = np.flatnonzero(where.any(axis=1))
    if rows.size == 0:
        return where
    top = ladder.rungs[ladder.heights.first]
    moves = (top.plus[rows] != ladder.base).any(axis=1)
    steps = np.where(moves, 1.0, -1.0) * np.ldexp(ladder.scale[rows], ladder.heights.first)

    def values_at(spacing: float) -> np.ndarray:
        return ladder.evaluate(rows, steps, 1 + spacing * np.arange(1.0, POINTS + 1))

    noise, resolved = measured_noise(values_at)
    size = np.fmax(np.fmax(np.abs(top.plus[rows]), np.abs(top.minus[rows])), np.abs(ladder.base))
    smooth = np.zeros_like(where)
    smooth[rows] = resolved & (noise <= SIGNIFICANT * ladder.heights.unit * size)
    return where & smooth


def _stands_still(ladder: Ladder) -> np.ndarray:
    """Where f is the same at the smallest steps of all, on both sides."""
    smallest = [ladder.rungs[exponent] for exponent in sorted(ladder.rungs)[:3]]
    return np.all(
        [(rung.plus == ladder.base) & (rung.minus == ladder.base) for rung in smallest], axis=0
    )


def _moves_both_ways(ladder: Ladder) -> np.ndarray:
    """Where f moves at the largest of the first steps, on either side."""
    top = ladder.rungs[ladder.heights.first]
    return (top.plus != ladder.base) & (top.minus != ladder.base)


def _measure_noise(ladder: Ladder, rows: np.ndarray) -> None:
    """Look for noise just right of the point (left of it where that is not finite)."""
    if rows.size == 0:
        return

    def values_at(spacing: float) -> np.ndarray:
        steps, points = ladder.scale[rows] * spacing, np.arange(1.0, POINTS + 1)
        values = ladder.evaluate(rows, steps, points)
        undefined = ~np.isfinite(values).all(axis=(1, 2))
        if undefined.any():
            values[undefined] = ladder.evaluate(rows[undefined], steps[undefined], -points)
        return values

    noise, resolved = measured_noise(values_at)
    noise = np.where(np.isfinite(noise), noise, 0.0)
    # closer to the point less of the curvature is taken for noise; too close nothing is seen of it
    known = ladder.noise[rows]
    closer = np.where(resolved & (known > 0), np.minimum(noise, known), known)
    ladder.noise[rows] = np.where(known > 0, closer, noise)
