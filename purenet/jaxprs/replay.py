"""The replay: a traced program evaluated once more, in its own dtypes or in float64."""

from collections.abc import Callable, Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax
from jax.extend.core import ClosedJaxpr, Jaxpr, Literal

from purenet.jaxprs.foreign import is_opaque
from purenet.jaxprs.primitives import facts
from purenet.jaxprs.program import (
    Program,
    Straight,
    literal_array,
    primitive_names,
    scan_counts,
)
from purenet.jaxprs.widening import narrow, wide_dtype, widen, widened_parameters

_REFINEMENTS = 4  # of a solution: each gains the digits that the solver's tolerance asks for


class Replay:
    """A walk through a program, equation by equation: the program once more, at other values.

    A value is a tuple of one lane or two. With two, the first is the base and the second the
    perturbed point; a value with one lane is the same at both. stop_gradient gives the base's lane
    to both: what jax.grad holds constant is held constant. Calls are inlined, custom derivatives
    by their primal alone, so that nothing computed leans on a derivative rule; scan, while and
    cond are rebuilt around the lanes.

    With ``double`` every floating-point value is float64 (complex: complex128), whatever the dtype
    it was traced in; that needs x64 enabled around the walk. Linear systems that are solved by
    iteration are then solved to round-off, whatever the tolerance, unless ``refines`` is False.
    """

    def __init__(self, *, double: bool, refines: bool | None = None):
        self.double = double
        self.refines = double if refines is None else refines

    def evaluate(self, program: Program, constants: list, base: list, moved: list) -> list:
        """The outputs at moved inputs, what stop_gradient guards taken from the base."""
        held = program.holds_constant
        values = [
            (old, new) if held and new is not old else (new,)
            for old, new in zip(base, moved, strict=True)
        ]
        return [output[-1] for output in self.run(program.jaxpr, constants, values)]

    def run(self, jaxpr: Jaxpr | Straight, constants: Sequence, arguments: Sequence) -> list:
        """The outputs of a program, given its constants as arrays and its arguments as values."""
        values = dict(zip(jaxpr.constvars, map(self.constant, constants), strict=True))
        values.update(zip(jaxpr.invars, arguments, strict=True))

        def read(atom):
            if isinstance(atom, Literal):
                return self.constant(literal_array(atom))
            return values[atom]

        for equation in jaxpr.eqns:
            inputs = [read(atom) for atom in equation.invars]
            outputs = self.equation(equation, inputs)
            values.update(zip(equation.outvars, outputs, strict=True))
        return [read(atom) for atom in jaxpr.outvars]

    def constant(self, array: Any) -> tuple:
        """The value of a captured constant or a literal: one lane."""
        array = jnp.asarray(array)
        return (widen(array) if self.double else array,)

    def apply(self, equation, lane: list) -> list:
        """The outputs of an equation that is neither a call nor control flow, in one lane."""
        return bind(equation, lane, double=self.double)

    def spread(self, values: Sequence[tuple], lanes: int) -> list[tuple]:
        """The values with ``lanes`` lanes each: loops and branches need one structure."""
        return [value if len(value) == lanes else value * lanes for value in values]

    def equation(self, equation, inputs: list[tuple]) -> list[tuple]:
        """The outputs of one equation, a call or control flow too, as values of one lane or two."""
        name, params = equation.primitive.name, equation.params
        known = facts(name)
        if known.silent:
            return []
        if name == "stop_gradient":
            return [value[:1] for value in inputs]
        if known.call:
            return self._call(params[known.call], inputs)
        if name == "custom_linear_solve":
            return self._linear_solve(params, inputs)
        if name == "scan":
            return self._scan(params, inputs)
        if name == "while":
            return self._while(params, inputs)
        if name == "cond":
            return self._cond(params, inputs)
        outputs = [
            self.apply(equation, [value[min(lane, len(value) - 1)] for value in inputs])
            for lane in range(_lanes(inputs))
        ]
        return list(zip(*outputs, strict=True))

    def _call(self, program, inputs):
        if isinstance(program, ClosedJaxpr):
            return self.run(program.jaxpr, program.consts, inputs)
        return self.run(program, [], inputs)

    def _linear_solve(self, params, inputs):
        counts = params["const_lengths"]
        start = counts.matvec + counts.vecmat
        total = start + counts.solve + counts.transpose_solve
        constants, rest = inputs[start : start + counts.solve], inputs[total:]
        solution = self._call(params["jaxprs"].solve, [*constants, *rest])
        if not (self.refines and is_iterative(params)):
            return solution
        matrix = inputs[: counts.matvec]
        lanes = _lanes([*solution, *matrix, *rest])
        solution = self.spread(solution, lanes)
        residual = self._residual(params, matrix, solution, rest, lanes)
        count = len(rest)

        def refined(_, found):
            solution, residual = found
            step = self._call(params["jaxprs"].solve, [*constants, *residual])
            step = self.spread(step, lanes)[:count]
            trial = [
                *(tuple(map(jnp.add, *pair)) for pair in zip(solution, step, strict=False)),
                *solution[count:],
            ]
            left = self._residual(params, matrix, trial, rest, lanes)
            better = [_size(left, i) < _size(residual, i) for i in range(lanes)]
            return [
                [tuple(map(jnp.where, better, *pair)) for pair in zip(news, olds, strict=True)]
                for news, olds in ((trial, solution), (left, residual))
            ]

        return lax.fori_loop(0, _REFINEMENTS, refined, [solution, residual])[0]

    def _residual(self, params, matrix, solution, rest, lanes: int) -> list[tuple]:
        """What a solution leaves of the right-hand sides."""
        products = self._call(params["jaxprs"].matvec, [*matrix, *solution[: len(rest)]])
        pairs = zip(self.spread(rest, lanes), self.spread(products, lanes), strict=True)
        return [tuple(map(jnp.subtract, b, product)) for b, product in pairs]

    def _scan(self, params, inputs):
        lanes = _lanes(inputs)
        inputs = self.spread(inputs, lanes)
        n_constants, n_carry = scan_counts(params)
        constants = inputs[:n_constants]

        def step(carry, xs):
            outputs = self._call(params["jaxpr"], [*constants, *carry, *xs])
            outputs = self.spread(outputs, lanes)
            return outputs[:n_carry], outputs[n_carry:]

        carry, ys = lax.scan(
            step,
            inputs[n_constants : n_constants + n_carry],
            inputs[n_constants + n_carry :],
            length=params["length"],
            reverse=params["reverse"],
        )
        return [*carry, *ys]

    def _while(self, params, inputs):
        lanes = _lanes(inputs)
        inputs = self.spread(inputs, lanes)
        n_test, n_body = params["cond_nconsts"], params["body_nconsts"]
        test_constants, body_constants = inputs[:n_test], inputs[n_test : n_test + n_body]

        def running(carry):
            test = self._call(params["cond_jaxpr"], [*test_constants, *carry])
            return self.spread(test, lanes)[0]

        def step(carry):
            new = self.spread(self._call(params["body_jaxpr"], [*body_constants, *carry]), lanes)
            keep = running(carry)
            if lanes == 1 and jnp.ndim(keep[0]) == 0:
                return new
            # a lane, or a row of a loop under vmap, whose own condition has failed keeps its carry
            # while the others go on
            return [
                tuple(map(where_leading, keep, new_value, old_value))
                for new_value, old_value in zip(new, carry, strict=True)
            ]

        return lax.while_loop(
            lambda carry: jnp.any(jnp.stack(running(carry))), step, inputs[n_test + n_body :]
        )

    def _cond(self, params, inputs):
        platforms = params.get("branches_platforms")
        if platforms is not None:
            return self._call(params["branches"][_branch_here(platforms)], inputs[1:])
        lanes = _lanes(inputs)
        index, operands = inputs[0], self.spread(inputs[1:], lanes)
        branches = [
            lambda values, branch=branch: self.spread(self._call(branch, values), lanes)
            for branch in params["branches"]
        ]
        chosen = [lax.switch(jnp.asarray(i, np.int32), branches, operands) for i in index]
        if len(index) == 1:
            return chosen[0]
        return [(base[0], moved[1]) for base, moved in zip(*chosen, strict=True)]


