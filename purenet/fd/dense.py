"""The dense evaluation: the whole program at every displaced point, many points at a time."""

from collections.abc import Sequence
from itertools import accumulate
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

from purenet import jaxprs
from purenet.fd.coordinatewise import Coordinatewise
from purenet.fd.differences import coordinate_count, real_coordinates
from purenet.fd.numbers import namespace, numbers

_TOGETHER = 64  # points: what a point costs beside its own work is next to nothing from there on
_CACHED = 2**22  # elements of all values of these points, beyond which more are no faster
_ROUNDS = 10  # that are evaluated, about
_MOVES = 2  # coordinates that one point displaces at the most


class Dense(Coordinatewise):
    """A traced function around a base point, evaluated at displaced points.

    All leaves together are one vector of real coordinates. A point is that vector, moved along a
    direction by so much, and moved in two coordinates at the most. One compiled program evaluates
    a number of points; all that is asked of an evaluator is asked of that program.

    Attributes:
        leaves: the base point, in the dtype that the evaluation works in.
        evaluations: the number of points asked for so far.
    """

    def __init__(
        self,
        traced: jaxprs.Traced,
        leaves: Sequence[Any],
        *,
        replay: jaxprs.Replay,
        max_memory: int,
    ):
        self._program = traced.program
        self._constants = list(traced.constants)
        self._replay = replay
        self._max_memory = max_memory
        self.evaluations = 0
        self.leaves = [
            _working(leaf, dtype, replay.double)
            for leaf, dtype in zip(leaves, traced.input_dtypes, strict=True)
        ]
        counts = map(coordinate_count, self.leaves)
        *self._starts, self._size = accumulate(counts, initial=0)
        self._dtype = jnp.result_type(*(np.zeros((), x.dtype).real.dtype for x in self.leaves))
        self._together = self._points_together()

    def base(self) -> list[Any]:
        """The outputs at the base point."""
        self.evaluations += 1
        return [out[0] for out in self._outputs_at(np.zeros(1, self._dtype))]

    def relative_noise(self) -> float:
        """The machine epsilon of the coarsest dtype among the leaves."""
        return max(float(jnp.finfo(leaf.dtype).eps) for leaf in self.leaves)

    def strategy(self, leaf: int, points: int) -> str:
        """How `along_leaf` evaluates a leaf."""
        del leaf, points
        return "dense"

    def operations(self, leaf: int, points: int) -> float:
        """The counted operations of a whole leaf at so many points a coordinate."""
        return coordinate_count(self.leaves[leaf]) * points * self._point_work()

    def seconds(self, points: int, most: float) -> float:
        """About how long all coordinates take, by counted work."""
        del most
        leaves = range(len(self.leaves))
        return sum(self.operations(leaf, points) for leaf in leaves) / jaxprs.RATE

    def dependence(self, leaf: int) -> str:
        """How the outputs depend on a leaf: "moves" with it, "held" constant, or "ignored"."""
        cone = jaxprs.inlined(self._program, self._replay.double).cones[leaf]
        if cone.outputs:
            return "moves"
        return "held" if cone.touched else "ignored"

    def along_coordinates(self, moves: Sequence[tuple[int, Any, Any]]) -> list[Any]:
        """The outputs where single coordinates of leaves are displaced.

        Args:
            moves: one or two (leaf, coordinates, offsets): the position of a leaf, coordinates of
                shape (m,) in row-major order, displacements of shape (m, k). The m x k points
                displace all moves at once. Coordinates beyond a complex leaf's size are its
                imaginary parts, in the same order.

        Returns:
            Each output with leading axes (m, k).
        """
        count, points = np.shape(moves[0][2])
        self.evaluations += count * points
        xp = namespace(*(offsets for _, _, offsets in moves))
        coordinates = np.stack(
            [np.repeat(self._starts[leaf] + np.asarray(c), points) for leaf, c, _ in moves], axis=1
        )
        offsets = xp.stack([numbers(o).reshape(-1) for _, _, o in moves], axis=1)
        along = np.zeros(count * points, self._dtype)
        moved = tuple(leaf for leaf, _, _ in moves)
        outputs = self._outputs_at(along, coordinates, offsets, moved=moved)
        return [out.reshape(count, points, *out.shape[1:]) for out in outputs]

    def at_points(self, leaf: int, coordinates: np.ndarray, offsets: np.ndarray) -> list[Any]:
        """The outputs at any number of points, each displacing one coordinate of a leaf.

        Args:
            leaf: the leaf's position.
            coordinates: shape (p,), as in `along_coordinates`.
            offsets: shape (p,).

        Returns:
            Each output with a leading axis (p,).
        """
        outputs = self.along_coordinates([(leaf, coordinates, numbers(offsets)[:, None])])
        return [out[:, 0] for out in outputs]

    def along_direction(self, direction: Sequence[Any], offsets: Any) -> list[Any]:
        """The outputs at leaves + offset * direction, with a leading axis of the k offsets."""
        offsets = numbers(offsets)
        self.evaluations += offsets.size
        flat = [numbers(real_coordinates(numbers(d))) for d in direction]
        along = namespace(*flat).concatenate(flat).astype(self._dtype)
        return self._outputs_at(offsets, direction=along, moved=tuple(range(len(self.leaves))))

    def _outputs_at(
        self,
        along: Any,
        coordinates: Any = None,
        offsets: Any = None,
        direction: Any = None,
        moved: tuple[int, ...] = (),
    ) -> list[Any]:
        """The outputs at p points; ``along`` is (p,), coordinates and offsets are (p, moves)."""
        count, together = len(along), self._together
        if coordinates is None:
            coordinates, offsets = np.full((count, 0), -1), np.zeros((count, 0), self._dtype)
        if direction is None:
            direction = np.zeros(self._size, self._dtype)
        free, xp = _MOVES - coordinates.shape[1], namespace(along, offsets)
        is_complex = any(map(jnp.iscomplexobj, (along, offsets)))
        dtype = jnp.result_type(self._dtype, np.complex64) if is_complex else self._dtype
        # up to a whole number of rounds; a coordinate of -1 is none
        rounds = max(1, -(-count // together))
        padding = (0, rounds * together - count)
        points = (
            xp.pad(numbers(along).astype(dtype), padding),
            np.pad(coordinates, (padding, (0, free)), constant_values=-1).astype(np.int32),
            xp.pad(numbers(offsets).astype(dtype), (padding, (0, free))),
        )
        points = tuple(part.reshape(rounds, together, *part.shape[1:]) for part in points)
        evaluate = _program_of(self._program, self._replay, together, moved if is_complex else ())
        around = (self._constants, self.leaves, direction)
        if any(map(jaxprs.is_traced, (*points, direction, *self.leaves, *self._constants))):
            # inside of another jit it is part of that program
            outputs = lax.map(lambda part: evaluate.__wrapped__(*around, *part), points)
            return [out.reshape(-1, *out.shape[2:])[:count] for out in outputs]
        each = [evaluate(*around, *(part[i] for part in points)) for i in range(rounds)]
        return [np.concatenate(parts)[:count] for parts in zip(*each, strict=True)]

    def _point_work(self) -> float:
        """The counted operations of the evaluation at one point."""
        return jaxprs.work_of(self._program).operations + 3 * self._size

    def _points_together(self) -> int:
        values = self._program.intermediate_size + self._size + 1
        most = min(self._max_memory // (8 * values), _CACHED // values, _TOGETHER)
        if not self._program.is_mappable:
            most = 1
        return 2 ** max(0, int(most).bit_length() - 1)


def _working(leaf: Any, dtype: Any, double: bool):
    array = jaxprs.placed(leaf, dtype)  # the point that the caller's own program sees
    return jaxprs.widen(array) if double else array


@jaxprs.held
def _program_of(program, replay, together: int, imaginary: tuple[int, ...]):
    """The jitted program of a number of points; ``imaginary`` are leaves that become complex."""

    def outputs_at(constants, leaves, direction, along, coordinates, offsets):
        base = jnp.concatenate([real_coordinates(x) for x in leaves]).astype(direction.dtype)
        position = jnp.arange(base.size, dtype=np.int32)

        def at(along, coordinates, offsets):
            moved = base + along * direction
            for i in range(_MOVES):
                moved = moved + jnp.where(position == coordinates[i], offsets[i], 0)
            return replay.evaluate(program, constants, leaves, _apart(moved, leaves, imaginary))

        if together > 1:
            return jax.vmap(at)(along, coordinates, offsets)
        return [out[None] for out in at(along[0], coordinates[0], offsets[0])]

    return jaxprs.jitted(outputs_at, _ROUNDS * together * jaxprs.work_of(program).operations)


def _apart(flat: Any, leaves: Sequence[Any], imaginary: tuple[int, ...]) -> list[Any]:
    """The leaves whose real coordinates make up a vector, in the dtypes of the given ones."""
    apart, start = [], 0
    for i, leaf in enumerate(leaves):
        part = lax.slice(flat, (start,), (start + coordinate_count(leaf),))
        start += coordinate_count(leaf)
        if jnp.iscomplexobj(leaf):
            part = lax.complex(*(half.real for half in jnp.split(part, 2)))
        if i not in imaginary:
            part = part if jnp.iscomplexobj(leaf) else part.real
            part = part.astype(leaf.dtype)
        apart.append(part.reshape(leaf.shape))
    return apart
