"""Values as a base plus a patch: what a perturbation changes of an array, and where.

A perturbed coordinate of W1 changes one column of the first pre-activation and nothing else before
the second layer. So a value is kept as its base, computed once, and what stands where it moved:

    W1 (base)           x @ W1 (base)         tanh(.) @ W2
    . . . .             . . # .               # # #
    . . # .    ----->   . . # .    ----->     # # #      where: None, None (all of it)
    . . . .             . . # .               # # #
    where: 1, 2         where: None, 2        new: the whole array
    new: 1 x 1          new: 3 x 1

Along each axis ``where`` is one index or all (None), and ``new`` has size 1 where it is one. A rule
says of a primitive how the region of its output follows from those of its inputs, and computes
``new`` there alone: element by element where the primitive works so; a matrix product over an axis
that is one index is a rank-one update, old product + (new - old) row; a sum adds (new - old). It
uses that the primitive is linear or bilinear, never a derivative rule: the differences must know
nothing of what they check. What has no rule gets ``where`` all None: the whole array, computed as
the program does, which is slower and as right.

Many coordinates are taken at once. Each value has two further axes at its end, the lanes: the
points of the stencil, which share where they lie, and the coordinates, of which each lies at an
index of its own. A lane of size 1 is shared by all.

    new.shape = (*base.shape with 1 along indexed axes, points, coordinates)
"""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import jax.numpy as jnp
import numpy as np
from jax import lax

LANES = 2  # trailing axes of every patch: the stencil's points, then the perturbed coordinates


class Index:
    """Where along one axis the perturbed coordinates lie: one position for all, or one for each.

    Two indices are the same only if they are the same object; what is derived from an index is
    made once, so that two ways through a program to the same place meet again.

    Attributes:
        positions: shape () where all coordinates share a position, else (coordinates,).
        start: where positions are start, start + 1, ...: a run, which is sliced and not gathered.
    """

    def __init__(self, positions: Any, start: Any = None):
        self.positions = positions
        self.start = start
        self._derived: dict[Any, Any] = {}

    @property
    def varies(self) -> bool:
        """Whether the coordinates differ in their position."""
        return jnp.ndim(self.positions) == 1

    def derived(self, key: Any, positions: Callable[[Any], Any]) -> "Index":
        """The index at ``positions(self.positions)``, made once a key."""
        if key not in self._derived:  # the function is kept: a key may be the id of what it holds
            self._derived[key] = Index(positions(self.positions)), positions
        return self._derived[key][0]

    def equals(self, position: Any, rank: int, axis: int) -> Any:
        """Where an array of positions along ``axis`` is at the index, as a mask of a patch's rank.

        ``position`` has shape (size,); the mask has that size along the axis, 1 along the others.
        """
        shape = [1] * (rank + LANES)
        shape[axis] = -1
        return jnp.reshape(position, shape) == self.positions


def combined(indices: Sequence[Index], sizes: Sequence[int]) -> Index:
    """The index into axes merged in row-major order."""
    if len(indices) == 1:
        return indices[0]
    first, *rest = indices

    def positions(position):
        for index, size in zip(rest, sizes[1:], strict=True):
            position = position * size + index.positions
        return position

    return first.derived(("combined", tuple(rest), tuple(sizes)), positions)


Where = tuple[Index | None, ...]  # for each axis the one index that is patched, or None for all