def is_iterative(params: dict) -> bool:
    """Whether a linear solve with these parameters iterates, to some tolerance."""
    return "while" in primitive_names(params["jaxprs"].solve.jaxpr)


def _size(residual: Sequence[tuple], lane: int) -> Any:
    return sum(jnp.sum(jnp.abs(part[lane]) ** 2) for part in residual)


def where_leading(condition: Any, new: Any, old: Any) -> Any:
    """The new values where a condition on the leading axes holds."""
    axes = (1,) * (jnp.ndim(new) - jnp.ndim(condition))
    return jnp.where(jnp.reshape(condition, jnp.shape(condition) + axes), new, old)


DOUBLE = Replay(double=True)
UNREFINED = Replay(double=True, refines=False)
NATIVE = Replay(double=False)


def _branch_here(platforms: Sequence[tuple[str, ...] | None]) -> int:
    """The branch of a choice by platform that is taken on this machine."""
    backend = jax.default_backend()
    names = {"cuda", "rocm"} if backend == "gpu" else {backend}
    for branch, here in enumerate(platforms):
        if here is None or names & set(here):
            return branch
    raise NotImplementedError(
        f"got a program with branches for the platforms {platforms} alone; wanted one for "
        f"{backend}; run it on one of those platforms"
    )


def _lanes(values: Sequence[tuple]) -> int:
    return max(map(len, values), default=1)


