"""The incremental walk: a program at perturbed points, each equation by its rule or densely."""

from collections.abc import Sequence
from typing import Any

import jax
import jax.numpy as jnp

from purenet import jaxprs
from purenet.fd.incremental.patch import LANES, Value, lane_shape
from purenet.fd.incremental.rules import RULES as PLAIN_RULES
from purenet.fd.incremental.rules import control


def base_values(jaxpr: Any, inputs: Sequence[Any]) -> list[list[Any]]:
    """The outputs of every equation of a program at the base point, in the program's order."""
    every: list[list[Any]] = []

    def step(operation, arrays):
        every.append(operation.apply(*arrays))
        return every[-1]

    jaxprs.walk(jaxpr, inputs, jnp.asarray, step)
    return every


def outputs_at(jaxpr: Any, inputs: Sequence[Value], bases: list[list[Any]]) -> list[Value]:
    """The outputs at the perturbed points, as values.

    Args:
        jaxpr: the program, without constants.
        inputs: the inputs as values.
        bases: what `base_values` gives.
    """
    remaining = iter(bases)

    def step(operation, values):
        base = next(remaining)
        if not any(value.moved for value in values) or not any(array.size for array in base):
            return [Value(array) for array in base]
        rule = RULES.get(operation.name)
        outputs = None if rule is None else rule(operation, values, base)
        return densely(operation, values, base) if outputs is None else outputs

    return jaxprs.walk(jaxpr, inputs, lambda array: Value(jnp.asarray(array)), step)


def densely(operation: jaxprs.Operation, values: Sequence[Value], bases: Sequence[Any]) -> list:
    """The rule of every operation: whole arrays, once for each point and coordinate."""
    moved = [value for value in values if value.moved]
    full = [value.full() for value in moved]
    lanes = lane_shape(*full)
    full = [jnp.broadcast_to(x, (*x.shape[:-LANES], *lanes)) for x in full]

    def one(*arrays):
        news = iter(arrays)
        inputs = [(value.base, next(news)) if value.moved else (value.base,) for value in values]
        return [output[-1] for output in operation.replayed(inputs)]

    over_lanes = one
    for _ in range(LANES):
        over_lanes = jax.vmap(over_lanes, in_axes=-1, out_axes=-1)
    outputs = over_lanes(*full)
    return [
        Value(base, (None,) * jnp.ndim(base), output)
        for base, output in zip(bases, outputs, strict=True)
    ]


def _body_at(body: Any, values: Sequence[Value]) -> list[Value]:
    """The outputs of a loop's body."""
    inputs = [*(Value(jnp.asarray(constant)) for constant in body.consts), *values]
    bases = base_values(body.jaxpr, [value.base for value in inputs])
    return outputs_at(body.jaxpr, inputs, bases)


RULES = {**PLAIN_RULES, **control.rules(_body_at)}
