"""Element by element: the patch goes through, and reads of the other operands what it needs."""

from typing import Any

import jax.numpy as jnp

from purenet.fd.incremental.patch import LANES, Value, common, spread

# fmt: off
NAMES = (
    # arithmetic
    "add", "add_any", "sub", "mul", "div", "rem", "neg", "sign", "abs", "max", "min", "pow",
    "integer_pow", "square", "sqrt", "rsqrt", "cbrt", "floor", "ceil", "round", "nextafter",
    "real", "imag", "conj", "complex",
    # elementary and special functions
    "exp", "exp2", "expm1", "log", "log1p", "logistic", "sin", "cos", "tan", "asin", "acos", "atan",
    "atan2", "sinh", "cosh", "tanh", "asinh", "acosh", "atanh", "erf", "erfc", "erf_inv", "lgamma",
    "digamma", "polygamma", "igamma", "igammac", "igamma_grad_a", "random_gamma_grad", "zeta",
    "bessel_i0e", "bessel_i1e", "regularized_incomplete_beta",
    # comparisons, bits and choices
    "eq", "ne", "lt", "le", "gt", "ge", "eq_to", "le_to", "lt_to", "is_finite", "and", "or", "xor",
    "not", "shift_left", "shift_right_arithmetic", "shift_right_logical", "population_count", "clz",
    "select_n", "clamp",
    # the same numbers in other clothes
    "convert_element_type", "reduce_precision", "copy", "copy_p", "name",
)
# fmt: on


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
