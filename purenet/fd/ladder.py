"""The ladder of steps: evaluates a function where a derivative is still in doubt, and stops.

How a derivative and its bound come about. For a smooth f the central difference at step h is

    D(h) = (f(x+h) - f(x-h)) / 2h  =  f' + a h^2 + b h^4 + c h^6 + ...

so that of two steps, one half of the other, (4 D(h/2) - D(h)) / 3 has no term in h^2 any more, and
of n steps in a row some weighted sum has none below h^2n: Richardson's extrapolation. The ladder
holds f at x ± scale 2^e for a run of exponents e, its rungs; every run of three to seven
neighbouring rungs is an extrapolation. Two things can be wrong with one:

truncation
    What is left of the series. It is not known, but seen: from the extrapolation without its
    smallest step, or without its largest, to the whole the value moves by about that much; and the
    same weights, laid on the averages (f(x+h) + f(x-h)) / 2, must give f(x), which is known. The
    three do not vanish together, but for chance.
round-off
    f is computed with some noise, at least half an ulp of its size; divided by the step it is what
    small steps suffer from. The weights make of it noise * gain, by the propagation of errors.

The extrapolation with the least sum of the two is taken. Since it may agree with itself by chance
(steps that all reach over a stair agree on the slope of the staircase; those of a function that
has saturated, on next to nothing), truncation must fall from each step to its half, and it must
agree with a witness: the anchor, a central difference at a step so small that truncation is gone,
and that only its own round-off blurs. Where that hides what is found, witnesses in between are
asked.

    e    -4   -5   -6   -7   ...  -12            -22
         o    o    o    o          o               o
         |____first four____|  halved where        the anchor, far below 2^-17, the best step
                          in doubt            of a single central difference

Larger steps are climbed to where round-off rules and the top rung shows no truncation, and none is
left out over which f moves; smaller ones where it does not settle. What never settles is examined
in `irregular`: a kink, a jump, noise.
"""

from collections.abc import Callable, Sequence

import numpy as np

from purenet.fd.extrapolation import HEARD, Rung
from purenet.fd.noise import POINTS, measured_noise
from purenet.fd.settlement import Settlement, heights, joined, noise_at, settled

# without it test_steps_far_too_small_are_raised fails
_WORTH_RAISING = 100.0  # relative round-off, in roundings of 1, above which larger steps are tried
# without either test_they_are_raised_as_far_as_a_tiny_number_needs fails
_RAISE = 5  # steps up at first; each further raise goes twice as far
_RAISES = 3
# without it test_round_off_is_that_of_the_terms_where_they_cancel fails
_FAR = 1  # the exponent of a step of twice the scale: as far as noise is known from the point
# without it test_every_coordinate_lies_within_its_bound fails
_ROUNDS = 16
_JUDGED = 2**11  # coordinates times outputs that are judged together: up to 40 KiB each

Values = Callable[[np.ndarray, np.ndarray, np.ndarray], np.ndarray]


