"""Reductions and scans along an axis: a sum adds what changed, the others look at whole axes."""

from typing import Any

from jax import lax

from purenet.fd.incremental.patch import Value, common, spread, take


def reduce_sum(operation: Any, values: list[Value], bases: list[Any]) -> list[Value]:
    """A sum over whole axes is taken anew; over an indexed one, the change is added to the base."""
    [value] = values
    axes = operation.params["axes"]
    where = tuple(index for a, index in enumerate(value.where) if a not in axes)
    if all(value.where[axis] is None for axis in axes):
        return [Value(bases[0], where, *operation.apply(value.new))]
    [change] = operation.apply(value.change())
    return [Value(bases[0], where, lax.add(*spread(take(bases[0], where), change)))]


def reduce(operation: Any, values: list[Value], bases: list[Any]) -> list[Value]:
    """Extremes, products, arguments of extremes: anew, over the whole of the reduced axes."""
    [value] = values
    axes = operation.params["axes"]
    region = tuple(None if a in axes else index for a, index in enumerate(value.where))
    where = tuple(index for a, index in enumerate(region) if a not in axes)
    return [Value(bases[0], where, *operation.apply(value.at(region)))]


def along_axis(operation: Any, values: list[Value], bases: list[Any]) -> list[Value]:
    """Cumulative sums and sorting: anew, along the whole of the axis."""
    axis = operation.params["axis" if "axis" in operation.params else "dimension"]
    where = list(common(values, bases[0].ndim))
    where[axis] = None
    outputs = operation.apply(*spread(*(value.at(tuple(where)) for value in values)))
    return [Value(base, tuple(where), out) for base, out in zip(bases, outputs, strict=True)]


RULES = {
    "reduce_sum": reduce_sum,
    **dict.fromkeys(
        (
            "reduce_max",
            "reduce_min",
            "reduce_prod",
            "reduce_and",
            "reduce_or",
            "reduce_xor",
            "argmax",
            "argmin",
        ),
        reduce,
    ),
    **dict.fromkeys(("cumsum", "cumprod", "cummax", "cummin", "cumlogsumexp", "sort"), along_axis),
}