def bind(equation, inputs: Sequence[Any], *, double: bool) -> list:
    """Apply an equation's primitive to arrays, in float64 where ``double`` and where it can be."""
    primitive, params = equation.primitive, equation.params
    if not double:
        return _apply(primitive, params, inputs)
    if primitive.name == "reduce_precision":
        return list(inputs)
    if is_opaque(equation):
        dtypes = [atom.aval.dtype for atom in equation.invars]
        outputs = _apply(primitive, params, list(map(narrow, inputs, dtypes)))
        return list(map(widen, outputs))
    return _apply(primitive, widened_parameters(params, _widened_program), inputs)


def bind_complex(equation, inputs: Sequence[Any]) -> list:
    """Apply an equation traced for real numbers to complex ones."""
    params = widened_parameters(equation.params, _complex_program)
    params = {
        key: _complex_dtype(value) if isinstance(value, np.dtype) else value
        for key, value in params.items()
    }
    return _apply(equation.primitive, params, inputs)


def _apply(primitive, params, inputs) -> list:
    bound = primitive.get_bind_params(params)
    # before JAX 0.9 a pair: functions to pass first, then the parameters
    functions, params = bound if isinstance(bound, tuple) else ([], bound)

    def outputs_of(*arrays):
        outputs = primitive.bind(*functions, *arrays, **params)
        return list(outputs) if primitive.multiple_results else [outputs]

    try:
        return outputs_of(*inputs)
    except NotImplementedError:  # no rule for vmap, as of ragged_dot: one point after another
        return jax.custom_batching.sequential_vmap(outputs_of)(*inputs)


def _widened_program(closed: ClosedJaxpr) -> ClosedJaxpr:
    """The combiner of a reduction or a scatter, re-made for float64 operands."""
    return _remade(closed, wide_dtype)


def _complex_program(closed: ClosedJaxpr) -> ClosedJaxpr:
    return _remade(closed, lambda dtype: _complex_dtype(wide_dtype(dtype)))


def _complex_dtype(dtype: np.dtype) -> np.dtype:
    return np.dtype(np.complex128) if dtype == np.float64 else dtype


def _remade(closed: ClosedJaxpr, dtype_of: Callable) -> ClosedJaxpr:
    avals = [
        jax.ShapeDtypeStruct(v.aval.shape, dtype_of(v.aval.dtype)) for v in closed.jaxpr.invars
    ]

    def combine(*xs):
        return [out[0] for out in DOUBLE.run(closed.jaxpr, closed.consts, [(x,) for x in xs])]

    return jax.make_jaxpr(combine)(*avals)
