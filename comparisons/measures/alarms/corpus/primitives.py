"""How the functions of jax.lax are asked, those apart that index, loop or take functions."""

import jax.numpy as jnp
import numpy as np
from jax import lax

from comparisons.measures.alarms.corpus import structure
from comparisons.measures.alarms.corpus.domains import (
    INSIDE,
    ONE,
    POSITIVE,
    TWO,
    UNIT,
    VECTOR,
    between,
    joined,
    quotients,
    signed,
)
from comparisons.measures.alarms.corpus.recipes import (
    Namespace,
    Recipe,
    Recipes,
    complexly,
    same,
)

_EXCLUDED = {
    "returns truth values or integers": (
        "argmax argmin clz eq ge gt is_finite le lt ne population_count"
    ),
    "of integers": (
        "bitwise_and bitwise_not bitwise_or bitwise_xor mulhi reduce_and reduce_or reduce_xor"
        " shift_left shift_right_arithmetic shift_right_logical"
    ),
    "about the bits of floating-point numbers": "bitcast_convert_type",
    "a constant, whatever the numbers in its arguments": (
        "broadcasted_iota empty full full_like iota shape_as_value"
    ),
    "returns shapes or a configuration": (
        "broadcast_shapes conv_dimension_numbers conv_general_permutations conv_general_shape_tuple"
        " conv_shape_tuple conv_transpose_shape_tuple dtype padtype_to_pads"
        " reduce_window_shape_tuple"
    ),
    "types that can be called": (
        "ConvGeneralDilatedDimensionNumbers DotDimensionNumbers PrecisionLike"
    ),
    "between devices, or about where an array lies": (
        "after_all all_gather all_gather_invariant all_gather_reduced all_to_all axis_index"
        " axis_size create_token pbroadcast pcast pmax pmean pmin ppermute precv psend pshuffle"
        " psum psum_scatter psum_scatter_start pswapaxes pvary ragged_all_to_all reduced_psum"
        " unreduced_psum with_sharding_constraint"
    ),
    "random bits": "rng_bit_generator rng_uniform",
    "the derivative is zero on purpose, whatever the value does": "stop_gradient",
    "no derivative is defined": (
        "composite igamma_grad_a nextafter random_gamma_grad scatter_apply zeta"
    ),
    "no derivative is defined backwards": "while_loop",
    "quantised to eight bits or fewer": "scaled_dot",
    "for the compiler, returns nothing": "dce_sink",
}

PRODUCT = between(-1.5, 1.5, (2, 3), (3, 2))
RAGGED = between(-1.5, 1.5, (3, 2), (2, 2, 2))

_RAGGED_DIMENSIONS = lax.RaggedDotDimensionNumbers(
    dot_dimension_numbers=(((1,), (1,)), ((), ())),
    lhs_ragged_dimensions=[0],
    rhs_group_dimensions=[0],
)

_DOMAINS: Recipes = {
    **same("acos asin atanh erf_inv", Recipe(INSIDE)),
    "acosh": Recipe(between(1.3, 4, (2, 3))),
    **same("digamma lgamma log rsqrt sqrt", Recipe(POSITIVE)),
    "log1p": Recipe(between(-0.6, 2, (2, 3))),
    **same("cbrt reciprocal", Recipe(signed(0.4, 2, (2, 3)))),
    "tan": Recipe(between(-1.2, 1.2, (2, 3))),
    "atan2": Recipe(signed(0.4, 2, (2, 3), (2, 3))),
    "div": Recipe(joined(ONE, signed(0.5, 2, (2, 3)))),
    "rem": Recipe(quotients),
    "pow": Recipe(joined(POSITIVE, ONE)),
    "integer_pow": Recipe(ONE, lambda f, x: f(x, 3)),
    **same("igamma igammac", Recipe(between(0.5, 3, (2, 3), (2, 3)))),
    "polynomial": Recipe(TWO, lambda f, x, y: f(x, (1.25, y, 0.7))),
    "betainc": Recipe(UNIT, lambda f, x: f(jnp.full_like(x, 1.5), jnp.full_like(x, 2.5), x), "x"),
    "polygamma": Recipe(POSITIVE, lambda f, x: f(jnp.full_like(x, 2), x), "x"),
    **same("complex", Recipe(TWO)),
    **same("conj imag real", Recipe(TWO, complexly)),
    "clamp": Recipe(
        between(-1.5, 1.5, (2, 3), (2, 3), (2, 3)),
        # bounds in order, or the function is not what it is called
        lambda f, low, x, high: f(low, x, low + high**2 + 0.1),
    ),
    "reduce_precision": Recipe(
        ONE, lambda f, x: f(x, jnp.finfo(x.dtype).nexp, jnp.finfo(x.dtype).nmant)
    ),
    "convert_element_type": Recipe(ONE, lambda f, x: f(x, x.dtype)),
}

