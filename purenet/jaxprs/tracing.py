"""Tracing: a function to a program whose stop_gradients are those that jax.grad meets."""

from collections.abc import Callable, Iterable, Sequence
from functools import lru_cache
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax.extend.core import ClosedJaxpr, Jaxpr, jaxpr_as_fun

from purenet.jaxprs.concrete import LOOKED, trace_at
from purenet.jaxprs.foreign import implementation, is_foreign, unchecked_branch
from purenet.jaxprs.inline import live
from purenet.jaxprs.primitives import facts
from purenet.jaxprs.program import Program, Straight, equations, is_traced, nested, primitive_names
from purenet.jaxprs.replay import Replay, bind
from purenet.jaxprs.widening import is_extended, placed, working_precision


class Traced(NamedTuple):
    """A function as a program.

    Attributes:
        program: what replays evaluate.
        constants: the constants that it captured.
        input_dtypes: the dtypes of the leaves that it takes.
        outputs: shape and dtype of each output.
        output_tree: their tree.
        closed: the program as JAX traced it, with its derivative rules.
        decides: whether the leaves' values decided what the program is: an if, a mask.
    """

    program: Program
    constants: list[Any]
    input_dtypes: list[Any]
    outputs: list[jax.ShapeDtypeStruct]
    output_tree: Any
    closed: ClosedJaxpr
    decides: bool = False

    def call(self, leaves: Sequence[Any]) -> list:
        """The outputs, flat, as JAX differentiates them; the traced function itself is not run."""
        with working_precision(self.program.has_64_bits):
            return jaxpr_as_fun(self.closed)(*leaves)

    def is_same(self, other: "Traced") -> bool:
        """Whether another trace has the same equations and constants."""
        return self.program == other.program and all(
            one is two or np.array_equal(np.asarray(one), np.asarray(two), equal_nan=True)
            for one, two in zip(self.constants, other.constants, strict=True)
            if not is_extended(jnp.result_type(one))
        )


def trace(function: Callable, leaves: Sequence[Any]) -> Traced:
    """Trace ``function(leaves)`` at the leaves' shapes and dtypes.

    Their values are looked at where the function looks at them itself; see `trace_at`.

    jax.grad goes around the inside of a custom derivative, and around the factors of a linear
    solve: a stop_gradient there holds nothing constant, and is taken out of the program. What is
    not JAX's own is replaced by the program that it runs; a value that is checked, and raises an
    error from a callback, is NaN where it would.
    """
    avals = [jax.ShapeDtypeStruct(np.shape(leaf), jnp.result_type(leaf)) for leaf in leaves]
    decides = False
    try:
        closed, shapes = jax.make_jaxpr(function, return_shape=True)(avals)
    except LOOKED:
        if any(map(is_traced, leaves)):
            raise
        closed, shapes, decides = trace_at(function, leaves, avals)
    outputs, tree = jax.tree.flatten(shapes)
    constants = [
        _as_traced(constant, variable.aval)
        for constant, variable in zip(closed.consts, closed.jaxpr.constvars, strict=True)
    ]
    program = Program(closed.jaxpr)
    hides_stop = _hides_stop(closed.jaxpr)
    if hides_stop or _has_foreign(closed.jaxpr):
        program, more = _opened(program, hides_stop)
        constants = [*more, *constants]
    return Traced(
        program, constants, [aval.dtype for aval in avals], outputs, tree, closed, decides
    )


def _as_traced(constant, aval):
    """A captured array in the dtype it was traced in: float64 NumPy arrays where x64 is off."""
    dtype = getattr(aval, "dtype", None)
    if dtype is None or jnp.issubdtype(dtype, jax.dtypes.extended):
        return constant
    return placed(constant, dtype)


def _hides_stop(jaxpr: Jaxpr) -> bool:
    """Whether a stop_gradient stands where jax.grad does not meet it."""
    names = primitive_names(jaxpr)
    if "stop_gradient" not in names:
        return False
    return "custom_linear_solve" in names or _in_custom_rule(jaxpr)


