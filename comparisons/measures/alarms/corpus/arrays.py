"""How the functions of jax.numpy are asked; what is not in the table takes one or two arrays."""

import jax.numpy as jnp
import numpy as np

from comparisons.measures.alarms.corpus.domains import (
    INSIDE,
    ONE,
    POSITIVE,
    SCALAR,
    TWO,
    VECTOR,
    VECTORS,
    ascending,
    between,
    joined,
    polynomial,
    quotients,
    signed,
    winding,
)
from comparisons.measures.alarms.corpus.recipes import (
    Namespace,
    Recipe,
    Recipes,
    complexly,
    same,
)

_EXCLUDED = {
    "returns truth values": (
        "all allclose any array_equal array_equiv can_cast equal greater greater_equal isclose"
        " iscomplex iscomplexobj isdtype isfinite isin isinf isnan isneginf isposinf isreal"
        " isrealobj isscalar issubdtype iterable less less_equal logical_and logical_not logical_or"
        " logical_xor not_equal signbit"
    ),
    "returns positions, counts, sizes or shapes": (
        "argmax argmin argpartition argsort argwhere broadcast_shapes count_nonzero diag_indices"
        " diag_indices_from digitize flatnonzero indices ix_ lexsort mask_indices nanargmax"
        " nanargmin ndim nonzero ravel_multi_index searchsorted shape size tril_indices"
        " tril_indices_from triu_indices triu_indices_from unravel_index"
    ),
    "of integers": (
        "bitwise_and bitwise_count bitwise_invert bitwise_left_shift bitwise_not bitwise_or"
        " bitwise_right_shift bitwise_xor gcd invert lcm left_shift packbits right_shift unpackbits"
    ),
    "a constant, whatever the numbers in its arguments": (
        "arange bartlett blackman empty empty_like eye full full_like hamming hanning identity ones"
        " ones_like tri zeros zeros_like"
    ),
    "a set: how many elements it has is not known under jit": (
        "intersect1d setdiff1d setxor1d trim_zeros union1d unique unique_all unique_counts"
        " unique_inverse unique_values"
    ),
    "no derivative is defined": "nextafter spacing",
    "reads, writes, prints or describes": (
        "array_repr array_str einsum_path from_dlpack frombuffer fromfile fromiter fromstring"
        " get_printoptions load printoptions promote_types result_type save savez set_printoptions"
    ),
    "makes a function": "frompyfunc",
    "of a function of integers": "fromfunction",
}

MASK = np.array([[True, False, True], [False, True, False]])
FLAT_MASK = np.array([True, False, True, False, True, True])
SQUARE = between(-1.5, 1.5, (2, 2))
CUBE = between(-1.5, 1.5, (2, 2, 2))
FLATS = between(-1.5, 1.5, (4,), (3,))
PRODUCT = between(-1.5, 1.5, (2, 3), (3, 2))
BESIDE = between(-1.5, 1.5, (2, 3), (3,))
BINS = np.array([0.1, 0.4, 0.45, 0.8, 0.9, 0.2])

_DOMAINS: Recipes = {
    **same("acos arccos asin arcsin atanh arctanh", Recipe(INSIDE)),
    **same("acosh arccosh", Recipe(between(1.3, 4, (2, 3)))),
    **same("log log10 log2 sqrt", Recipe(POSITIVE)),
    "log1p": Recipe(between(-0.6, 2, (2, 3))),
    **same("cbrt reciprocal", Recipe(signed(0.4, 2, (2, 3)))),
    "frexp": Recipe(signed(1.1, 1.9, (2, 3))),
    "tan": Recipe(between(-1.2, 1.2, (2, 3))),
    **same("divide true_divide", Recipe(joined(ONE, signed(0.5, 2, (2, 3))))),
    **same("arctan2 atan2 hypot", Recipe(signed(0.4, 2, (2, 3), (2, 3)))),
    **same("divmod floor_divide fmod mod remainder", Recipe(quotients)),
    **same("float_power pow power", Recipe(joined(POSITIVE, ONE))),
    "unwrap": Recipe(winding),
    **same("prod nanprod", Recipe(signed(0.4, 2, (2, 3)), lambda f, x: f(x, axis=1))),
    **same("geomspace", Recipe(between(0.5, 3, (2,), (2,)), lambda f, a, b: f(a, b, num=4))),
    **same("linspace logspace", Recipe(between(-1, 1, (2,), (2,)), lambda f, a, b: f(a, b, num=4))),
    "kaiser": Recipe(SCALAR, lambda f, beta: f(5, beta), "beta"),
    "interp": Recipe(
        joined(ascending(-1.5, 1.5, (4,)), between(-1.4, 1.4, (4,))),
        lambda f, x, y: f((x[1:] + 2 * x[:-1]) / 3, x, y),
    ),
}

