"""Rounding: how far the rounding errors of a program may have moved its outputs, by shaking it."""

import math
from collections.abc import Callable, Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax
from jax.extend import core

from purenet.jaxprs.compiled import held, jitted
from purenet.jaxprs.cost import work_of
from purenet.jaxprs.foreign import is_opaque
from purenet.jaxprs.primitives import facts
from purenet.jaxprs.program import Program, is_traced
from purenet.jaxprs.replay import Replay
from purenet.jaxprs.widening import is_extended, wide_dtype

# without either test_what_is_shaken_covers_the_error_several_times fails
SHAKES = 7
_ALLOWANCE = 8  # roundings by which each operation is moved: few draws show too little
_MIXERS = tuple(map(np.uint64, (0x9E3779B97F4A7C15, 0xBF58476D1CE4E5B9, 0x94D049BB133111EB)))
# without it test_a_table_of_constants_was_rounded_and_data_are_what_they_are fails
_TABLE = 64  # elements up to which an array is a table of constants
_SHORT = 2**12  # a number that is a multiple of 1/4096 no larger than 4096 was meant as it is


def rounded(program: Program, constants: Sequence[Any], leaves: Sequence[Any]) -> tuple[list, list]:
    """The outputs of a program in float64, and how far rounding may have moved each of them.

    The program is evaluated a few times more, each operation that rounds moved by eight roundings
    up or down at random (products and sums of n terms by the square root of n times that), and each
    literal and table of constants by a rounding of the dtype it was traced in: what a float32
    program holds of the number pi errs by 1e-8, and no wider arithmetic fixes it. The largest
    deviation counts.

    Source: Monte Carlo arithmetic, Parker, Pierce & Eggert, Computing in Science & Engineering
    2:58, 2000.

    Call it under ``working_precision(True)``, the leaves in their wide dtypes.
    """
    return _rounded(program)(list(constants), list(leaves))


def moved_by_constants(
    program: Program, constants: Sequence[Any], leaves: Sequence[Any]
) -> list[Any]:
    """How far the rounding of a program's constants may have moved its derivatives.

    A function that computes by an approximation whose coefficients were rounded to float32 has
    another derivative than the function that it approximates, by which a derivative rule goes.

    Returns:
        For each leaf an array of shape (outputs, *leaf shape); zeros where JAX cannot differentiate
        the program without its rules.
    """
    for jacobian in (jax.jacrev, jax.jacfwd):  # a loop may have only the second
        try:
            return _moved_by_constants(program, jacobian)(list(constants), list(leaves))
        except (NotImplementedError, TypeError, ValueError):
            continue
    sizes: Any = [out.aval for out in program.jaxpr.outvars]
    return [jnp.zeros((sum(aval.size for aval in sizes), *leaf.shape)) for leaf in leaves]


@held
def _moved_by_constants(program: Program, jacobian: Callable):
    def run(constants, leaves):
        def at(seed):
            def outputs(leaves):
                shaken = _Shaken(seed, constants_alone=True)
                values = shaken.run(program.jaxpr, constants, [(leaf,) for leaf in leaves])
                return jnp.concatenate([jnp.ravel(out[-1]) for out in values])

            return jacobian(outputs)(leaves)

        return _shaken_by_turns(at)[1]

    return jitted(run, (SHAKES + 1) * work_of(program).operations)


@held
def _rounded(program: Program):
    def run(constants, leaves):
        def at(seed):
            shaken = _Shaken(seed)
            outputs = shaken.run(program.jaxpr, constants, [(leaf,) for leaf in leaves])
            return [out[-1] for out in outputs]

        return _shaken_by_turns(at)

    return jitted(run, (SHAKES + 1) * work_of(program).operations)


def _shaken_by_turns(at: Callable[[Any], list]) -> tuple[list, list]:
    """The outputs as they are, and how far any shake moves each of them.

    One shake after another, in the memory of one; seed 0 is no shake, and comes first.
    """
    program, shapes = jax.make_jaxpr(at, return_shape=True)(np.uint64(0))
    evaluate = core.jaxpr_as_fun(program)

    def turn(before, seed):
        exact, most = before
        outputs = evaluate(seed)
        exact = [jnp.where(seed == 0, out, one) for out, one in zip(outputs, exact, strict=True)]
        most = [_larger(m, out - one) for m, out, one in zip(most, outputs, exact, strict=True)]
        return (exact, most), None

    zeros = [jnp.zeros(out.shape, out.dtype) for out in shapes]
    return lax.scan(turn, (zeros, zeros), jnp.arange(SHAKES + 1, dtype=np.uint64))[0]


def _larger(most: Any, deviation: Any) -> Any:
    """The larger of two deviations, of real and imaginary parts each for itself."""
    if jnp.iscomplexobj(deviation):
        real, imaginary = _larger(most.real, deviation.real), _larger(most.imag, deviation.imag)
        return lax.complex(real, imaginary)
    # a shake may leave the domain of a root or a logarithm: that says nothing of the others
    return jnp.maximum(most, jnp.where(jnp.isfinite(deviation), jnp.abs(deviation), 0.0))


