"""Counted work: what a program costs, in elements, without running it."""

import math
from typing import Any, NamedTuple

import jax

from purenet.jaxprs.primitives import facts
from purenet.jaxprs.program import Program, nested

RATE = 3e9  # operations a second, on two cores: what `comparisons speed` and its networks take
_COMPILED = 0.5  # seconds for a program, and for each equation: of mlps of up to three layers
_PER_EQUATION = 0.05
# in units of one element of a fused addition, all in float64, by timing each on two cores
_MULTIPLY_ADD = 1.0  # within a matrix product
_CONVOLVED = 2.0  # within a convolution, for which XLA has no library on the CPU
_WRITTEN = {"free": 0.0, "part": 1.0, "special": 6.0, "gathered": 8.0}  # per element of an output


class Work(NamedTuple):
    """What a program costs.

    Attributes:
        operations: element-wise additions that take as long.
        elements: of all values that are alive together, at the most; its inputs do not count.
        largest: the elements of the largest value.
    """

    operations: float
    elements: int
    largest: int


def work(function: Any, *arguments: Any) -> Work:
    """The work of a function at arguments, or at their shapes and dtypes."""
    return _count(jax.make_jaxpr(function)(*arguments).jaxpr)


def work_of(program: Program) -> Work:
    """The work of a program, as it was traced."""
    return _count(program.jaxpr)


def compile_seconds(program: Program) -> float:
    """About how long it takes to compile a program that does for each equation what it says."""
    return _COMPILED + _PER_EQUATION * program.size


def _count(jaxpr) -> Work:
    operations, alive, most, largest = 0.0, 0, 0, 0
    last_use = {id(v): i for i, e in enumerate(jaxpr.eqns) for v in e.invars}
    last_use |= {id(v): len(jaxpr.eqns) for v in jaxpr.outvars}
    ending: dict[int, int] = {}  # equation: the elements of the values it is the last to read
    for i, equation in enumerate(jaxpr.eqns):
        inner = [_count(program) for program in nested(equation.params)]
        sizes = [_size(out) for out in equation.outvars]
        operations += _operations(equation, inner, sum(sizes))
        alive += sum(sizes)
        most = max(most, alive + max((program.elements for program in inner), default=0))
        largest = max(largest, *sizes, *(program.largest for program in inner), 0)
        for out, size in zip(equation.outvars, sizes, strict=True):
            end = last_use.get(id(out), i)
            ending[end] = ending.get(end, 0) + size
        alive -= ending.pop(i, 0)
    return Work(operations, most, largest)


def _operations(equation, inner: list[Work], size: int) -> float:
    costs = [program.operations for program in inner]
    if not costs:
        return _cost(equation, size)
    if equation.primitive.name == "cond":
        return max(costs)
    times = equation.params["length"] if equation.primitive.name == "scan" else 1
    return times * sum(costs)


def _cost(equation, size: int) -> float:
    name = equation.primitive.name
    read = max((_size(operand) for operand in equation.invars), default=0)
    if name == "dot_general":
        (contracted, _), _ = equation.params["dimension_numbers"]
        lhs = equation.invars[0].aval.shape
        depth = math.prod(lhs[axis] for axis in contracted)
        return _MULTIPLY_ADD * size * depth + size + read
    if name == "conv_general_dilated":
        kernel = equation.invars[1].aval.shape
        outputs = kernel[equation.params["dimension_numbers"].rhs_spec[0]]
        return _CONVOLVED * size * math.prod(kernel) / outputs + size + read
    cost = facts(name).cost
    return _WRITTEN[cost] * size if cost in _WRITTEN else float(max(size, read))


def _size(atom) -> int:
    return math.prod(getattr(atom.aval, "shape", ()))
