"""The dense evaluation: the whole program at every displaced point, many points at a time."""

from collections.abc import Sequence
from functools import cached_property, partial
from itertools import accumulate
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

from purenet import jaxprs, meshes
from purenet.fd.coordinatewise import Coordinatewise
from purenet.fd.dense_points import MOVES, compiled
from purenet.fd.differences import coordinate_count
from purenet.fd.mesh import Mesh
from purenet.fd.noise import noise_along_all
from purenet.fd.numbers import namespace, numbers
from purenet.fd.watch import Watch, identity

_TOGETHER = 64  # points: what a point costs beside its own work is next to nothing from there on
_CACHED = 2**19  # elements of all values of these points, beyond which more are no faster
_DISPLACED = 1.3e-8  # seconds for each parameter: of mlps of up to 10 million, on two cores


class Dense(Coordinatewise):
    """A traced function around a base point, evaluated at displaced points.

    All leaves together are one vector of real coordinates. A point is that vector, moved along a
    direction by so much, and moved in two coordinates at the most. One compiled program evaluates
    a number of points; all that is asked of an evaluator is asked of that program.

    Attributes:
        leaves: the base point, in the dtype that the evaluation works in.
        evaluations: the number of points asked for so far.
        watch: is told of every span of a long evaluation.
    """

    def __init__(
        self,
        traced: jaxprs.Traced,
        leaves: Sequence[Any],
        *,
        replay: jaxprs.Replay,
        max_memory: int,
        mesh: Mesh | None = None,
        watch: Watch | None = None,
    ):
        self._program = traced.program
        constants = list(traced.constants)
        self._constants = constants if mesh is None else meshes.replicated(mesh, constants)
        self._replay = replay
        self._max_memory = max_memory
        self._mesh = mesh
        self.watch = watch or Watch()
        self.evaluations = 0
        self.leaves = [
            _working(leaf, dtype, replay.double)
            for leaf, dtype in zip(leaves, traced.input_dtypes, strict=True)
        ]
        if mesh is not None:
            self.leaves = meshes.replicated(mesh, self.leaves)
        counts = map(coordinate_count, self.leaves)
        self._size = sum(counts)
        self._dtype = jaxprs.common_dtype(*(np.zeros((), x.dtype).real.dtype for x in self.leaves))
        self._most = _TOGETHER

    def base(self) -> list[Any]:
        """The outputs at the base point."""
        self.evaluations += 1
        return [out[0] for out in self._at_points(np.zeros(1, self._dtype))]

    def relative_noise(self) -> float:
        """The machine epsilon of the coarsest dtype among the leaves; of opaque code, its noise."""
        return max(self._opaque_noise, *(float(jnp.finfo(leaf.dtype).eps) for leaf in self.leaves))

    def strategy(self, leaf: int, points: int) -> str:
        """How `along_leaf` evaluates a leaf."""
        del leaf, points
        return "dense"

    def operations(self, leaf: int, points: int) -> float:
        """The counted operations of a whole leaf at so many points a coordinate."""
        return coordinate_count(self.leaves[leaf]) * points * self._point_work

    def seconds(self, points: int, most: float) -> float:
        """About how long all coordinates take, by counted work."""
        del most
        leaves = range(len(self.leaves))
        return sum(self.operations(leaf, points) for leaf in leaves) / jaxprs.RATE

    def point_seconds(self) -> float:
        """About how long the whole function takes at one point."""
        return self._point_work / jaxprs.RATE + _DISPLACED * self._size

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
        at_each_point = [
            (leaf, np.repeat(np.asarray(coordinates), points), numbers(offsets).reshape(-1))
            for leaf, coordinates, offsets in moves
        ]
        outputs = self._at_points(np.zeros(count * points, self._dtype), at_each_point)
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
        return self._at_points(offsets, direction=list(map(numbers, direction)))

    def _at_points(
        self,
        along: Any,
        moves: Sequence[tuple[int, np.ndarray, Any]] = (),
        direction: Any = None,
    ) -> list[Any]:
        """The outputs at p points, fewer at a time where they do not fit into memory."""
        while True:
            try:
                return self._together_at(along, moves, direction)
            except jax.errors.JaxRuntimeError as error:
                if not does_not_fit(error) or self._most == 1:
                    raise
                self._most //= 2

    def _together_at(
        self, along: Any, moves: Sequence[tuple[int, np.ndarray, Any]], direction: Any
    ) -> list[Any]:
        """The outputs at p points; ``along`` is (p,), and so are coordinates and offsets."""
        count = len(along)
        is_complex = any(map(jnp.iscomplexobj, (along, *(offsets for *_, offsets in moves))))
        dtype = jnp.result_type(self._dtype, np.complex64) if is_complex else self._dtype
        moved = {leaf for leaf, *_ in moves}
        moving = sorted(moved if moved and is_complex else self._moving(moved, count))
        starts = accumulate((coordinate_count(self.leaves[i]) for i in moving), initial=0)
        starts = dict(zip(moving, starts, strict=False))
        if direction is None:
            direction = [np.zeros((), self._dtype)] * len(moving)
        # the coordinates of each point, -1 where it moves none; up to a whole number of rounds
        xp, padding = namespace(along, *(offsets for *_, offsets in moves)), MOVES - len(moves)
        coordinates = [starts[leaf] + c for leaf, c, _ in moves]
        offsets = [offset for *_, offset in moves]
        points = [
            numbers(along).astype(dtype),
            np.stack([*coordinates, *[np.full(count, -1)] * padding], axis=1).astype(np.int32),
            xp.stack([*offsets, *[np.zeros(count, self._dtype)] * padding], axis=1).astype(dtype),
        ]
        each = self._points_together(moving)
        together = each * (1 if self._mesh is None else self._mesh.size)
        rounds = max(1, -(-count // together))
        more = rounds * together - count
        points = [
            xp.pad(part, ((0, more), *((0, 0),) * (part.ndim - 1)))
            .reshape(rounds, together, *part.shape[1:])
            for part in points
        ]  # fmt: skip
        evaluate = compiled(self._program, self._replay, each, tuple(moving), self._mesh)
        around = (self._constants, self.leaves, direction)
        if any(map(jaxprs.is_traced, (*points, *direction, *self.leaves, *self._constants))):
            # inside of another jit it is part of that program
            outputs = lax.map(lambda part: evaluate.__wrapped__(*around, *part), points)
            return [out.reshape(-1, *out.shape[2:])[:count] for out in outputs]
        about = [self._identity, str(moving), *direction] if self.watch.keeps else []
        spans = [
            self.watch.kept(
                (*about, *(part[first:last] for part in points)),
                (last - first) * together,
                partial(
                    _in_turn,
                    evaluate,
                    around,
                    [part[first:last] for part in points],
                    wait=self._mesh is not None,
                ),
            )
            for first, last in self.watch.spans(rounds, together * self.point_seconds(), rounds)
        ]
        return [np.concatenate(parts)[:count] for parts in zip(*spans, strict=True)]

    @cached_property
    def _identity(self) -> str:
        """A digest of the function around the base point."""
        arrays = [
            jax.random.key_data(x) if jaxprs.is_extended(x.dtype) else x
            for x in (*self._constants, *self.leaves)
        ]
        return identity(self._program.fingerprint, arrays)

    def _moving(self, moved: set[int], points: int) -> set[int]:
        """The leaves that a program moves by which some, or none, are displaced at so many points.

        All of them, unless that costs more than to compile one more program.
        """
        alone = moved and points * self._size * _DISPLACED > jaxprs.compile_seconds(self._program)
        return moved if alone else set(range(len(self.leaves)))

    @cached_property
    def _opaque_noise(self) -> float:
        """The noise of what computes in a dtype of its own, measured along all leaves; or 0."""
        spacing = jaxprs.kept_spacing(self._program.jaxpr)
        if not spacing:
            return 0.0
        with jaxprs.working_precision(self._replay.double):
            return max(spacing, noise_along_all(self))

    @cached_property
    def _point_work(self) -> float:
        """The counted operations of the evaluation at one point."""
        return jaxprs.work_of(self._program).operations + 3 * self._size

    def _points_together(self, moving: Sequence[int]) -> int:
        """How many points one call takes; what none of its leaves moves is there once for all."""
        programs = [self._program]
        if len(moving) < len(self.leaves):
            cones = jaxprs.inlined(self._program, self._replay.double).cones
            programs = [cones[leaf].program for leaf in moving]
        sizes = (coordinate_count(self.leaves[leaf]) for leaf in moving)
        values = sum(program.intermediate_size for program in programs) + sum(sizes) + 1
        most = min(self._max_memory // (8 * values), _CACHED // values, self._most)
        if not self._program.is_mappable:
            most = 1
        return 2 ** max(0, int(most).bit_length() - 1)


def does_not_fit(error: Exception) -> bool:
    """Whether an error of JAX says that memory was not enough."""
    return "RESOURCE_EXHAUSTED" in str(error)


def _working(leaf: Any, dtype: Any, double: bool):
    array = jaxprs.placed(leaf, dtype)  # the point that the caller's own program sees
    return jaxprs.widen(array) if double else array


def _in_turn(evaluate: Any, around: tuple, points: Sequence[Any], wait: bool) -> list[np.ndarray]:
    """The outputs at rounds of points, one round after the other."""
    each = []
    for i in range(len(points[0])):
        outputs = evaluate(*around, *(part[i] for part in points))
        # programs in which devices wait for one another must not wait for one another themselves
        each.append(list(map(np.asarray, outputs)) if wait else outputs)
    return [np.concatenate(parts) for parts in zip(*each, strict=True)]
