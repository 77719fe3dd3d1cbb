"""Moving elements about: the patch is moved with them, and its indices follow."""

import math
from typing import Any

import jax.numpy as jnp
from jax import lax

from purenet.fd.incremental.patch import (
    LANES,
    Index,
    Value,
    Where,
    combined,
    common,
    lane_shape,
    select,
    take,
)


def broadcast_in_dim(operation: Any, values: list[Value], bases: list[Any]) -> list[Value] | None:
    """An axis that is repeated has no index any more; the others keep theirs."""
    value, *sizes = values
    if sizes:
        return None
    shape = operation.params["shape"]
    dimensions = operation.params["broadcast_dimensions"]
    where: list = [None] * len(shape)
    for axis, index, size in zip(dimensions, value.where, value.base.shape, strict=True):
        where[axis] = index if size == shape[axis] else None
    region = [1 if i is not None else n for i, n in zip(where, shape, strict=True)]
    rank = len(shape)
    new = lax.broadcast_in_dim(
        value.new,
        (*region, *value.new.shape[-LANES:]),
        (*dimensions, rank, rank + 1),
    )
    return [Value(bases[0], tuple(where), new)]


def tile(operation: Any, values: list[Value], bases: list[Any]) -> list[Value]:
    """An axis that is repeated is repeated whole."""
    [value] = values
    reps = operation.params["reps"]
    where = tuple(i if n == 1 else None for i, n in zip(value.where, reps, strict=True))
    return [Value(bases[0], where, jnp.tile(value.at(where), (*reps, *(1,) * LANES)))]


def transpose(operation: Any, values: list[Value], bases: list[Any]) -> list[Value]:
    """The axes change places."""
    [value] = values
    permutation = operation.params["permutation"]
    rank = len(permutation)
    new = lax.transpose(value.new, (*permutation, rank, rank + 1))
    return [Value(bases[0], tuple(value.where[a] for a in permutation), new)]


def squeeze(operation: Any, values: list[Value], bases: list[Any]) -> list[Value]:
    """Axes of size one go, and whether they were indexed does not matter."""
    [value] = values
    dimensions = operation.params["dimensions"]
    where = tuple(i for a, i in enumerate(value.where) if a not in dimensions)
    return [Value(bases[0], where, lax.squeeze(value.new, dimensions))]


def reshape(operation: Any, values: list[Value], bases: list[Any]) -> list[Value] | None:
    """Indices merge and split with their axes; axes that are indexed only in part are widened."""
    value, *sizes = values
    if sizes or operation.params.get("dimensions") is not None:
        return None
    shape = bases[0].shape
    before, after = list(value.where), [None] * len(shape)
    for old_axes, new_axes in _groups(value.base.shape, shape):
        sizes = [value.base.shape[a] for a in old_axes if value.base.shape[a] > 1]
        indices = [before[a] for a in old_axes if value.base.shape[a] > 1]
        indices = [index for index in indices if index is not None]
        if indices and len(indices) == len(sizes):
            index = combined(indices, sizes)
            _split(index, new_axes, shape, after)
        else:
            for axis in old_axes:
                before[axis] = None
    patch = value.at(tuple(before))
    region = [1 if i is not None else n for i, n in zip(after, shape, strict=True)]
    return [Value(bases[0], tuple(after), lax.reshape(patch, (*region, *patch.shape[-LANES:])))]


def rev(operation: Any, values: list[Value], bases: list[Any]) -> list[Value]:
    """An index counts from the other end."""
    [value] = values
    dimensions = operation.params["dimensions"]
    where = list(value.where)
    for axis in dimensions:
        last = value.base.shape[axis] - 1
        if where[axis] is not None:
            where[axis] = where[axis].derived(("rev", last), lambda i, last=last: last - i)
    flipped = [axis for axis in dimensions if where[axis] is None]
    return [Value(bases[0], tuple(where), lax.rev(value.new, flipped))]


