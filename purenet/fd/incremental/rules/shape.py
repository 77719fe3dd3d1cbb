"""Axes that are moved, merged, split and repeated: indices follow their axes."""

import math
from typing import Any

import jax.numpy as jnp
from jax import lax

from purenet.fd.incremental.patch import LANES, Value, combined


def broadcast_in_dim(operation: Any, values: list[Value], bases: list[Any]) -> list[Value] | None:
    """An axis that is repeated has no index any more; the others keep theirs."""
    value, *dynamic = values
    if dynamic:
        return None
    shape = operation.params["shape"]
    dimensions = operation.params["broadcast_dimensions"]
    where: list = [None] * len(shape)
    for axis, index in zip(dimensions, value.where, strict=True):
        where[axis] = index  # what is repeated has one element, and is not indexed
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
    """A transpose: the indices change places with their axes."""
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
    value, *dynamic = values
    if dynamic or operation.params.get("dimensions") is not None:
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
}
