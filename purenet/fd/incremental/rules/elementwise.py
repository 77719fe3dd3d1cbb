"""Element by element: the patch goes through, and reads of the other operands what it needs."""

from typing import Any

import jax.numpy as jnp

from purenet import jaxprs
from purenet.fd.incremental.patch import LANES, Value, common, spread

NAMES = tuple(name for name, known in jaxprs.PRIMITIVES.items() if known.elementwise)


def elementwise(operation: Any, values: list[Value], bases: list[Any]) -> list[Value]:
    """Apply the operation to the region that holds every operand's patch."""
    rank = bases[0].ndim
    where = common(values, rank)
    # an operand without axes, such as the bound of a clamp, is the same everywhere
    operands = [value.at(where) if value.rank == rank else _scalar(value, rank) for value in values]
    return [Value(bases[0], where, *operation.apply(*spread(*operands)))]


def _scalar(value: Value, rank: int) -> Any:
    x = value.at(())
    return jnp.reshape(x, (1,) * rank + x.shape[-LANES:])


RULES = dict.fromkeys(NAMES, elementwise)