def slice_(operation: Any, values: list[Value], bases: list[Any]) -> list[Value]:
    """An index outside of the slice leaves the result as it was."""
    [value] = values
    starts = operation.params["start_indices"]
    strides = operation.params["strides"] or (1,) * value.rank
    limits = operation.params["limit_indices"]
    rank = value.rank
    own = [
        (0, 1, 1) if index is not None else (start, limit, stride)
        for index, start, limit, stride in zip(value.where, starts, limits, strides, strict=True)
    ]
    lanes = value.new.shape[-LANES:]
    new = lax.slice(
        value.new,
        [start for start, _, _ in own] + [0] * LANES,
        [limit for _, limit, _ in own] + list(lanes),
        [stride for _, _, stride in own] + [1] * LANES,
    )
    shifts = {
        axis: (-starts[axis], strides[axis], bases[0].shape[axis])
        for axis in range(rank)
        if value.where[axis] is not None and bases[0].shape[axis] != value.base.shape[axis]
    }
    return [moved_inside(bases[0], value.where, new, shifts)]


def split(operation: Any, values: list[Value], bases: list[Any]) -> list[Value]:
    """A slice for each part."""
    [value] = values
    axis = operation.params["axis"]
    parts, start = [], 0
    for base, size in zip(bases, operation.params["sizes"], strict=True):
        if value.where[axis] is None:
            new = lax.slice_in_dim(value.new, start, start + size, axis=axis)
            parts.append(Value(base, value.where, new))
        else:
            shifts = {axis: (-start, 1, size)}
            parts.append(moved_inside(base, value.where, value.new, shifts))
        start += size
    return parts


def pad(operation: Any, values: list[Value], bases: list[Any]) -> list[Value] | None:
    """An index moves by what is put before it; padding that is negative may cut it off."""
    value, padding = values
    if padding.moved or not value.moved:
        return None
    config = operation.params["padding_config"]
    own = [
        (0, 0, 0) if index is not None else (low, high, inner)
        for index, (low, high, inner) in zip(value.where, config, strict=True)
    ]
    new = lax.pad(value.new, padding.base, [*own, *[(0, 0, 0)] * LANES])
    where, shifts = list(value.where), {}
    for axis, (low, high, inner) in enumerate(config):
        index = where[axis]
        if index is None or (low, high, inner) == (0, 0, 0):
            continue
        spaced = index.derived(("spaced", inner), lambda i, inner=inner: i * (inner + 1))
        where[axis] = spaced
        shifts[axis] = (low, 1, bases[0].shape[axis])
    return [moved_inside(bases[0], tuple(where), new, shifts)]


def concatenate(operation: Any, values: list[Value], bases: list[Any]) -> list[Value]:
    """An index along the axis moves by what stands before; elsewhere all parts are put together."""
    axis = operation.params["dimension"]
    moved = [value for value in values if value.moved]
    if len(moved) == 1 and moved[0].where[axis] is not None:
        before = 0
        for value in values:
            if value.moved:
                break
            before += value.base.shape[axis]
        shifts = {axis: (before, 1, bases[0].shape[axis])}
        return [moved_inside(bases[0], moved[0].where, moved[0].new, shifts)]
    where = list(common(values, bases[0].ndim))
    where[axis] = None
    parts = _same_lanes([value.at(tuple(where)) for value in values])
    return [Value(bases[0], tuple(where), lax.concatenate(parts, axis))]


def stack(operation: Any, values: list[Value], bases: list[Any]) -> list[Value]:
    """One part that moved is one position of the new axis; several are all of it."""
    axis = operation.params["axis"]
    moved = [place for place, value in enumerate(values) if value.moved]
    if len(moved) == 1:
        value = values[moved[0]]
        index = Index(jnp.asarray(moved[0])) if len(values) > 1 else None
        where = (*value.where[:axis], index, *value.where[axis:])
        return [Value(bases[0], where, lax.expand_dims(value.new, (axis,)))]
    inner = common(values, bases[0].ndim - 1)
    parts = _same_lanes([value.at(inner) for value in values])
    where = (*inner[:axis], None, *inner[axis:])
    return [Value(bases[0], where, jnp.stack(parts, axis))]