class Value(NamedTuple):
    """An array of the program at the perturbed points.

    Attributes:
        base: the array at the base point.
        where: what of it may differ from the base; an axis of one element is never indexed.
        new: what stands there at the perturbed points: of the base's rank, with size 1 along each
            indexed axis, then the axes of points and of coordinates, each of size 1 where all
            share the value; None where nothing differs.
    """

    base: Any
    where: Where = ()
    new: Any = None

    @property
    def moved(self) -> bool:
        """Whether the value differs from its base anywhere."""
        return self.new is not None

    @property
    def rank(self) -> int:
        """The number of axes of the base."""
        return jnp.ndim(self.base)

    def at(self, where: Where) -> Any:
        """The perturbed values in a region that holds the patch."""
        if not self.moved:
            return take(self.base, where)
        if self.where == where:
            return self.new
        inside: Any = True
        for axis, (own, wanted) in enumerate(zip(self.where, where, strict=True)):
            if own is not None and wanted is None:
                here = own.equals(jnp.arange(self.base.shape[axis]), self.rank, axis)
                inside = here & inside
        return select(inside, self.new, take(self.base, where))

    def full(self) -> Any:
        """The perturbed values of the whole array."""
        return self.at((None,) * self.rank)

    def change(self) -> Any:
        """What was added to the base where the value moved."""
        old = take(self.base, self.where)
        old, new = spread(old, self.new)
        # an infinity that stays is no change, and not infinity minus infinity
        return lax.select(new == old, jnp.zeros_like(new), new - old)


def common(values: Sequence[Value], rank: int) -> Where:
    """The smallest region of a rank that holds the patches of all values."""
    patches = [v.where for v in values if v.moved]
    if any(len(patch) != rank for patch in patches):  # a scalar moves what it is spread over
        return (None,) * rank
    first, *rest = patches
    return tuple(
        index if all(other[axis] is index for other in rest) else None
        for axis, index in enumerate(first)
    )


def take(array: Any, where: Where) -> Any:
    """The part of an array that lies at a region, with the axes of a patch."""
    varying = []
    for axis, index in enumerate(where):
        if index is None or array.shape[axis] == 1:  # one element serves every position
            continue
        if index.varies:
            varying.append((axis, index))
        else:
            array = lax.dynamic_slice_in_dim(array, index.positions, 1, axis)
    if not varying:
        return lax.expand_dims(array, (array.ndim, array.ndim + 1))
    axes = [axis for axis, _ in varying]
    if len(varying) == 1 and varying[0][1].start is not None:
        [(axis, index)] = varying
        array = jnp.moveaxis(_run(array, index, axis), axis, -1)
    else:
        array = jnp.moveaxis(array, axes, range(len(axes)))
        rows = tuple(index.positions for _, index in varying)
        array = jnp.moveaxis(array.at[rows].get(mode="promise_in_bounds"), 0, -1)
    return jnp.expand_dims(array, (*axes, -LANES))


def select(mask: Any, new: Any, old: Any) -> Any:
    """``new`` where the mask holds, else ``old``; all broadcast to one another."""
    return lax.select(*spread(jnp.asarray(mask), new, old))


def spread(*arrays: Any) -> list:
    """The arrays broadcast to one another's shape."""
    shape = jnp.broadcast_shapes(*(array.shape for array in arrays))
    return [jnp.broadcast_to(array, shape) for array in arrays]


def settled(array: Any) -> Any:
    """The array, computed once: for a patch that is about to be spread over a larger array.

    XLA would rather compute it anew for each element of the larger one. An optimization_barrier
    does not survive on the CPU; a branch that the compiler cannot foresee does. Both branches give
    the array.
    """
    if not jnp.issubdtype(array.dtype, jnp.floating) or array.size == 0:
        return array
    first = lax.reshape(lax.slice(array, (0,) * array.ndim, (1,) * array.ndim), ())
    return lax.cond(first != first, lambda x: lax.sign(x) * lax.abs(x), lambda x: x, array)


def lane_shape(*arrays: Any) -> tuple[int, ...]:
    """The axes of points and of coordinates that patches have together."""
    points, lanes = np.broadcast_shapes(*(array.shape[-LANES:] for array in arrays))
    return points, lanes


def _run(array, index: Index, axis: int):
    count = index.positions.shape[0]
    if array.shape[axis] == count:
        return array
    return lax.dynamic_slice_in_dim(array, index.start, count, axis)