_COMPLEX: Recipes = same("angle imag real conj conjugate sort_complex", Recipe(TWO, complexly))

_REDUCTIONS: Recipes = {
    **same("cumulative_prod cumulative_sum", Recipe(ONE, lambda f, x: f(x, axis=1))),
    **same("percentile nanpercentile", Recipe(ONE, lambda f, x: f(x, 30.0))),
    **same(
        "quantile nanquantile",
        Recipe(joined(ONE, between(0.02, 0.18, ())), lambda f, x, q: f(x, q)),
    ),
    "average": Recipe(joined(ONE, POSITIVE), lambda f, x, w: f(x, axis=0, weights=w)),
    "bincount": Recipe(
        VECTOR, lambda f, w: f(np.array([0, 2, 1, 1, 2, 2]), w, length=3), "weights"
    ),
    "histogram": Recipe(VECTOR, lambda f, w: f(BINS, bins=3, weights=w)[0], "weights"),
    "histogram2d": Recipe(
        VECTOR, lambda f, w: f(BINS, BINS[::-1], bins=2, weights=w)[0], "weights"
    ),
    "histogramdd": Recipe(
        VECTOR, lambda f, w: f(np.stack([BINS, BINS[::-1]], 1), bins=2, weights=w)[0], "weights"
    ),
    "histogram_bin_edges": Recipe(VECTOR, lambda f, x: f(x, bins=3)),
    "apply_along_axis": Recipe(ONE, lambda f, x: f(lambda row: jnp.sum(row**2), 1, x)),
    "apply_over_axes": Recipe(ONE, lambda f, x: f(jnp.sum, x**2, [0, 1])),
    "vectorize": Recipe(TWO, lambda f, x, y: f(lambda a, b: a * jnp.sin(b))(x, y)),
    "corrcoef": Recipe(between(-1.5, 1.5, (2, 4))),
}

_PRODUCTS: Recipes = {
    **same("dot matmul", Recipe(PRODUCT)),
    "tensordot": Recipe(PRODUCT, lambda f, x, y: f(x, y, axes=1)),
    "einsum": Recipe(PRODUCT, lambda f, x, y: f("ij,jk->ki", x, y)),
    "matvec": Recipe(BESIDE),
    "vecmat": Recipe(between(-1.5, 1.5, (2,), (2, 3))),
    **same("convolve correlate polymul polyadd polysub", Recipe(FLATS)),
    "polydiv": Recipe(joined(between(-1.5, 1.5, (4,)), signed(0.7, 1.5, (2,)))),
    **same("polyder polyint", Recipe(VECTOR)),
    "polyval": Recipe(FLATS),
    "poly": Recipe(VECTOR, lambda f, x: f(x[:4])),
    "polyfit": Recipe(
        joined(between(-1.5, 1.5, (5,)), between(-1.5, 1.5, (5,))), lambda f, x, y: f(x, y, 2)
    ),
    # the order of the roots is nobody's promise, their power sums are
    "roots": Recipe(
        polynomial,
        lambda f, p: [jnp.sum(f(p, strip_zeros=False) ** n).real for n in (2, 3)],
    ),
    "vander": Recipe(VECTOR, lambda f, x: f(x, 3)),
}

