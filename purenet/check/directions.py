"""Random directions: a derivative of any size held against finite differences along a few."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import jax.numpy as jnp
import numpy as np

from purenet import jaxprs
from purenet.check.inexact import moved_by_rounding
from purenet.check.target import Seed, Target
from purenet.check.witness import Tree, Witness
from purenet.fd.bounded import Bounded, climbed
from purenet.fd.numbers import side_by_side
from purenet.fd.setup import Setup

EACH = 5  # directions of each of two kinds, or fewer
# sqrt(n / chi2(n; 0.05)) for n from 1 to 5: times the root mean square of n draws, the size that
# what they are drawn from has at the most, with 95 % confidence
SPREAD = (15.9, 4.41, 2.92, 2.37, 2.09)
# without it test_directions_of_large_leaves_stay_within_their_dtype fails
_ROOM = 4  # powers of two, for entries that are larger than their leaf's typical ones
# without it test_a_disagreement_must_stand_at_shorter_steps_too fails
_AGAIN = 0.5  # of steps at which a disagreement must stand with their own, wider bound


@dataclass(frozen=True)
class Directions:
    """Directions in the space of all leaves, drawn by a key, made anew whenever they are needed.

    Attributes:
        seed: draws them.
        leaves: the leaves that move, in the dtypes that the caller's program takes.
        scales: the length of a step for each leaf: its root mean square.
        each: how many there are of each kind.
        movable: which elements of each leaf they move, all by default; the others stay at zero.
    """

    seed: Seed
    leaves: list[np.ndarray]
    scales: list[float]
    each: int = EACH
    movable: Sequence[np.ndarray] = ()

    def __iter__(self) -> Iterator[Tree]:
        """The directions, one after another, since all at once may be too large."""
        return map(self.at, range(2 * self.each))

    def at(self, index: int) -> Tree:
        """The leaves of one direction, float64; entries of the first kind are of one size."""
        is_sign = index < self.each
        draws = np.random.default_rng([*self.seed, index if is_sign else EACH + index - self.each])

        def drawn(leaf: Any, scale: float) -> np.ndarray:
            if is_sign:
                up = draws.integers(0, 2, leaf.shape, np.int8).astype(bool)
                return np.where(up, scale, -scale)
            # in the digits of the leaf, so that both sides move by the same
            entries = draws.standard_normal(leaf.shape, np.float32)
            length = np.asarray(scale, np.promote_types(np.float32, leaf.real.dtype))
            return (length * entries).astype(leaf.real.dtype).astype(float)

        direction = [
            drawn(leaf, scale) + (1j * drawn(leaf, scale) if np.iscomplexobj(leaf) else 0)
            for leaf, scale in zip(self.leaves, self.scales, strict=True)
        ]
        if not self.movable:
            return direction
        return [np.where(moves, d, 0.0) for moves, d in zip(self.movable, direction, strict=True)]


class Along(NamedTuple):
    """Derivatives along directions; arrays of shape (directions, outputs).

    Attributes:
        by_jax: by the witness, JAX or what is given, in float64.
        by_differences: finite differences.
        bound: how far apart the two may be.
    """

    by_jax: np.ndarray
    by_differences: np.ndarray
    bound: np.ndarray

    @property
    def disagrees(self) -> np.ndarray:
        """Where they are farther apart; where no derivative could be had, nothing is said."""
        apart = np.abs(self.by_jax - self.by_differences)
        return np.isfinite(self.bound) & ~(apart <= self.bound)


def directions_of(target: Target, seed: Seed, each: int = EACH) -> Directions:
    """Directions whose entries are as large as the parameters of their leaf, ``each`` of a kind."""
    leaves = [
        np.asarray(leaf).astype(dtype)
        for leaf, dtype in zip(target.moved, target.dtypes, strict=True)
    ]
    sizes = list(map(_root_mean_square, leaves))
    known = [size for size in sizes if size > 0]
    typical = float(np.exp(np.mean(np.log(known)))) if known else 1.0
    exponents = [
        min(round(np.log2(size or typical)), int(jnp.finfo(leaf.dtype).maxexp) - _ROOM)
        for size, leaf in zip(sizes, leaves, strict=True)
    ]
    return Directions(seed, leaves, [2.0**exponent for exponent in exponents], each)


def _root_mean_square(leaf: np.ndarray) -> float:
    magnitude = np.abs(np.asarray(leaf, complex))
    peak = float(np.max(magnitude, initial=0.0))
    # divided by the peak first, so that squares neither overflow nor vanish
    return peak * float(np.sqrt(np.mean(np.square(magnitude / peak)))) if peak > 0 else 0.0


def difference_along(
    setup: Setup, base: Sequence[np.ndarray], direction: Tree, reach: float = 1.0
) -> Bounded:
    """The finite difference along a direction, with bounds, from steps of so many directions."""

    def values(which, steps, points):
        del which  # there is one
        outputs = setup.evaluator.along_direction(direction, steps[0] * points)
        return side_by_side(outputs, len(points))[None]

    with jaxprs.working_precision(True):
        return climbed(setup.evaluator, values, np.zeros(1), np.full(1, reach), base)


def compared(
    setup: Setup,
    base: Sequence[np.ndarray],
    target: Target,
    witness: Witness,
    directions: Directions,
    found: Sequence[Bounded],
) -> Along:
    """The witness's derivative along directions against their finite differences."""
    value, error = (np.concatenate(parts) for parts in zip(*(f[:2] for f in found), strict=True))
    by_jax, rounding = witness.along(directions)
    # NaN by JAX has NaN for its rounding too: the bound is then that of the difference alone
    along = Along(by_jax, value, error + np.nan_to_num(rounding))
    if along.disagrees.any():
        _, rounding = witness.along(directions, shaken=True)
        bound = error + np.nan_to_num(rounding) + moved_by_rounding(target)
        along = along._replace(bound=bound)
    for index in np.flatnonzero(along.disagrees.any(axis=1)):
        along = _confirmed(setup, base, directions, along, int(index))
        if along.disagrees[index].any():
            break  # one that is confirmed is enough
    return along


def _confirmed(setup: Setup, base, directions: Directions, along: Along, index: int) -> Along:
    """One direction looked at again: its bound takes in what shorter steps allow.

    Extrapolation may agree with itself by chance, once in some hundred directions of a function
    that oscillates. Steps half as long bound the derivative almost as sharply, and the disagreement
    must lie outside of their bound too.
    """
    other = difference_along(setup, base, directions.at(index), _AGAIN)
    allowed = np.abs(other.value[0] - along.by_differences[index]) + other.error[0]
    bound = along.bound.copy()
    bound[index] = np.maximum(bound[index], np.where(np.isfinite(allowed), allowed, 0.0))
    return along._replace(bound=bound)