_REDUCTIONS: Recipes = {
    **same("reduce_max reduce_min reduce_sum", Recipe(ONE, lambda f, x: f(x, (1,)))),
    "reduce_prod": Recipe(signed(0.4, 2, (2, 3)), lambda f, x: f(x, (1,))),
    **same("cumlogsumexp cummax cummin cumsum", Recipe(ONE, lambda f, x: f(x, axis=1))),
    "cumprod": Recipe(signed(0.4, 2, (2, 3)), lambda f, x: f(x, axis=1)),
    **same("approx_max_k approx_min_k top_k", Recipe(ONE, lambda f, x: f(x, 2))),
    "sort_key_val": Recipe(TWO),
}

_PRODUCTS: Recipes = {
    "dot": Recipe(PRODUCT),
    "dot_general": Recipe(PRODUCT, lambda f, x, y: f(x, y, (((1,), (0,)), ((), ())))),
    "batch_matmul": Recipe(between(-1.5, 1.5, (2, 1, 3), (2, 3, 2))),
    "conv": Recipe(
        between(-1.5, 1.5, (1, 1, 3, 4), (1, 1, 2, 2)), lambda f, x, y: f(x, y, (1, 1), "SAME")
    ),
    "conv_general_dilated": Recipe(
        between(-1.5, 1.5, (1, 2, 6), (2, 1, 2)),
        lambda f, x, y: f(x, y, (2,), [(1, 1)], rhs_dilation=(2,), feature_group_count=2),
    ),
    "conv_general_dilated_local": Recipe(
        between(-1.5, 1.5, (1, 1, 4), (1, 2, 3)), lambda f, x, y: f(x, y, (1,), "VALID", (2,))
    ),
    "conv_general_dilated_patches": Recipe(
        between(-1.5, 1.5, (1, 1, 6)), lambda f, x: f(x, (2,), (1,), "VALID")
    ),
    "conv_transpose": Recipe(
        between(-1.5, 1.5, (1, 4, 1), (2, 1, 1)),
        lambda f, x, y: f(x, y, (2,), "SAME", dimension_numbers=("NHC", "HIO", "NHC")),
    ),
    "conv_with_general_padding": Recipe(
        between(-1.5, 1.5, (1, 1, 3, 3), (1, 1, 2, 2)),
        lambda f, x, y: f(x, y, (1, 1), [(1, 0), (0, 1)], (1, 1), (1, 1)),
    ),
    "ragged_dot": Recipe(RAGGED, lambda f, x, y: f(x, y, np.array([2, 1], np.int32))),
    "ragged_dot_general": Recipe(
        RAGGED, lambda f, x, y: f(x, y, np.array([2, 1], np.int32), _RAGGED_DIMENSIONS)
    ),
    "fft": (
        Recipe(TWO, lambda f, x, y: f(lax.complex(x, y), "FFT", (3,)), "complex"),
        Recipe(ONE, lambda f, x: f(x, "RFFT", (3,)), "real"),
    ),
}

_SHAPES: Recipes = {
    "broadcast": Recipe(ONE, lambda f, x: f(x, (2,))),
    "broadcast_in_dim": Recipe(ONE, lambda f, x: f(x, (2, 2, 3), (0, 2))),
    "broadcast_like": Recipe(VECTOR, lambda f, x: f(x, np.zeros((2, 6), x.dtype))),
    "broadcast_to_rank": Recipe(ONE, lambda f, x: f(x, 3)),
    "collapse": Recipe(ONE, lambda f, x: f(x, 0, 2)),
    "concatenate": Recipe(TWO, lambda f, x, y: f([x, y], 1)),
    "stack": Recipe(TWO, lambda f, x, y: f([x, y])),
    "expand_dims": Recipe(ONE, lambda f, x: f(x, (1,))),
    "pad": Recipe(joined(ONE, between(0, 1, ())), lambda f, x, y: f(x, y, [(1, -1, 0), (0, 2, 1)])),
    "reshape": Recipe(ONE, lambda f, x: f(x, (3, 2))),
    "rev": Recipe(ONE, lambda f, x: f(x, (0, 1))),
    "split": Recipe(ONE, lambda f, x: f(x, (1, 2), axis=1)),
    "squeeze": Recipe(between(-1.5, 1.5, (2, 1, 3)), lambda f, x: f(x, (1,))),
    "tile": Recipe(ONE, lambda f, x: f(x, (2, 1))),
    "transpose": Recipe(ONE, lambda f, x: f(x, (1, 0))),
}

_RECIPES: Recipes = _DOMAINS | _REDUCTIONS | _PRODUCTS | _SHAPES | structure.RECIPES

LAX = Namespace("jax.lax", _RECIPES, _EXCLUDED)
