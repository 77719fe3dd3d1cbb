"""Rounding: how far the rounding errors of a program may have moved its outputs, by shaking it."""

import math
from collections.abc import Callable, Sequence
from functools import lru_cache, partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

from purenet.jaxprs.program import Program, is_traced
from purenet.jaxprs.replay import Replay
from purenet.jaxprs.widening import is_extended, keeps_dtype

SHAKES = 7
_SMALL = 2**16  # elements of all intermediate values up to which the shakes are made together
_ALLOWANCE = 8  # roundings by which each operation is moved: few draws show too little
_MIXERS = tuple(map(np.uint64, (0x9E3779B97F4A7C15, 0xBF58476D1CE4E5B9, 0x94D049BB133111EB)))
_SHORT = 2**12  # a literal that is a multiple of 1/4096 no larger than 4096 was meant as it is
_EXACT = {
    "abs", "and", "argmax", "argmin", "broadcast_in_dim", "bitcast_convert_type", "ceil", "clamp",
    "clz", "complex", "concatenate", "conj", "convert_element_type", "copy", "cummax", "cummin",
    "dynamic_slice", "dynamic_update_slice", "eq", "expand_dims", "floor", "gather", "ge", "gt",
    "imag", "iota", "is_finite", "le", "lt", "max", "min", "ne", "neg", "nextafter", "not", "or",
    "pad", "real", "reduce_and", "reduce_max", "reduce_min", "reduce_or", "reduce_precision",
    "reshape", "rev", "round", "scatter", "select_and_gather_add", "select_n", "shift_left",
    "shift_right_arithmetic", "shift_right_logical", "sign", "slice", "sort", "split", "squeeze",
    "stop_gradient", "top_k", "transpose", "xor",
}  # fmt: skip


def rounded(program: Program, constants: Sequence[Any], leaves: Sequence[Any]) -> tuple[list, list]:
    """The outputs of a program in float64, and how far rounding may have moved each of them.

    The program is evaluated a few times more, each operation that rounds moved by eight roundings
    up or down at random (products and sums of n terms by the square root of n times that), and each
    literal by a rounding of the dtype it was traced in: what a float32 program holds of the number
    pi errs by 1e-8, and no wider arithmetic mends it. The largest deviation counts.

    Source: Monte Carlo arithmetic, Parker, Pierce & Eggert, Computing in Science & Engineering
    2:58, 2000.

    Call it under ``working_precision(True)``, the leaves in their wide dtypes.
    """
    constants, leaves = list(constants), list(leaves)
    if program.intermediate_size <= _SMALL:
        try:
            return _rounded(program, jax.vmap)(constants, leaves)
        except (NotImplementedError, ValueError):  # a callback that takes one point at a time
            pass
    return _rounded(program, _one_by_one)(constants, leaves)


def _one_by_one(function: Callable) -> Callable:
    """As jax.vmap, but in no more memory than one evaluation takes."""
    return partial(lax.map, function)


@lru_cache(maxsize=256)
def _rounded(program: Program, mapped: Callable):
    @jax.jit
    def run(constants, leaves):
        def at(seed):
            shaken = _Shaken(seed)
            outputs = shaken.run(program.jaxpr, constants, [(leaf,) for leaf in leaves])
            return [out[-1] for out in outputs]

        outputs = mapped(at)(jnp.arange(SHAKES + 1, dtype=np.uint64))
        return (
            [out[0] for out in outputs],
            [_largest(out[1:] - out[0]) for out in outputs],
        )

    return run


def _largest(deviations: Any) -> Any:
    """The largest along the first axis, of real and imaginary parts each for itself."""
    if jnp.iscomplexobj(deviations):
        return lax.complex(_largest(deviations.real), _largest(deviations.imag))
    return jnp.max(jnp.abs(deviations), axis=0)


class _Shaken(Replay):
    """A replay in float64 whose roundings are made visible; seed 0 leaves them as they are."""

    def __init__(self, seed: Any):
        super().__init__(double=True)
        self._seed = seed

    def constant(self, array: Any) -> tuple:
        """A constant; a literal that was rounded to its dtype is shaken by that rounding."""
        (wide,) = super().constant(array)
        if not is_traced(array) and np.ndim(array) == 0 and _is_rounded(np.asarray(array)):
            wide = self._moved(wide, float(jnp.finfo(array.dtype).eps) / 2)
        return (wide,)

    def apply(self, equation, lane: list) -> list:
        """The outputs of an equation, moved by a rounding where it rounds."""
        outputs = super().apply(equation, lane)
        name = equation.primitive.name
        if name in _EXACT:
            return outputs
        roundings = _ALLOWANCE * math.sqrt(_terms(equation))
        return [
            self._moved(out, roundings * _unit(name, variable))
            for out, variable in zip(outputs, equation.outvars, strict=True)
        ]

    def _moved(self, x: Any, size: float) -> Any:
        if jnp.iscomplexobj(x):
            return lax.complex(self._moved(x.real, size), self._moved(x.imag, size))
        if x.dtype != np.float64 or size == 0:
            return x
        up = _mixed(lax.bitcast_convert_type(x, np.uint64) ^ (self._seed * _MIXERS[0])) == 1
        direction = jnp.where(self._seed == 0, 0.0, jnp.where(up, size, -size))
        return x * (1 + direction)


def _mixed(bits: Any) -> Any:
    """One bit of all 64, as good as drawn: splitmix64, Steele, Lea & Flood, OOPSLA 2014."""
    for shift, mixer in zip((30, 27), _MIXERS[1:], strict=True):
        bits = (bits ^ (bits >> np.uint64(shift))) * mixer
    return bits >> np.uint64(63)


def _is_rounded(array: np.ndarray) -> bool:
    """Whether a literal is likely the rounding of a number that its dtype does not hold."""
    if is_extended(array.dtype) or not jnp.issubdtype(array.dtype, jnp.floating):
        return False
    if array.dtype == np.float64 or not np.isfinite(array):
        return False
    scaled = float(array) * _SHORT
    return scaled != round(scaled) or abs(float(array)) > _SHORT


def _unit(name: str, variable: Any) -> float:
    """The rounding of one operation: that of float64, or of the dtype it must run in."""
    dtype = variable.aval.dtype
    if keeps_dtype(name) and not is_extended(dtype) and jnp.issubdtype(dtype, jnp.inexact):
        return float(jnp.finfo(dtype).eps)
    return float(np.finfo(np.float64).eps)


def _terms(equation) -> int:
    """The number of terms that each element of an output sums."""
    name, shapes = equation.primitive.name, [getattr(v.aval, "shape", ()) for v in equation.invars]
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