def unstack(operation: Any, values: list[Value], bases: list[Any]) -> list[Value]:
    """Each part by its own position."""
    [value] = values
    axis = operation.params["axis"]
    index = value.where[axis]
    where = (*value.where[:axis], *value.where[axis + 1 :])
    parts = []
    for place, base in enumerate(bases):
        if index is None:
            new = lax.index_in_dim(value.new, place, axis, keepdims=False)
        else:
            new = lax.squeeze(value.new, (axis,))
            new = select(index.positions == place, new, take(base, where))
        parts.append(Value(base, where, new))
    return parts


def _same_lanes(parts: list[Any]) -> list[Any]:
    lanes = lane_shape(*parts)
    return [jnp.broadcast_to(part, (*part.shape[:-LANES], *lanes)) for part in parts]


def moved_inside(base: Any, where: Where, new: Any, shifts: dict[int, tuple]) -> Value:
    """A patch whose indices move; where one comes to lie outside the array, nothing is changed.

    Args:
        base: the result's base.
        where: the indices before they move.
        new: the patch.
        shifts: for each axis that moves (shift, stride, size): position i becomes
            (i + shift) / stride, and must be whole and below size.
    """
    inside: Any = True
    moved = list(where)
    for axis, (shift, stride, size) in shifts.items():
        index = where[axis]
        assert index is not None
        key = shift if isinstance(shift, int) else id(shift)  # a start known at run time only
        positions = index.positions + shift
        inside = inside & (positions >= 0) & (positions < size * stride)
        if stride > 1:
            inside = inside & (positions % stride == 0)
        if size == 1:
            moved[axis] = None
            continue
        moved[axis] = index.derived(
            ("moved", key, stride, size),
            lambda i, shift=shift, stride=stride, size=size: jnp.clip(
                (i + shift) // stride, 0, size - 1
            ),
        )
    region = tuple(moved)
    if inside is not True:
        new = select(inside, new, take(base, region))
    return Value(base, region, new)


def _split(index, axes, shape, where) -> None:
    """Give each of the axes its part of an index into all of them."""
    axes = [axis for axis in axes if shape[axis] > 1]
    sizes = [shape[axis] for axis in axes]
    if len(axes) == 1:
        where[axes[0]] = index
        return
    for place, axis in enumerate(axes):
        inner, size = math.prod(sizes[place + 1 :]), sizes[place]
        where[axis] = index.derived(
            ("split", inner, size), lambda i, inner=inner, size=size: i // inner % size
        )


def _groups(old: tuple[int, ...], new: tuple[int, ...]) -> list[tuple[list[int], list[int]]]:
    """The axes before and after a reshape in the smallest groups of equal size."""
    groups, i, j = [], 0, 0
    while i < len(old) or j < len(new):
        left, right = [i] if i < len(old) else [], [j] if j < len(new) else []
        i, j = i + len(left), j + len(right)
        while math.prod(old[a] for a in left) != math.prod(new[a] for a in right):
            if math.prod(old[a] for a in left) < math.prod(new[a] for a in right):
                left.append(i)
                i += 1
            else:
                right.append(j)
                j += 1
        groups.append((left, right))
    return groups


RULES = {
    "broadcast_in_dim": broadcast_in_dim,
    "transpose": transpose,
    "squeeze": squeeze,
    "tile": tile,
    "reshape": reshape,
    "rev": rev,
    "slice": slice_,
    "split": split,
    "pad": pad,
    "concatenate": concatenate,
    "stack": stack,
    "unstack": unstack,
}
