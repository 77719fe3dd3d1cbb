"""Mutable references (jax.Ref) from outside that a program writes to."""

from collections.abc import Iterator
from typing import Any

import jax
from jax.extend.core import ClosedJaxpr, Jaxpr, Literal

from purenet.jaxprs.primitives import facts
from purenet.jaxprs.program import nested


def written_references(closed: ClosedJaxpr) -> list[jax.Ref]:
    """The references among the constants of a program that it, or one nested in it, writes to."""
    constants = zip(closed.jaxpr.constvars, closed.consts, strict=True)
    references = {var: value for var, value in constants if isinstance(value, jax.Ref)}
    written = dict.fromkeys(_written(closed.jaxpr))
    return [value for var, value in references.items() if var in written]


def _written(jaxpr: Jaxpr) -> Iterator[Any]:
    """The variables of a program that it writes to, or hands to a program that writes."""
    for equation in jaxpr.eqns:
        if facts(equation.primitive.name).writes:
            yield equation.invars[0]
        for inner in nested(equation.params):
            inside = set(_written(inner))
            pairs = zip(reversed(inner.invars), reversed(equation.invars), strict=False)
            yield from (a for v, a in pairs if v in inside and not isinstance(a, Literal))
