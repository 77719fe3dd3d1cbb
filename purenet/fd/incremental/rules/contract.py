"""Matrix products: a product is linear in each side, so only what changed is multiplied."""

from collections.abc import Sequence
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
from jax import lax

from purenet.fd.incremental.patch import LANES, Value, settled, spread, take

Dimensions = tuple[tuple[Sequence[int], Sequence[int]], tuple[Sequence[int], Sequence[int]]]


def dot_general(operation: Any, values: list[Value], bases: list[Any]) -> list[Value]:
    """Any contraction and batch axes, with either side moved or both."""
    dimensions = operation.params["dimension_numbers"]
    lhs, rhs = values
    if lhs.moved and rhs.moved:
        return [_both(lhs, rhs, dimensions, bases[0])]
    side = 0 if lhs.moved else 1
    return [contracted(values[side], values[1 - side].base, side, dimensions, bases[0])]


def contracted(moved: Value, other: Any, side: int, dimensions: Dimensions, base: Any) -> Value:
    """The product where one operand moved.

    Along an indexed axis that is contracted, the product changes by that one term.

    Args:
        moved: the operand that moved.
        other: the other operand.
        side: 0 where the one that moved is the left one, 1 where it is the right one.
        dimensions: the contracted and the batch axes of both, as in dot_general.
        base: the product at the base point.
    """
    contracting, batch = dimensions
    own_contracted, own_batch = contracting[side], batch[side]
    needed: list = [None] * other.ndim
    for own_axes, axes in ((own_contracted, contracting[1 - side]), (own_batch, batch[1 - side])):
        for own, axis in zip(own_axes, axes, strict=True):
            needed[axis] = moved.where[own]
    own_free = _free(moved.rank, own_contracted, own_batch)
    other_free = [None] * (other.ndim - len(own_contracted) - len(own_batch))
    free = [moved.where[axis] for axis in own_free]
    where = (
        *(moved.where[a] for a in own_batch),
        *((*free, *other_free) if side == 0 else (*other_free, *free)),
    )
    anew = all(moved.where[axis] is None for axis in own_contracted)
    part = moved.new if anew else settled(moved.change())
    result = product(part, take(other, tuple(needed)), side, dimensions).astype(base.dtype)
    if anew:
        return Value(base, where, result)
    return Value(base, where, lax.add(*spread(take(base, where), result)))


def _both(lhs: Value, rhs: Value, dimensions: Dimensions, base: Any) -> Value:
    """The product where both moved: anew, but for batch axes with one index in common."""
    batch = dimensions[1]
    lhs_region: list = [None] * lhs.rank
    rhs_region: list = [None] * rhs.rank
    where: list = [None] * base.ndim
    for place, (left, right) in enumerate(zip(*batch, strict=True)):
        if lhs.where[left] is not None and lhs.where[left] is rhs.where[right]:
            index = lhs.where[left]
            lhs_region[left] = rhs_region[right] = where[place] = index
    left, right = lhs.at(tuple(lhs_region)), rhs.at(tuple(rhs_region))
    lanes = jnp.broadcast_shapes(left.shape[-LANES:], right.shape[-LANES:])
    over_lanes = partial(lax.dot_general, dimension_numbers=dimensions)
    for _ in range(LANES):
        over_lanes = jax.vmap(over_lanes, in_axes=-1, out_axes=-1)
    left, right = (jnp.broadcast_to(x, (*x.shape[:-LANES], *lanes)) for x in (left, right))
    return Value(base, tuple(where), over_lanes(left, right).astype(base.dtype))


def product(part: Any, other: Any, side: int, dimensions: Dimensions) -> Any:
    """The product of a patch with what it meets, the other operand taken at the patch's indices.

    The result has the product's axes, then those of the lanes.
    """
    contracting, _ = dimensions
    if all(part.shape[axis] == 1 for axis in contracting[side]):
        return _outer(part, other, side, dimensions)
    if other.shape[-1] == 1:
        return _shared(part, lax.squeeze(other, (other.ndim - 2, other.ndim - 1)), side, dimensions)
    # the other operand differs from coordinate to coordinate: one product for each of them
    count = max(part.shape[-1], other.shape[-1])
    part = jnp.broadcast_to(part, (*part.shape[:-1], count))
    one = jax.vmap(
        lambda p, o: _shared(p[..., None], o[..., 0], side, dimensions)[..., 0],
        in_axes=-1,
        out_axes=-1,
    )
    return one(part, other)


def _shared(part: Any, other: Any, side: int, dimensions: Dimensions) -> Any:
    """One product for all lanes, which are free axes of the patch, as rows of one large matrix.

    (With lanes as columns, XLA on the CPU takes nearly twice as long.)
    """
    contracting, batch = dimensions
    own = ((contracting[side], contracting[1 - side]), (batch[side], batch[1 - side]))
    result = lax.dot_general(part, other, own)
    # batch, the patch's free axes, lanes, the other's free axes: the lanes go last
    n_batch, n_contracted = len(batch[0]), len(contracting[0])
    n_own = part.ndim - LANES - n_batch - n_contracted
    own_free = range(n_batch, n_batch + n_own)
    lanes = range(n_batch + n_own, n_batch + n_own + LANES)
    other_free = range(n_batch + n_own + LANES, result.ndim)
    free = (*own_free, *other_free) if side == 0 else (*other_free, *own_free)
    return lax.transpose(result, (*range(n_batch), *free, *lanes))


def _outer(part: Any, other: Any, side: int, dimensions: Dimensions) -> Any:
    """The product over contracted axes of size one: element by element, ready to be fused."""
    contracting, batch = dimensions
    part = _without(part, contracting[side], batch[side])
    other = _without(other, contracting[1 - side], batch[1 - side])
    n_batch = len(batch[0])
    n_part, n_other = part.ndim - LANES - n_batch, other.ndim - LANES - n_batch
    first, second = (n_part, n_other) if side == 0 else (n_other, n_part)
    before = tuple(range(n_batch, n_batch + first))
    after = tuple(range(n_batch + first, n_batch + first + second))
    if side == 0:
        return lax.mul(*spread(lax.expand_dims(part, after), lax.expand_dims(other, before)))
    return lax.mul(*spread(lax.expand_dims(part, before), lax.expand_dims(other, after)))


def _without(array: Any, contracted_axes: Sequence[int], batch: Sequence[int]) -> Any:
    """The array without its contracted axes, its batch axes first."""
    rank = array.ndim - LANES
    free = _free(rank, contracted_axes, batch)
    order = (*batch, *free, *contracted_axes, rank, rank + 1)
    array = lax.transpose(array, order)
    gone = range(rank - len(contracted_axes), rank)
    return lax.squeeze(array, tuple(gone))


def _free(rank: int, contracted_axes: Sequence[int], batch: Sequence[int]) -> list[int]:
    return [a for a in range(rank) if a not in contracted_axes and a not in batch]


RULES = {"dot_general": dot_general}
