"""What reaches the outputs: which leaves by value, which by derivative, and what cuts them off."""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax.extend.core import ClosedJaxpr, Jaxpr, Literal
from jax.interpreters import partial_eval

from purenet.jaxprs.primitives import facts
from purenet.jaxprs.program import nested
from purenet.jaxprs.sources import written_at


class Reach(NamedTuple):
    """How far each leaf of a function gets.

    Attributes:
        value: for each leaf, whether an output reads it.
        derivative: for each leaf, whether the derivative of an output can be other than zero.
        constants: what else the outputs read: arrays from outside, those of nested programs and
            array literals alike, with the place where each is read first.
    """

    value: list[bool]
    derivative: list[bool]
    constants: list[tuple[Any, str]]


class Passed(NamedTuple):
    """An operation on the way from a leaf to the outputs.

    Attributes:
        operation: its name, as people say it.
        where: the place where it is written; empty where that is not known.
    """

    operation: str
    where: str

    def __str__(self) -> str:
        """The operation with its place."""
        return f"{self.operation} ({self.where})" if self.where else self.operation


def reach(function: Callable, leaves: Sequence[Any]) -> Reach:
    """What the outputs of ``function(leaves)`` read, by dead-code elimination.

    The derivative's side is read from the program of jax.jvp, in which what has no derivative
    (argmax, a comparison, a cast to integers, stop_gradient) has left no trace.
    """
    closed = jax.make_jaxpr(function)(list(leaves))
    read, used = _without_dead_code(closed.jaxpr)
    tangents = [np.ones(np.shape(leaf), jnp.result_type(leaf)) for leaf in leaves]

    def derivative(primals, tangents):
        outputs = jax.jvp(_inexact(function), (primals,), (tangents,))[1]
        return jax.tree.leaves(outputs)

    linear = jax.make_jaxpr(derivative)(list(leaves), tangents)
    _, moved = _without_dead_code(linear.jaxpr)
    # dead-code elimination leaves the inputs of equations with effects alive; an output need not
    # read them, but nothing is accused because of them
    return Reach(used, moved[len(leaves) :], _constants(read, closed))


def cuts(function: Callable, leaves: Sequence[Any], leaf: int) -> list[Passed]:
    """The operations, on the way from a leaf to the outputs, at which its derivative ends."""
    jaxpr = jax.make_jaxpr(function)(list(leaves)).jaxpr
    return _passed_by(jaxpr, leaf, _ends_derivative)


def samplers(function: Callable, leaves: Sequence[Any], leaf: int) -> list[Passed]:
    """The operations that a leaf reaches which JAX differentiates as the distribution they draw."""
    jaxpr = jax.make_jaxpr(function)(list(leaves)).jaxpr
    return _passed_by(jaxpr, leaf, lambda one: facts(one.primitive.name).of_distribution)


def callbacks(function: Callable, leaves: Sequence[Any]) -> list[tuple[str, str]]:
    """The calls of ``function(leaves)`` back into Python that are made for their effect.

    Each by the name under which JAX offers it, and the place; a pure_callback is not one of them.
    """
    found: dict[tuple[str, str], None] = {}

    def visit(jaxpr: Jaxpr, outer: str) -> None:
        for equation in jaxpr.eqns:
            at = written_at(equation, jaxpr, outer)
            if callback := facts(equation.primitive.name).callback:
                found.setdefault((callback, at))
            for inner in nested(equation.params):
                visit(inner, at)

    visit(jax.make_jaxpr(function)(list(leaves)).jaxpr, "")
    return list(found)


def _inexact(function: Callable) -> Callable:
    def outputs(leaves):
        return [
            out
            for out in jax.tree.leaves(function(leaves))
            if jnp.issubdtype(jnp.result_type(out), np.inexact)
        ]

    return outputs


def _without_dead_code(jaxpr: Jaxpr) -> tuple[Jaxpr, list[bool]]:
    return partial_eval.dce_jaxpr(jaxpr, [True] * len(jaxpr.outvars))