_SHAPES: Recipes = {
    "astype": Recipe(ONE, lambda f, x: f(x, x.dtype)),
    "array_split": Recipe(VECTOR, lambda f, x: f(x, 4)),
    **same("split vsplit", Recipe(ONE, lambda f, x: f(x, 2))),
    "hsplit": Recipe(ONE, lambda f, x: f(x, 3)),
    "dsplit": Recipe(CUBE, lambda f, x: f(x, 2)),
    "block": Recipe(TWO, lambda f, x, y: f([[x, y], [y, x]])),
    "broadcast_arrays": Recipe(BESIDE),
    "broadcast_to": Recipe(VECTORS, lambda f, x, y: [f(x, (2, 3)), f(y, (2, 2, 3))]),
    **same(
        "column_stack concat concatenate dstack hstack stack vstack",
        Recipe(TWO, lambda f, x, y: f([x, y])),
    ),
    "meshgrid": Recipe(FLATS),
    "expand_dims": Recipe(ONE, lambda f, x: f(x, 1)),
    **same("moveaxis swapaxes", Recipe(ONE, lambda f, x: f(x, 0, 1))),
    "permute_dims": Recipe(ONE, lambda f, x: f(x, (1, 0))),
    **same("roll rollaxis", Recipe(ONE, lambda f, x: f(x, 1))),
    "reshape": Recipe(ONE, lambda f, x: f(x, (3, 2))),
    "resize": Recipe(ONE, lambda f, x: f(x, (2, 4))),
    **same("repeat tile", Recipe(ONE, lambda f, x: f(x, 2))),
    "pad": (
        Recipe(ONE, lambda f, x: f(x, 1)),
        Recipe(ONE, lambda f, x: f(x, 1, mode="reflect"), "reflect"),
        Recipe(ONE, lambda f, x: f(x, 1, mode="linear_ramp"), "linear_ramp"),
    ),
}

_CHOICES: Recipes = {
    "choose": Recipe(VECTORS, lambda f, x, y: f(np.array([0, 1, 0]), [x, y], mode="clip")),
    "clip": (
        Recipe(ONE, lambda f, x: f(x, -0.5, 0.5)),
        Recipe(
            between(-1.5, 1.5, (2, 3), (2, 3), (2, 3)),
            lambda f, x, low, high: f(x, low, high),
            "bounds",
        ),
    ),
    **same("compress extract", Recipe(VECTOR, lambda f, x: f(FLAT_MASK, x, size=4))),
    "delete": Recipe(VECTOR, lambda f, x: f(x, 1)),
    "insert": Recipe(joined(VECTOR, SCALAR), lambda f, x, y: f(x, 1, y)),
    "fill_diagonal": Recipe(joined(ONE, SCALAR), lambda f, x, y: f(x, y, inplace=False)),
    "put": Recipe(VECTORS, lambda f, x, y: f(x, np.array([0, 2]), y[:2], inplace=False)),
    "place": Recipe(VECTORS, lambda f, x, y: f(x, FLAT_MASK[:3], y, inplace=False)),
    "put_along_axis": Recipe(
        joined(ONE, between(0, 1, (2, 1))),
        lambda f, x, y: f(x, np.array([[2], [0]]), y, 1, inplace=False),
    ),
    "ldexp": Recipe(ONE, lambda f, x: f(x, np.array([1, -1, 3]))),
    **same("partition top_k", Recipe(VECTOR, lambda f, x: f(x, 2))),
    "piecewise": Recipe(ONE, lambda f, x: f(x, [x < 0, x >= 0], [jnp.sin, jnp.exp])),
    "select": Recipe(TWO, lambda f, x, y: f([MASK, ~MASK], [x, y])),
    "take": Recipe(ONE, lambda f, x: f(x, np.array([0, 4, 4]))),
    "take_along_axis": Recipe(ONE, lambda f, x: f(x, np.array([[2, 0], [1, 1]]), axis=1)),
    "where": Recipe(TWO, lambda f, x, y: f(MASK, x, y)),
}

_RECIPES: Recipes = _DOMAINS | _COMPLEX | _REDUCTIONS | _PRODUCTS | _SHAPES | _CHOICES

NUMPY = Namespace("jax.numpy", _RECIPES, _EXCLUDED)
