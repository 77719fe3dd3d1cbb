"""The dense evaluation: the whole program at every perturbed point, vectorised, in chunks."""

from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

from purenet import jaxprs
from purenet.fd.coordinatewise import Coordinatewise
from purenet.fd.numbers import numbers


class Dense(Coordinatewise):
    """A traced function around a base point, evaluated at perturbed points.

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

    def base(self) -> list[Any]:
        """The outputs at the base point."""
        self.evaluations += 1
        return _base(self._program, self._replay)(self._constants, self.leaves)

    def relative_noise(self) -> float:
        """The machine epsilon of the coarsest dtype among the leaves."""
        return max(float(jnp.finfo(leaf.dtype).eps) for leaf in self.leaves)

    def strategy(self, leaf: int, points: int) -> str:
        """How `along_leaf` evaluates a leaf."""
        del leaf, points
        return "dense"

    def operations(self, leaf: int, points: int) -> float:
        """The counted operations of a whole leaf at so many points a coordinate."""
        size = self.leaves[leaf].size
        return size * self._coordinate_work(leaf, points) if size else 0.0

    def dependence(self, leaf: int) -> str:
        """How the outputs depend on a leaf: "moves" with it, "held" constant, or "ignored"."""
        cone = jaxprs.inlined(self._program, self._replay.double).cones[leaf]
        if cone.outputs:
            return "moves"
        return "held" if cone.touched else "ignored"

    def along_coordinates(self, moves: Sequence[tuple[int, Any, Any]]) -> list[Any]:
        """The outputs where single coordinates of leaves are displaced.

        Args:
            moves: one or more (leaf, coordinates, offsets): the position of a leaf, coordinates of
                shape (m,) in row-major order, displacements of shape (m, k). The m x k points
                displace all moves at once. Coordinates beyond a complex leaf's size are its
                imaginary parts, in the same order.

        Returns:
            Each output with leading axes (m, k).
        """
        self.evaluations += int(np.size(moves[0][2]))
        return self._evaluated(moves)

    def at_points(self, leaf: int, coordinates: np.ndarray, offsets: np.ndarray) -> list[Any]:
        """The outputs at any number of points, each displacing one coordinate of a leaf.

        Args:
            leaf: the leaf's position.
            coordinates: shape (p,), as in `along_coordinates`.
            offsets: shape (p,).

        Returns:
            Each output with a leading axis (p,).
        """
        count = len(coordinates)
        self.evaluations += count
        # few different lengths, so that few programs are compiled
        padding = (0, _round_up(count) - count)
        coordinates = np.pad(coordinates, padding, mode="edge")
        offsets = np.pad(offsets, padding, mode="edge")[:, None]
        outputs = self._evaluated([(leaf, coordinates, offsets)])
        return [numbers(out)[:count, 0] for out in outputs]

    def along_direction(self, direction: Sequence[Any], offsets: Any) -> list[Any]:
        """The outputs at leaves + offset * direction, with a leading axis of the k offsets."""
        self.evaluations += int(np.size(offsets))
        one = 8 * (self._program.intermediate_size + sum(np.size(leaf) for leaf in self.leaves))
        size = max(1, min(int(np.size(offsets)), self._max_memory // one))
        evaluate = _along_direction(self._program, self._replay, size)
        return evaluate(self._constants, self.leaves, list(direction), jnp.asarray(offsets))

    def _evaluated(self, moves: Sequence[tuple[int, Any, Any]]) -> list[Any]:
        which = tuple(leaf for leaf, _, _ in moves)
        coordinates = [jnp.asarray(c) for _, c, _ in moves]
        offsets = [jnp.asarray(o) for _, _, o in moves]
        count, points = offsets[0].shape
        size = self._chunk_size(count, points)
        evaluate = _along_coordinates(self._program, which, self._replay, size)
        return evaluate(self._constants, self.leaves, coordinates, offsets)

    def _coordinate_work(self, leaf: int, points: int) -> float:
        return coordinate_work(self._program, leaf, points, self._replay)

    def _chunk_size(self, count: int, points: int) -> int:
        largest = max(np.size(leaf) for leaf in self.leaves)
        one = 8 * points * (self._program.intermediate_size + largest + 1)
        return max(1, min(count, self._max_memory // one))


@lru_cache(maxsize=256)
def coordinate_work(
    program: jaxprs.Program, leaf: int, points: int, replay: jaxprs.Replay
) -> float:
    """The counted operations of the dense evaluation for each coordinate of a leaf."""
    few = 8
    leaves = [
        jax.ShapeDtypeStruct(x.shape, jaxprs.wide_dtype(x.dtype) if replay.double else x.dtype)
        for x in program.inputs
    ]
    real = np.zeros((), leaves[leaf].dtype).real.dtype
    evaluate = _along_coordinates(program, (leaf,), replay, few)
    coordinates = jax.ShapeDtypeStruct((few,), np.int32)
    offsets = jax.ShapeDtypeStruct((few, points), real)
    return (
        jaxprs.work(evaluate, program.constants, leaves, [coordinates], [offsets]).operations / few
    )


def _working(leaf: Any, dtype: Any, double: bool):
    array = jnp.asarray(leaf, dtype)  # the point that the caller's own program sees
    return jaxprs.widen(array) if double else array


def _round_up(count: int) -> int:
    """The next length of the form 2^k (8 + i) / 8, at least 16."""
    unit = max(16, 2 ** (max(count - 1, 1).bit_length() - 4))
    return -(-count // unit) * unit


@lru_cache(maxsize=256)
def _base(program, replay):
    @jax.jit
    def base(constants, leaves):
        return replay.evaluate(program, constants, leaves, leaves)

    return base


@lru_cache(maxsize=256)
def _along_direction(program, replay, size):
    @jax.jit
    def along_direction(constants, leaves, direction, offsets):
        def at(offset):
            moved = [x + _like(offset * d, x) for x, d in zip(leaves, direction, strict=True)]
            return replay.evaluate(program, constants, leaves, moved)

        return jax.vmap(at)(offsets) if size > 1 else lax.map(at, offsets)

    return along_direction


@lru_cache(maxsize=256)
def _along_coordinates(program, which, replay, size):
    @jax.jit
    def along_coordinates(constants, leaves, coordinates, offsets):
        def at(coordinate, offset):
            moved = list(leaves)
            for leaf, c, o in zip(which, coordinate, offset, strict=True):
                moved[leaf] = displace(moved[leaf], c, o)
            return replay.evaluate(program, constants, leaves, moved)

        over_points = jax.vmap(at, in_axes=(None, 0))
        over_chunk = jax.vmap(over_points)
        count = offsets[0].shape[0]
        if count <= size:
            return over_chunk(coordinates, offsets)
        chunks = -(-count // size)
        size_even = -(-count // chunks)

        def split(x):
            padding = [(0, chunks * size_even - count)] + [(0, 0)] * (x.ndim - 1)
            return jnp.pad(x, padding, mode="edge").reshape(chunks, size_even, *x.shape[1:])

        outputs = lax.map(lambda c: over_chunk(*c), jax.tree.map(split, (coordinates, offsets)))
        return [out.reshape(chunks * size_even, *out.shape[2:])[:count] for out in outputs]

    return along_coordinates


def displace(leaf, coordinate, offset):
    """A leaf with one coordinate displaced; imaginary parts count after the real ones."""
    flat = leaf.ravel()
    if jnp.iscomplexobj(leaf):
        unit = jnp.where(coordinate < leaf.size, 1.0, 1.0j).astype(leaf.dtype)
        return flat.at[coordinate % leaf.size].add(unit * offset).reshape(leaf.shape)
    step = _like(offset, leaf)
    return flat.astype(step.dtype).at[coordinate].add(step).reshape(leaf.shape)


def _like(offset, leaf):
    """An offset in the leaf's dtype; an imaginary one, that of a complex step, as it is."""
    return offset if jnp.iscomplexobj(offset) else offset.astype(leaf.dtype)