def _constants(read: Jaxpr, closed: ClosedJaxpr) -> list[tuple[Any, str]]:
    """The arrays that a program without dead code reads, each with the place of its first use."""
    values = dict(zip(closed.jaxpr.constvars, closed.consts, strict=True))
    found: dict[int, tuple[Any, str]] = {}

    def visit(jaxpr: Jaxpr, values: dict) -> None:
        for equation in jaxpr.eqns:
            for atom in equation.invars:
                array = atom.val if isinstance(atom, Literal) else values.get(atom)
                if array is not None and np.ndim(array):
                    found.setdefault(id(array), (array, written_at(equation)))
            for inner, constants in _inner(equation.params):
                visit(inner, dict(zip(inner.constvars, constants, strict=False)) | _passed(
                    equation, inner, values))  # fmt: skip
        for atom in jaxpr.outvars:
            array = atom.val if isinstance(atom, Literal) else values.get(atom)
            if array is not None and np.ndim(array):
                found.setdefault(id(array), (array, ""))

    visit(read, values)
    return list(found.values())


def _passed(equation: Any, inner: Jaxpr, values: dict) -> dict:
    """The constants that a call passes on, by the inner program's own variables."""
    if len(inner.invars) != len(equation.invars):
        return {}
    pairs = zip(inner.invars, equation.invars, strict=True)
    return {v: values[a] for v, a in pairs if not isinstance(a, Literal) and a in values}


def _inner(params: dict) -> list[tuple[Jaxpr, Sequence[Any]]]:
    closed = [
        (item.jaxpr, item.consts)
        for value in params.values()
        for item in (value if isinstance(value, tuple | list) else (value,))
        if isinstance(item, ClosedJaxpr)
    ]
    seen = {id(jaxpr) for jaxpr, _ in closed}
    return closed + [(jaxpr, ()) for jaxpr in nested(params) if id(jaxpr) not in seen]


def _passed_by(jaxpr: Jaxpr, leaf: int, wanted: Callable[[Any], bool]) -> list[Passed]:
    """The operations of some kind that a leaf reaches."""
    found: list[Passed] = []
    _follow(jaxpr, {jaxpr.invars[leaf]}, wanted, found)
    return list(dict.fromkeys(found))


def _follow(
    jaxpr: Jaxpr,
    reached: set,
    wanted: Callable[[Any], bool],
    found: list[Passed],
    outer: str = "",
) -> None:
    """Follow variables through a program; what is wanted of it is added to ``found``."""
    for equation in jaxpr.eqns:
        inputs = [not isinstance(a, Literal) and a in reached for a in equation.invars]
        if not any(inputs):
            continue
        if wanted(equation):
            found.append(Passed(_spoken(equation), written_at(equation, jaxpr, outer)))
        for inner in nested(equation.params):
            start = len(equation.invars) - len(inner.invars)  # a branch index, tests' constants
            shifted = inputs[start:] if start >= 0 else [True] * len(inner.invars)
            entered = {v for v, is_in in zip(inner.invars, shifted, strict=False) if is_in}
            _follow(inner, entered, wanted, found, written_at(equation, jaxpr, outer))
        reached.update(equation.outvars)


def _ends_derivative(equation: Any) -> bool:
    if any(True for _ in nested(equation.params)):
        return False
    known = facts(equation.primitive.name)
    moving = any(jnp.issubdtype(a.aval.dtype, np.inexact) for a in equation.invars if _has_dtype(a))
    if known.flat:  # whole numbers have no derivative to lose, but a leaf may be one: a seed
        return moving or known.key == "made"
    dtypes = [out.aval.dtype for out in equation.outvars if _has_dtype(out)]
    return moving and bool(dtypes) and not any(jnp.issubdtype(d, np.inexact) for d in dtypes)


def _has_dtype(atom: Any) -> bool:
    return getattr(atom.aval, "dtype", None) is not None


def _spoken(equation: Any) -> str:
    name = equation.primitive.name
    if name == "convert_element_type":
        return f"a cast to {equation.outvars[0].aval.dtype}"
    return str(
        {"eq": "==", "ne": "!=", "lt": "<", "le": "<=", "gt": ">", "ge": ">="}.get(name, name)
    )