def _in_custom_rule(jaxpr: Jaxpr) -> bool:
    for equation in jaxpr.eqns:
        for inner in nested(equation.params):
            if facts(equation.primitive.name).rule:
                if "stop_gradient" in primitive_names(inner):
                    return True
            elif _in_custom_rule(inner):
                return True
    return False


def _has_foreign(jaxpr: Jaxpr) -> bool:
    return any(
        is_foreign(equation.primitive) or unchecked_branch(equation) is not None
        for equation in equations(jaxpr)
    )


@lru_cache(maxsize=64)
def _opened(program: Program, hides_stop: bool) -> tuple[Program, list[Any]]:
    """The program in primitives of JAX, its hidden stop_gradients out, and new constants."""
    replay = _MEETS_STOP if hides_stop else _EXPANDS

    def run(constants, leaves):
        outputs = replay.run(program.jaxpr, constants, [(leaf,) for leaf in leaves])
        return [output[0] for output in outputs]

    with working_precision(program.has_64_bits):
        closed = jax.make_jaxpr(run)(program.constants, program.inputs)
    jaxpr, count = closed.jaxpr, len(program.constants)
    straight = Straight(
        [*jaxpr.constvars, *jaxpr.invars[:count]],
        jaxpr.invars[count:],
        live(jaxpr.eqns, jaxpr.outvars),
        jaxpr.outvars,
    )
    return Program(straight), list(closed.consts)


class _Expanding(Replay):
    """A replay to trace: foreign primitives by their implementations, checked values unchecked."""

    def equation(self, equation, inputs: list[tuple]) -> list[tuple]:
        """As `Replay.equation`, but stop_gradient is kept."""
        if equation.primitive.name == "stop_gradient":
            return [(out,) for out in bind(equation, [x for (x,) in inputs], double=False)]
        inner = implementation(equation)
        if inner is not None:
            return _LETS_THROUGH._call(inner, inputs)
        unchecked = unchecked_branch(equation)
        if unchecked is None:
            return super().equation(equation, inputs)
        checks, *operands = inputs
        values = self._call(equation.params["branches"][unchecked], operands)
        return [
            tuple(_nan_unless(check == unchecked, x) for check, x in self._paired(checks, value))
            for value in values
        ]

    def _paired(self, one: tuple, other: tuple) -> Iterable[tuple]:
        lanes = max(len(one), len(other))
        return zip(*self.spread([one, other], lanes), strict=True)


def _nan_unless(passes: Any, x: Any) -> Any:
    return jnp.where(passes, x, jnp.nan) if jnp.issubdtype(x.dtype, jnp.inexact) else x


class _Opening(_Expanding):
    """A replay to trace: from a stop_gradient on in two lanes, held constant and let through.

    The second lane lets through the last stop_gradient alone; a linear solve takes its factors
    from there.
    """

    def __init__(self, *, lets_through: bool):
        super().__init__(double=False)
        self._lets_through = lets_through

    def equation(self, equation, inputs: list[tuple]) -> list[tuple]:
        """As `Replay.equation`; the stop_gradients that jax.grad meets are kept."""
        name = equation.primitive.name
        if name == "stop_gradient":
            if self._lets_through:
                return inputs
            return [(*bind(equation, [value[0]], double=False), value[0]) for value in inputs]
        known = facts(name)
        if known.rule:
            return _LETS_THROUGH._call(equation.params[known.call], inputs)
        return super().equation(equation, inputs)

    def _scan(self, params, inputs):
        return super()._scan(params, self.spread(inputs, 2))

    def _while(self, params, inputs):
        return super()._while(params, self.spread(inputs, 2))

    def _cond(self, params, inputs):
        return super()._cond(params, [*inputs[:1], *self.spread(inputs[1:], 2)])

    def _linear_solve(self, params, inputs):
        counts = params["const_lengths"]
        start = counts.matvec + counts.vecmat
        end = start + counts.solve
        inputs = [*inputs[:start], *(v[-1:] for v in inputs[start:end]), *inputs[end:]]
        return Replay._linear_solve(_LETS_THROUGH, params, inputs)


_EXPANDS = _Expanding(double=False)
_MEETS_STOP = _Opening(lets_through=False)
_LETS_THROUGH = _Opening(lets_through=True)
