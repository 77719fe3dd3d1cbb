"""Cutting and joining: an index moves with its part; outside of it nothing has changed."""

from typing import Any

import jax.numpy as jnp
from jax import lax

from purenet.fd.incremental.patch import (
    LANES,
    Index,
    Value,
    Where,
    common,
    lane_shape,
    select,
    take,
)


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
    """A split: each part by the rule of a slice."""
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
    parts = same_lanes([value.at(tuple(where)) for value in values])
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
    parts = same_lanes([value.at(inner) for value in values])
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


def moved_inside(base: Any, where: Where, new: Any, shifts: dict[int, tuple]) -> Value:
    """A patch whose indices move; where one comes to lie outside the array, nothing is changed.

    Args:
        base: the result's base.
        where: the indices before they move.
        new: the patch, along the axes that have no index as long as the result.
        shifts: see `shifted`.
    """
    region, inside = shifted(where, shifts)
    if inside is not True:
        new = select(inside, new, take(base, region))
    return Value(base, region, new)


def shifted(where: Where, shifts: dict[int, tuple]) -> tuple[Where, Any]:
    """Indices moved, and whether they still lie inside the array.

    Args:
        where: the indices before they move.
        shifts: for each axis that moves (shift, stride, size): position i becomes
            (i + shift) / stride, and must be whole and below size.
    """
    inside: Any = True
    region = list(where)
    for axis, (shift, stride, size) in shifts.items():
        index = where[axis]
        assert index is not None
        key = shift if isinstance(shift, int) else id(shift)  # a start known at run time only
        positions = index.positions + shift
        inside = inside & (positions >= 0) & (positions < size * stride)
        if stride > 1:
            inside = inside & (positions % stride == 0)
        if size == 1:
            region[axis] = None
            continue
        region[axis] = index.derived(
            ("moved", key, stride, size),
            lambda i, shift=shift, stride=stride, size=size: jnp.clip(
                (i + shift) // stride, 0, size - 1
            ),
        )
    return tuple(region), inside


def same_lanes(parts: list[Any]) -> list[Any]:
    """The parts, each broadcast to the lanes of all."""
    lanes = lane_shape(*parts)
    return [jnp.broadcast_to(part, (*part.shape[:-LANES], *lanes)) for part in parts]


RULES = {
    "slice": slice_,
    "split": split,
    "pad": pad,
    "concatenate": concatenate,
    "stack": stack,
    "unstack": unstack,
}
