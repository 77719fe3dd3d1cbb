"""Inlining: a program as one straight list of equations, cut down to what a leaf reaches."""

from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any, NamedTuple

import jax
from jax import lax
from jax.extend.core import Literal

from purenet.jaxprs.primitives import facts
from purenet.jaxprs.program import Program, Straight, literal_array, scan_counts
from purenet.jaxprs.replay import NATIVE, Replay, bind
from purenet.jaxprs.widening import wide_dtype


class Cone(NamedTuple):
    """The equations on the way from one input to the outputs.

    Attributes:
        program: its inputs are that input, then ``reads``; its outputs those of ``outputs``.
        reads: the other values its equations read, by position in `Inlined.reads`.
        outputs: the positions of the outputs that depend on the input.
        touched: whether an output reads the input at all, held constant by stop_gradient or not.
    """

    program: Program
    reads: list[int]
    outputs: list[int]
    touched: bool


class Inlined(NamedTuple):
    """A program with its calls inlined, in the dtypes of the evaluation, one cone an input.

    Attributes:
        base: from constants and leaves to the outputs, then every value that a cone reads.
        constants: what ``base`` captured: the constants of nested programs.
        outputs: the number of outputs.
        cones: one for each leaf.
    """

    base: Program
    constants: list[Any]
    outputs: int
    cones: list[Cone]


@lru_cache(maxsize=64)
def inlined(program: Program, double: bool) -> Inlined:
    """Inline a program of (constants, leaves) and cut out the cone of each leaf.

    Custom derivatives go by their primal alone; stop_gradient stays an equation, at which a cone
    ends. A scan gets one more output for each carry: its value at the start of every step.
    With ``double``, call it under `working_precision`.
    """
    replay = _Inlining(double=double)
    leaves = [
        jax.ShapeDtypeStruct(x.shape, wide_dtype(x.dtype) if double else x.dtype)
        for x in program.inputs
    ]

    def run(constants, leaves):
        outputs = replay.run(program.jaxpr, constants, [(leaf,) for leaf in leaves])
        return [output[0] for output in outputs]

    closed = jax.make_jaxpr(run)(program.constants, leaves)
    jaxpr, count = closed.jaxpr, len(program.constants)
    equations = live(jaxpr.eqns, jaxpr.outvars)
    cones = [_cone(equations, leaf, jaxpr.outvars) for leaf in jaxpr.invars[count:]]
    reads = list(dict.fromkeys(v for _, read in cones for v in read))
    position = {v: i for i, v in enumerate(reads)}
    base = Straight(jaxpr.constvars, jaxpr.invars, equations, [*jaxpr.outvars, *reads])
    return Inlined(
        Program(base),
        list(closed.consts),
        len(jaxpr.outvars),
        [
            Cone(
                Program(straight),
                [position[v] for v in read],
                [i for i, v in enumerate(jaxpr.outvars) if v in straight.outvars],
                any(straight.invars[0] in (*e.invars, *jaxpr.outvars) for e in equations),
            )
            for straight, read in cones
        ],
    )


class Operation:
    """One equation as rules see it: a name, parameters, and a way to apply it to arrays."""

    def __init__(self, equation):
        self._equation = equation
        self.name: str = equation.primitive.name
        self.params: dict[str, Any] = equation.params
        self.shapes = [out.aval.shape for out in equation.outvars]
        self.dtypes = [out.aval.dtype for out in equation.outvars]

    def apply(self, *arrays: Any, **params: Any) -> list:
        """The outputs for arrays of any shapes the primitive takes, some parameters replaced."""
        if params:
            changed = self._equation.replace(params={**self.params, **params})
            return bind(changed, arrays, double=False)
        return bind(self._equation, arrays, double=False)

    def replayed(self, values: Sequence[tuple]) -> list[tuple]:
        """The outputs for values of one lane or two; see `Replay`."""
        return NATIVE.equation(self._equation, list(values))


def outputs(program: Program, constants: Sequence[Any], inputs: Sequence[Any]) -> list:
    """The outputs of an inlined program, such as `Inlined.base`, at arrays."""
    values = [(x,) for x in inputs]
    return [output[0] for output in NATIVE.run(program.jaxpr, constants, values)]


def walk(jaxpr: Any, inputs: Sequence, literal: Callable, step: Callable) -> list:
    """Evaluate equation by equation with values of any kind.

    Args:
        jaxpr: a jaxpr or a `Straight`.
        inputs: the values of its constants, then those of its inputs.
        literal: makes a value of a literal's array.
        step: ``step(operation, inputs) -> outputs``, values.
    """
    values = dict(zip([*jaxpr.constvars, *jaxpr.invars], inputs, strict=True))

    def read(atom):
        return literal(literal_array(atom)) if isinstance(atom, Literal) else values[atom]

    for equation in jaxpr.eqns:
        outputs = step(Operation(equation), [read(atom) for atom in equation.invars])
        values.update(zip(equation.outvars, outputs, strict=True))
    return [read(atom) for atom in jaxpr.outvars]


def live(equations, outputs):
    """The equations that an output depends on."""
    wanted = {v for v in outputs if not isinstance(v, Literal)}
    kept = []
    for equation in reversed(equations):
        if wanted.intersection(equation.outvars):
            kept.append(equation)
            wanted.update(v for v in equation.invars if not isinstance(v, Literal))
    return kept[::-1]


class _Inlining(Replay):
    """A replay to trace: what it binds is the inlined program."""

    def equation(self, equation, inputs: list[tuple]) -> list[tuple]:
        """As `Replay.equation`, but stop_gradient is kept."""
        if equation.primitive.name == "stop_gradient":
            return [(out,) for out in bind(equation, [x for (x,) in inputs], double=False)]
        return super().equation(equation, inputs)

    def _scan(self, params, inputs):
        constants, carry, xs = _scan_parts(params, [x for (x,) in inputs])
        n_carry = len(carry)

        def step(carry, x):
            arrays = [*constants, *carry, *x]
            outputs = [out[0] for out in self._call(params["jaxpr"], [(a,) for a in arrays])]
            return outputs[:n_carry], (outputs[n_carry:], carry)

        last, (ys, history) = lax.scan(
            step, carry, xs, length=params["length"], reverse=params["reverse"]
        )
        return [(out,) for out in (*last, *ys, *history)][: len(last) + len(ys)]


def _scan_parts(params, inputs):
    n_constants, n_carry = scan_counts(params)
    rest = inputs[n_constants:]
    return inputs[:n_constants], rest[:n_carry], rest[n_carry:]


def _cone(equations, leaf, outputs) -> tuple[Straight, list]:
    """The equations between a leaf and the outputs, and the other variables that they read."""
    reached = {leaf}
    moving = []
    for equation in equations:
        blocked = equation.primitive.name == "stop_gradient"
        if not blocked and any(_is_in(reached, v) for v in equation.invars):
            moving.append(_moved_first(equation, reached))
            reached.update(equation.outvars)
    ends = [v for v in outputs if _is_in(reached, v)]
    moving = live(moving, ends)
    read = dict.fromkeys(
        v
        for equation in moving
        for v in equation.invars
        if not isinstance(v, Literal) and v not in reached
    )
    return Straight([], [leaf, *read], moving, ends), list(read)


def _moved_first(equation, reached: set):
    """A sum or product with the operand that moves in front, so that like cones are equal."""
    if not facts(equation.primitive.name).commutative:
        return equation
    operands = sorted(equation.invars, key=lambda v: not _is_in(reached, v))
    return equation.replace(invars=operands)


def _is_in(variables: set, atom) -> bool:
    return not isinstance(atom, Literal) and atom in variables
