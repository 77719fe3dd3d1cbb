"""Reading and writing at positions that the parameters do not move: slices, updates, gathers."""

from typing import Any

import jax.numpy as jnp
from jax import lax

from purenet.fd.incremental.patch import LANES, Value, select, take
from purenet.fd.incremental.rules.parts import moved_inside, same_lanes, shifted


def dynamic_slice(operation: Any, values: list[Value], bases: list[Any]) -> list[Value] | None:
    """As a slice, with starts that are known at run time."""
    value, *starts = values
    if any(start.moved for start in starts) or not value.moved:
        return None
    sizes = operation.params["slice_sizes"]
    lanes = value.new.shape[-LANES:]
    zero = jnp.zeros((), starts[0].base.dtype) if starts else 0
    own = [zero if i is not None else s.base for i, s in zip(value.where, starts, strict=True)]
    size = [1 if i is not None else n for i, n in zip(value.where, sizes, strict=True)]
    new = lax.dynamic_slice(value.new, [*own, *[zero] * LANES], [*size, *lanes])
    shifts = {
        axis: (-_clamped(starts[axis].base, value.base.shape[axis], n), 1, n)
        for axis, n in enumerate(sizes)
        if value.where[axis] is not None and n != value.base.shape[axis]
    }
    return [moved_inside(bases[0], value.where, new, shifts)]


def dynamic_update_slice(
    operation: Any, values: list[Value], bases: list[Any]
) -> list[Value] | None:
    """What is written over is not changed; what is written is changed where it comes to lie."""
    del operation
    value, update, *starts = values
    if any(start.moved for start in starts) or (value.moved and update.moved):
        return None
    shape, sizes = value.base.shape, update.base.shape
    first = [_clamped(s.base, n, k) for s, n, k in zip(starts, shape, sizes, strict=True)]
    rank = value.rank
    if value.moved:
        written: Any = True
        for axis, index in enumerate(value.where):
            place = jnp.arange(shape[axis]) if index is None else index.positions
            here = (place >= first[axis]) & (place < first[axis] + sizes[axis])
            if index is None:
                here = jnp.reshape(here, [-1 if a == axis else 1 for a in range(rank + LANES)])
            written = written & here
        return [
            Value(bases[0], value.where, select(written, take(bases[0], value.where), value.new))
        ]
    shifts = {
        axis: (first[axis], 1, shape[axis])
        for axis, index in enumerate(update.where)
        if index is not None and shape[axis] != sizes[axis]
    }
    region, inside = shifted(update.where, shifts)
    old, new = same_lanes([take(bases[0], region), update.new])
    zero = jnp.zeros((), jnp.int32)
    begin = [zero if i is not None else s for i, s in zip(update.where, first, strict=True)]
    # the update may be shorter than the array along axes that it has no index of
    new = lax.dynamic_update_slice(old, new, [*begin, *[zero] * LANES])
    return [Value(bases[0], region, new if inside is True else select(inside, new, old))]


def gather(operation: Any, values: list[Value], bases: list[Any]) -> list[Value] | None:
    """Rows of a table, or one element a row; an indexed row changes where it is read.

    The axes of the table are either looked up, one position at a time, or read whole.
    """
    table, positions = values
    numbers = operation.params["dimension_numbers"]
    sizes = operation.params["slice_sizes"]
    looked_up = numbers.start_index_map
    batching = numbers.operand_batching_dims
    if positions.moved or not table.moved or not _is_lookup(numbers, sizes, table.base.shape):
        return None
    where = list(table.where)
    if any(where[axis] is None for axis in looked_up):
        for axis in looked_up:
            where[axis] = None
    rank = bases[0].ndim
    batch = [axis for axis in range(rank) if axis not in numbers.offset_dims]
    whole = [a for a in range(table.rank) if a not in looked_up and a not in batching]
    places = dict(zip(whole, numbers.offset_dims, strict=True))
    for axis, place in zip(batching, numbers.start_indices_batching_dims, strict=True):
        places[axis] = batch[place]
    out: list = [None] * rank
    for axis, place in places.items():
        out[place] = where[axis]
    patch = table.at(tuple(where))
    if looked_up and where[looked_up[0]] is not None:
        patch = lax.squeeze(patch, looked_up)
        patch = _laid_out(patch, [places[a] for a in sorted(places)], rank)
        read = _reads(operation, positions.base, table, batch, tuple(out))
        old = take(bases[0], tuple(out))
        return [Value(bases[0], tuple(out), select(read, patch, old))]
    if any(where[axis] is not None for axis in batching):
        return None
    grown = type(numbers)(
        offset_dims=(*numbers.offset_dims, rank, rank + 1),
        collapsed_slice_dims=numbers.collapsed_slice_dims,
        start_index_map=numbers.start_index_map,
        operand_batching_dims=numbers.operand_batching_dims,
        start_indices_batching_dims=numbers.start_indices_batching_dims,
    )
    own = [1 if i is not None else n for i, n in zip(where, sizes, strict=True)]
    [new] = operation.apply(
        patch,
        positions.base,
        dimension_numbers=grown,
        slice_sizes=(*own, *patch.shape[-LANES:]),
    )
    return [Value(bases[0], tuple(out), new)]


def _is_lookup(numbers, sizes, shape) -> bool:
    """Whether every axis is looked up one position at a time, batched over, or read whole."""
    single = {*numbers.collapsed_slice_dims, *numbers.operand_batching_dims}
    return all(
        size == 1 if axis in single else axis not in numbers.start_index_map and size == n
        for axis, (size, n) in enumerate(zip(sizes, shape, strict=True))
    )


def _reads(operation, positions, table: Value, batch: list[int], out: tuple) -> Any:
    """Where the result reads the position at which the table is indexed."""
    numbers = operation.params["dimension_numbers"]
    # XLA takes positions beyond the edge to the edge, also those promised to be inside
    clip = "fill" not in str(operation.params["mode"]).lower()
    reads: Any = True
    for component, axis in enumerate(numbers.start_index_map):
        place = positions[..., component]
        place = jnp.clip(place, 0, table.base.shape[axis] - 1) if clip else place
        part = take(place, tuple(out[a] for a in batch))
        index = table.where[axis]
        assert index is not None
        reads = reads & (_laid_out(part, batch, len(out)) == index.positions)
    return reads


def _laid_out(part, axes, rank: int) -> Any:
    """An array with its axes, those of a patch, at the given axes of a patch of another rank."""
    order = sorted(range(len(axes)), key=lambda i: axes[i])
    part = lax.transpose(part, (*order, len(axes), len(axes) + 1))
    shape = [1] * rank
    for size, axis in zip(part.shape, sorted(axes), strict=False):
        shape[axis] = size
    return jnp.reshape(part, (*shape, *part.shape[-LANES:]))


def _clamped(start, size: int, length: int) -> Any:
    """A start as XLA takes it: never so far that the slice would leave the array."""
    return jnp.clip(start, 0, size - length).astype(jnp.int32)  # it may have been unsigned


RULES = {
    "dynamic_slice": dynamic_slice,
    "dynamic_update_slice": dynamic_update_slice,
    "gather": gather,
}