class _Shaken(Replay):
    """A replay in float64 whose roundings are made visible; seed 0 leaves them as they are."""

    def __init__(self, seed: Any, *, constants_alone: bool = False):
        super().__init__(double=True)
        self._seed = seed
        self._constants_alone = constants_alone

    def constant(self, array: Any) -> tuple:
        """A constant; what was likely rounded to its dtype is shaken by that rounding.

        Large arrays are data, and the same on both sides of a comparison.
        """
        (wide,) = super().constant(array)
        dtype = jnp.result_type(array)
        if np.size(array) > _TABLE or is_extended(dtype) or wide_dtype(dtype) == dtype:
            return (wide,)
        if not is_traced(array) and _is_meant(np.asarray(array, wide.dtype), np).all():
            return (wide,)  # as most literals are: a shorter program
        moved = self._moved(wide, 0.5 * float(jnp.finfo(dtype).eps))
        return (jnp.where(_is_meant(wide, jnp), wide, moved),)

    def apply(self, equation, lane: list) -> list:
        """The outputs of an equation, moved by a rounding where it rounds."""
        outputs = super().apply(equation, lane)
        name = equation.primitive.name
        if self._constants_alone or _never_rounds(name, lane):
            return outputs
        roundings = _ALLOWANCE * math.sqrt(_terms(equation))
        moved = [
            self._moved(out, roundings * _unit(equation, variable))
            for out, variable in zip(outputs, equation.outvars, strict=True)
        ]
        if facts(name).rounds == "sometimes" and outputs[0].dtype == np.float64:
            exact = _is_exact(name, *(jnp.asarray(x, np.float64) for x in lane))
            return [jnp.where(exact, outputs[0], moved[0])]
        return moved

    def _moved(self, x: Any, size: float) -> Any:
        if jnp.iscomplexobj(x):
            return lax.complex(self._moved(x.real, size), self._moved(x.imag, size))
        if x.dtype != np.float64 or size == 0:
            return x
        up = _mixed(lax.bitcast_convert_type(x, np.uint64) ^ (self._seed * _MIXERS[0])) == 1
        direction = jnp.where(self._seed == 0, 0.0, jnp.where(up, size, -size))
        return x * (1 + direction)


def _is_meant(x: Any, numpy: Any) -> Any:
    """Where a constant is what was written, and no rounding of it."""
    return (x * _SHORT == numpy.round(x * _SHORT)) & (abs(x) <= _SHORT)


def _never_rounds(name: str, lane: list) -> bool:
    rounds = facts(name).rounds
    return rounds == "never" or (rounds == "complex" and not any(map(jnp.iscomplexobj, lane)))


def _is_exact(name: str, x: Any, y: Any) -> Any:
    """Where an operation on numbers of float64 has no rounding.

    A product with a power of two, and a difference of numbers within a factor of two of one
    another (Sterbenz, Floating-Point Computation, 1974) or with zero.
    """
    if name == "mul":
        return _is_power_of_two(x) | _is_power_of_two(y)
    if name == "div":
        return _is_power_of_two(y)
    y = y if name == "sub" else -y
    return (x == 0) | (y == 0) | ((x / y >= 0.5) & (x / y <= 2.0))


def _is_power_of_two(x: Any) -> Any:
    """Whether no bit of the mantissa is set; zero counts."""
    return lax.bitcast_convert_type(x, np.uint64) << np.uint64(12) == 0


def _mixed(bits: Any) -> Any:
    """One bit of all 64, as good as drawn: splitmix64, Steele, Lea & Flood, OOPSLA 2014."""
    for shift, mixer in zip((30, 27), _MIXERS[1:], strict=True):
        bits = (bits ^ (bits >> np.uint64(shift))) * mixer
    return bits >> np.uint64(63)


def _unit(equation: Any, variable: Any) -> float:
    """The rounding of one operation: that of float64, or of the dtype it must run in."""
    dtype = variable.aval.dtype
    if is_opaque(equation) and not is_extended(dtype) and jnp.issubdtype(dtype, jnp.inexact):
        return float(jnp.finfo(dtype).eps)
    return float(np.finfo(np.float64).eps)


def _terms(equation) -> int:
    """The number of terms that each element of an output sums."""
    name = equation.primitive.name
    shapes: list[Any] = [getattr(v.aval, "shape", ()) for v in equation.invars]
    if name == "dot_general":
        (contracted, _), _ = equation.params["dimension_numbers"]
        return max(1, math.prod(shapes[0][axis] for axis in contracted))
    if name == "conv_general_dilated":
        return max(1, math.prod(shapes[1]))
    read = max((math.prod(shape) for shape in shapes), default=1)
    if name.startswith("cum"):
        return max(1, shapes[0][equation.params["axis"]])
    written = max((math.prod(v.aval.shape) for v in equation.outvars), default=1)
    return max(1, read // max(1, written))
