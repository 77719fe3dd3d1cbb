"""Windows: convolution and pooling, as sums and extremes over shifted copies of the input."""

import itertools
from collections.abc import Sequence
from typing import Any

import jax.numpy as jnp
from jax import lax

from purenet.fd.incremental.patch import LANES, Value, settled, spread, take
from purenet.fd.incremental.rules.contract import contracted, product

_MOST_POSITIONS = 64  # of a window; beyond that XLA's own, for whole arrays, is the better way


def conv_general_dilated(
    operation: Any, values: list[Value], bases: list[Any]
) -> list[Value] | None:
    """A convolution with one group, by its input or by its kernel."""
    params = operation.params
    image, kernel = values
    numbers = params["dimension_numbers"]
    window = [kernel.base.shape[axis] for axis in numbers.rhs_spec[2:]]
    grouped = params["feature_group_count"] != 1 or params["batch_group_count"] != 1
    if grouped or (image.moved and kernel.moved) or _positions(window) > _MOST_POSITIONS:
        return None
    batch, features, *space = numbers.out_spec
    order = (batch, *space, features)
    base = lax.transpose(bases[0], order)
    of_one = _by_kernel if kernel.moved else _by_image
    value = of_one(params, image, kernel, base)
    back = [order.index(axis) for axis in range(len(order))]
    where = tuple(value.where[axis] for axis in back)
    rank = len(order)
    return [Value(bases[0], where, lax.transpose(value.new, (*back, rank, rank + 1)))]


def _by_kernel(params: dict, image: Value, kernel: Value, base: Any) -> Value:
    """The kernel times every shift of the input: a matrix product over features and positions."""
    numbers = params["dimension_numbers"]
    window = [kernel.base.shape[axis] for axis in numbers.rhs_spec[2:]]
    x = lax.transpose(image.base, numbers.lhs_spec)
    shifts = jnp.stack(list(_shifts(params, x, window, base.shape[1:-1])))
    shifts = jnp.reshape(shifts, (*window, *shifts.shape[1:]))
    dimensions = (
        ((*range(len(window)), len(window) + 1), (*numbers.rhs_spec[2:], numbers.rhs_spec[1])),
        ((), ()),
    )
    return contracted(kernel, shifts, 1, dimensions, base)


def _by_image(params: dict, image: Value, kernel: Value, base: Any) -> Value:
    """Every shift of what changed in the input times its position of the kernel, summed."""
    numbers = params["dimension_numbers"]
    batch, features = (image.where[axis] for axis in numbers.lhs_spec[:2])
    region = tuple(
        index if axis in numbers.lhs_spec[:2] else None for axis, index in enumerate(image.where)
    )
    widened = Value(image.base, region, image.at(region))
    part = widened.new if features is None else widened.change()
    rank = image.rank
    part = settled(lax.transpose(part, (*numbers.lhs_spec, rank, rank + 1)))
    weights = lax.transpose(kernel.base, numbers.rhs_spec)
    window = weights.shape[2:]
    dimensions = (((1,), (1,)), ((), ()))
    total: Any = None
    for position, shifted in zip(
        itertools.product(*map(range, window)),
        _shifts(params, part, window, base.shape[1:-1]),
        strict=True,
    ):
        there = take(weights[(slice(None), slice(None), *position)], (None, features))
        term = product(shifted, there, 0, dimensions)
        total = term if total is None else lax.add(total, term)
    total = total.astype(base.dtype)
    where = (batch, *(None for _ in window), None)
    if features is None:
        return Value(base, where, total)
    return Value(base, where, lax.add(*spread(take(base, where), total)))


def _shifts(params: dict, x: Any, window: Sequence[int], out: Sequence[int]):
    """The input, padded with zeros, as each position of the window sees it.

    ``x`` has axes (batch, features, *space) and maybe lanes; ``out`` is the space of the result.
    """
    space = len(window)
    after = x.ndim - 2 - space
    padding = [
        (low, high, dilation - 1)
        for (low, high), dilation in zip(params["padding"], params["lhs_dilation"], strict=True)
    ]
    config = [*[(0, 0, 0)] * 2, *padding, *[(0, 0, 0)] * after]
    padded = lax.pad(x, jnp.zeros((), x.dtype), config)
    yield from _views(
        padded, window, params["rhs_dilation"], params["window_strides"], out, range(2, 2 + space)
    )


def _views(padded, window, dilations, strides, out, axes):
    """What each position of a window sees of a padded array."""
    for position in itertools.product(*map(range, window)):
        start, limit, stride = [0] * padded.ndim, list(padded.shape), [1] * padded.ndim
        for axis, place, dilation, step, n in zip(
            axes, position, dilations, strides, out, strict=True
        ):
            start[axis] = place * dilation
            limit[axis] = place * dilation + (n - 1) * step + 1
            stride[axis] = step
        yield lax.slice(padded, start, limit, stride)


def reduce_window(operation: Any, values: list[Value], bases: list[Any]) -> list[Value] | None:
    """Pooling: the sum or the extreme of shifted views; axes without a window keep an index."""
    [value] = values
    params = operation.params
    combine, start = _COMBINE[operation.name]
    each = zip(
        params["window_dimensions"],
        params["window_strides"],
        params["padding"],
        params["base_dilation"],
        strict=True,
    )
    idle = [setting == (1, 1, (0, 0), 1) for setting in each]
    axes = [axis for axis, alone in enumerate(idle) if not alone]
    window = [params["window_dimensions"][axis] for axis in axes]
    if _positions(window) > _MOST_POSITIONS:
        return None
    where = tuple(i if alone else None for i, alone in zip(value.where, idle, strict=True))
    patch = settled(value.at(where))
    config = [
        (*pad, dilation - 1)
        for pad, dilation in zip(params["padding"], params["base_dilation"], strict=True)
    ]
    padded = lax.pad(patch, start(patch.dtype), [*config, *[(0, 0, 0)] * LANES])
    out = [bases[0].shape[axis] for axis in axes]
    dilations = [params["window_dilation"][axis] for axis in axes]
    strides = [params["window_strides"][axis] for axis in axes]
    total, *views = _views(padded, window, dilations, strides, out, axes)
    for view in views:
        total = combine(total, view)
    return [Value(bases[0], where, total)]


def _positions(window: Sequence[int]) -> int:
    count = 1
    for size in window:
        count *= size
    return count


def _lowest(dtype):
    floating = jnp.issubdtype(dtype, jnp.floating)
    return jnp.array(-jnp.inf if floating else jnp.iinfo(dtype).min, dtype)


def _highest(dtype):
    floating = jnp.issubdtype(dtype, jnp.floating)
    return jnp.array(jnp.inf if floating else jnp.iinfo(dtype).max, dtype)


_COMBINE = {
    "reduce_window_sum": (lax.add, lambda dtype: jnp.zeros((), dtype)),
    "reduce_window_max": (lax.max, _lowest),
    "reduce_window_min": (lax.min, _highest),
}

RULES = {
    "conv_general_dilated": conv_general_dilated,
    **dict.fromkeys(_COMBINE, reduce_window),
}