class Ladder:
    """All evaluations of a function around a point, for many coordinates at once.

    Args:
        values: values(coordinates, steps, points) gives f with coordinate coordinates[i] moved by
            steps[i] * points[j]: shapes (k,), (k,), (n,) to (k, n, q).
        x: the coordinates, shape (m,), in the dtype that f is evaluated in.
        scale: a length for each, powers of two, shape (m,).
        base: f at the point, shape (q,).
    """

    def __init__(
        self,
        values: Values,
        x: np.ndarray,
        scale: np.ndarray,
        base: np.ndarray,
    ):
        self._values = values
        self.x = x
        self.scale = scale
        self.base = base
        self.heights = heights(x.dtype)
        self.rungs: dict[int, Rung] = {}
        self._between: dict[int, Rung] = {}  # further witnesses, of some
        self.noise = np.zeros((x.size, base.size))  # as measured; its rounding, until it is
        self.evaluations = 0
        self._top = np.full(x.size, self.heights.first)
        # of each output: another one may have asked for larger steps than it would have
        self._reach = np.full((x.size, base.size), self.heights.first)
        self._lowest = self._top - 3
        self._raises = np.zeros(x.size, int)
        below = (0, -1, -2, -3, self.heights.anchor - self.heights.first)
        self.climb(np.arange(x.size), self._top, below)

    def lowered(self, rows: np.ndarray, by: int) -> "Ladder":
        """A ladder for some of the coordinates, which stands so many halvings deeper."""

        def values(which, steps, points):
            return self._values(rows[which], steps, points)

        scale = np.ldexp(self.scale[rows], -by)
        lower = Ladder(values, self.x[rows], scale, self.base)
        lower.noise = self.noise[rows]
        return lower

    @property
    def shape(self) -> tuple[int, int]:
        """The numbers of coordinates and of outputs: (m, q)."""
        return self.noise.shape

    def climb(
        self,
        which: np.ndarray,
        start: np.ndarray,
        below: Sequence[int],
        into: dict[int, Rung] | None = None,
    ) -> None:
        """Evaluate coordinates at steps of the exponents ``start + below``, in scales.

        Args:
            which: the coordinates, shape (k,).
            start: an exponent for each, shape (k,).
            below: how far above (below: negative) it to step, the same for all, length n.
            into: where what is found is kept, by default `rungs`.
        """
        into = self.rungs if into is None else into
        if which.size == 0:
            return
        x = self.x[which][:, None]
        steps = np.ldexp(self.scale[which], start).astype(x.dtype)
        points = np.ldexp(1.0, below).astype(x.dtype)
        values = self.evaluate(which, steps, np.concatenate([points, -points]))
        values = values.reshape(which.size, 2, -1, self.base.size)
        # the steps as they come out after rounding x + h
        steps = steps[:, None] * points
        realised = (((x + steps) - x).astype(float) - ((x - steps) - x)) / 2
        exponents = start[:, None] + np.array(below)
        for exponent in np.unique(exponents):
            rung = into.setdefault(int(exponent), self._empty())
            rows, columns = np.nonzero(exponents == exponent)
            rung.step[which[rows], 0] = realised[rows, columns]
            rung.plus[which[rows]] = values[rows, 0, columns]
            rung.minus[which[rows]] = values[rows, 1, columns]

    def evaluate(self, which: np.ndarray, steps: np.ndarray, points: np.ndarray) -> np.ndarray:
        """f with coordinates ``which`` moved by steps (k,) times points (n,): shape (k, n, q)."""
        self.evaluations += steps.size * points.size
        return self._values(which, steps, points)

    def settle(self) -> Settlement:
        """Climb until every coordinate is settled or has nowhere left to go."""
        previous = np.full(self.shape, np.inf)
        for _ in range(_ROUNDS):
            now = self._witnessed(self.judge())
            total = now.truncation + now.round_off
            done = now.agrees & (now.resolved | (total >= previous / 2))
            worth_raising = done & self._worth_raising(now)
            raising = self._quiet_above(np.any(worth_raising, axis=1))
            doubt = ~done.all(axis=1) & ~raising & (self._lowest > self.heights.anchor + 1)
            if not (raising | doubt).any():
                return now
            previous = np.where(now.agrees & ~raising[:, None], total, np.inf)
            self._climb_up(np.flatnonzero(raising))
            raised = worth_raising & raising[:, None]
            self._reach = np.where(raised, self._top[:, None], self._reach)
            # far from agreement, halving once is too slow
            far = doubt & ~now.agrees.all(axis=1)
            self._climb_down(np.flatnonzero(doubt & ~far), (1,))
            self._climb_down(np.flatnonzero(far), (2, 3, 4))
        return self.judge()

    def _witnessed(self, now: Settlement) -> Settlement:
        """Ask further witnesses where the noise of the others is larger than what is found."""
        first = self.rungs[self.heights.first]
        moves = (first.plus != self.base) | (first.minus != self.base)
        for exponent in self.heights.between:
            rows = np.flatnonzero((now.agrees & now.drowned & moves).any(axis=1))
            if exponent in self._between:
                rows = rows[np.isnan(self._between[exponent].step[rows, 0])]
            if rows.size:
                self.climb(rows, np.full(rows.size, exponent), (0,), self._between)
                now = self.judge()
        return now

    def _quiet_above(self, wanted: np.ndarray) -> np.ndarray:
        """Which of some coordinates may go to larger steps: those that are no noisier there.

        Noise that was measured is that of terms which cancel, or of fewer digits inside. Far out
        the terms may have grown, and it is measured again before steps go there.
        """
        wanted = wanted & (self._raises < _RAISES)
        measured = self.is_noisy().any(axis=1)
        top = self._top + _RAISE * 2**self._raises
        rows = np.flatnonzero(wanted & measured & (top > _FAR))
        if rows.size:
            steps = np.ldexp(self.scale[rows], top[rows]).astype(self.x.dtype)
            around = np.arange(1.0, POINTS + 1)
            there, _ = measured_noise(
                lambda spacing: self.evaluate(rows, steps, 1 + spacing * around)
            )
            louder = ~(there <= self.noise[rows]).all(axis=1)
            self._raises[rows[louder]] = _RAISES
            wanted[rows[louder]] = False
        return wanted

    def is_noisy(self) -> np.ndarray:
        """Where noise was measured: that of terms which cancel, or of fewer digits inside."""
        return self.noise > 0

    def _climb_up(self, which: np.ndarray) -> None:
        """Go up, over steps at which f stands still; where it does not, none is left out."""
        before, by = self._top[which], _RAISE * 2 ** self._raises[which]
        self._top[which] += by
        self._raises[which] += 1
        top = self._top[which]
        while which.size:
            self.climb(which, top, tuple(range(0, -_RAISE, -1)))
            moved = ~self._still(top - _RAISE + 1, which).all(axis=1)
            on = moved & (top - _RAISE > before)
            which, top, before = which[on], top[on] - _RAISE, before[on]

    def _climb_down(self, which: np.ndarray, by: tuple[int, ...]) -> None:
        # just above the anchor some steps are taken once more
        lowest = np.maximum(self._lowest[which] - by[-1], self.heights.anchor + 1)
        self.climb(which, lowest + by[-1], tuple(-b for b in by))
        self._lowest[which] = lowest

    def judge(self) -> Settlement:
        """Where the ladder stands with what has been evaluated so far.

        Some rows are judged at a time, those together that have been to the same steps.
        """
        together = max(1, _JUDGED // max(1, self.base.size))
        order = np.lexsort((self._lowest, self._top))
        parts = [
            self._judged(order[start : start + together])
            for start in range(0, order.size, together)
        ]
        return joined(parts, np.argsort(order))

    def _judged(self, rows: np.ndarray) -> Settlement:
        anchor = self.rungs[self.heights.anchor]
        above = {e: rung.of(rows) for e, rung in self.rungs.items() if e > self.heights.anchor}
        return settled(
            {e: rung for e, rung in above.items() if not np.isnan(rung.step).all()},
            [rung.of(rows) for rung in (anchor, *self._between.values())],
            self.base,
            self.noise[rows],
            self.heights,
            self._reach[rows],
        )

    def noise_at(self, rung: Rung) -> np.ndarray:
        """The noise of f at a step: as measured, and at least its rounding there."""
        return noise_at(rung, self.base, self.noise, self.heights.unit)

    def _worth_raising(self, now: Settlement) -> np.ndarray:
        best, still = now.best, self._still(self._top, np.arange(self.x.size))
        coarse = now.round_off > _WORTH_RAISING * self.heights.unit * np.abs(best.value)
        return best.unresolved & coarse & ((best.exponent == self._top[:, None]) | still)

    def _still(self, exponents: np.ndarray, which: np.ndarray) -> np.ndarray:
        """Where f has not moved by more than round-off, for some coordinates at a step of each."""
        noise = np.maximum(self.heights.unit * np.abs(self.base), self.noise[which])
        moved = np.full(noise.shape, np.nan)
        for exponent in np.unique(exponents):
            rung, at = self.rungs[int(exponent)], exponents == exponent
            for side in (rung.plus, rung.minus):
                moved[at] = np.fmax(moved[at], np.abs(side[which[at]] - self.base))
        return moved <= HEARD * noise

    def _empty(self) -> Rung:
        m, q = self.shape
        return Rung(np.full((m, 1), np.nan), np.full((m, q), np.nan), np.full((m, q), np.nan))
