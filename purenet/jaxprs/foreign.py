"""Primitives that are not JAX's own: told from those that are, and opened to what they run."""

import functools
from collections.abc import Sequence
from typing import Any

import jax
import jax.numpy as jnp
from jax.extend.core import ClosedJaxpr, Literal, Primitive
from jax.tree_util import PyTreeDef

from purenet.jaxprs.primitives import PRIMITIVES, facts
from purenet.jaxprs.program import equations, nested, primitive_names


def is_foreign(primitive: Primitive) -> bool:
    """Whether a primitive's implementation, or its rule for shapes, was written outside of JAX."""
    rules = (primitive.impl, getattr(primitive, "abstract_eval", None))
    return any(_packages(rule) - {"jax", "jaxlib"} for rule in rules)


def is_opaque(equation: Any) -> bool:
    """Whether an equation must run in the very dtypes that it was traced in.

    What a foreign primitive, or one with functions or tree structures among its parameters, makes
    of other dtypes than those nobody knows.
    """
    primitive = equation.primitive
    if primitive.name in PRIMITIVES:
        return facts(primitive.name).keeps_dtype
    return is_foreign(primitive) or any(
        isinstance(value, PyTreeDef) or (callable(value) and not isinstance(value, type))
        for value in equation.params.values()
    )


def kept_spacing(jaxpr: Any) -> float:
    """The largest relative spacing at which opaque code computes from a program's inputs; or 0.

    Values in between are the same to it, whatever the dtype that the program is replayed in.
    """
    moved, spacing = set(jaxpr.invars), 0.0
    for equation in jaxpr.eqns:
        if not any(not isinstance(v, Literal) and v in moved for v in equation.invars):
            continue
        moved.update(equation.outvars)
        for inner in (equation, *(e for sub in nested(equation.params) for e in equations(sub))):
            if is_opaque(inner):
                spacing = max(spacing, min(_spacing(inner.invars), _spacing(inner.outvars)))
    return spacing


def _spacing(variables: Sequence[Any]) -> float:
    dtypes = [getattr(v.aval, "dtype", None) for v in variables]
    floating = [d for d in dtypes if d is not None and jnp.issubdtype(d, jnp.inexact)]
    return max((float(jnp.finfo(d).eps) for d in floating), default=0.0)


def implementation(equation: Any) -> ClosedJaxpr | None:
    """The program that a foreign primitive runs, in the dtypes it was traced in; None if unknown.

    A primitive computes what its implementation does, whatever its derivative rules say.
    """
    primitive, params = equation.primitive, equation.params
    if primitive.name in PRIMITIVES or not is_foreign(primitive):
        return None
    avals = [jax.ShapeDtypeStruct(v.aval.shape, v.aval.dtype) for v in equation.invars]

    def run(*arrays):
        if primitive.name == "linear_solve" and "lineax" in _packages(primitive.impl):
            arrays = _factored_anew(arrays, params)
        outputs = primitive.impl(*arrays, **params)
        return outputs if primitive.multiple_results else [outputs]

    try:
        closed = jax.make_jaxpr(run)(*avals)
    except Exception:  # it wants numbers
        return None
    shapes = [(v.aval.shape, v.aval.dtype) for v in equation.outvars]
    found = [(aval.shape, aval.dtype) for aval in closed.out_avals]
    calls_itself = primitive.name in primitive_names(closed.jaxpr)
    return closed if found == shapes and not calls_itself else None


def unchecked_branch(equation: Any) -> int | None:
    """The branch that does nothing, of a branching whose other one only raises an error.

    Such is the check of a value while a program runs: the other branch returns what callbacks give
    that see whole numbers alone.
    """
    if equation.primitive.name != "cond" or len(equation.params["branches"]) != 2:
        return None
    branches = [branch.jaxpr for branch in equation.params["branches"]]
    for position, (one, other) in enumerate((branches, branches[::-1])):
        if not one.eqns and other.eqns and _only_calls_back(other):
            return position
    return None


def _only_calls_back(jaxpr: Any) -> bool:
    computed = {v for equation in jaxpr.eqns for v in equation.outvars}
    return all(
        equation.primitive.name == "pure_callback"
        and all(
            isinstance(v, Literal) or v in computed or not jnp.issubdtype(v.aval.dtype, jnp.inexact)
            for v in equation.invars
        )
        for equation in jaxpr.eqns
    ) and all(not isinstance(v, Literal) and v in computed for v in jaxpr.outvars)


def _factored_anew(arrays: Sequence[Any], params: dict) -> Sequence[Any]:
    """The operands of lineax's solve with the factors of the operator that is among them.

    They come through a stop_gradient, around which the derivative rule goes: it knows that they are
    those of the operator.
    """
    given = iter(arrays)
    slots = [type(leaf) is object for leaf in params["static"]]  # filled by arrays
    leaves = [
        next(given) if slot else leaf for slot, leaf in zip(slots, params["static"], strict=True)
    ]
    operator, _, vector, options, solver, throw = jax.tree.unflatten(params["treedef"], leaves)
    state = solver.init(operator, options)
    again, treedef = jax.tree.flatten((operator, state, vector, options, solver, throw))
    if treedef != params["treedef"]:
        return arrays
    return [leaf for slot, leaf in zip(slots, again, strict=True) if slot]


def _packages(rule: Any) -> set[str]:
    """The packages of the functions that a rule is made of."""
    if isinstance(rule, functools.partial):
        return _packages(rule.func)
    package = {(getattr(rule, "__module__", None) or "jax").split(".")[0]}
    wrapped = [cell.cell_contents for cell in getattr(rule, "__closure__", None) or ()]
    return package.union(*(_packages(inner) for inner in wrapped if callable(inner)))
