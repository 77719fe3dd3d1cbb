"""Each fact about a primitive against what JAX computes with it, in both directions where it can.

An example is a function that binds the primitive, and its operands; whatever else the function
binds only moves positions.
"""

import sys
from functools import cache

import jax
import jax.ad_checkpoint
import jax.experimental.pallas
import jax.extend.core
import jax.extend.core.primitives
import jax.numpy as jnp
import numpy as np
import pytest
from jax import lax
from jax.experimental import io_callback

from purenet import fd, jaxprs
from purenet.fd.incremental.evaluate import RULES
from purenet.jaxprs import primitives
from tests.sampling import sample

KEY = jax.random.key(0)
X = np.array([[0.31, 0.57, 0.83], [0.42, 0.68, 0.94]], np.float32)
Y = np.array([[0.77, 0.57, 0.12], [0.95, 0.26, 0.48]], np.float32)  # one element as in X
WHOLE, OTHER = np.array([[3, 1, 6], [2, 7, 4]]), np.array([[2, 1, 3], [5, 2, 2]])
ROWS = np.array([1, 0])
SQUARE = np.array([[3.1, 0.3, 0.2], [0.3, 2.7, 0.1], [0.2, 0.1, 1.9]], np.float32)

window = ((1, 2), (1, 1), "VALID")


def the_dtype(x):
    return np.asarray(x.dtype.itemsize, x.dtype)


def max_pooled(x):
    return lax.reduce_window(x, np.array(-np.inf, x.dtype), lax.max, *window)


def combined(a, b):
    """A sum, in the words of nobody."""
    return a + b * jnp.exp(a * 0)


# fmt: off
EXAMPLES = {
    **{name: (getattr(lax, name), X) for name in (
        "abs", "acos", "asin", "asinh", "atan", "atanh", "bessel_i0e", "bessel_i1e", "cbrt", "ceil",
        "conj", "cos", "cosh", "digamma", "erf", "erf_inv", "erfc", "exp", "exp2", "expm1", "floor",
        "is_finite", "lgamma", "log", "log1p", "logistic", "neg", "optimization_barrier", "round",
        "rsqrt", "sign", "sin", "sinh", "sqrt", "square", "stop_gradient", "tan", "tanh")},
    **{name: (getattr(lax, name), X, Y) for name in (
        "add", "atan2", "complex", "div", "eq", "ge", "gt", "igamma", "igamma_grad_a", "igammac",
        "le", "lt", "max", "min", "mul", "ne", "nextafter", "pow", "rem", "sub")},
    **{name: (getattr(lax, name), WHOLE, OTHER) for name in (
        "shift_left", "shift_right_arithmetic", "shift_right_logical")},
    **{name: (getattr(lax, f"bitwise_{name}"), WHOLE, OTHER) for name in ("and", "or", "xor")},
    **{name: (getattr(lax, name), WHOLE) for name in ("clz", "population_count")},
    "not": (lax.bitwise_not, WHOLE),
    # the same two cotangents as a value that is read twice has
    "add_any": (lambda x, y: jax.vjp(lambda a: (a, a), x)[1]((x, y))[0], X, Y),
    "acosh": (lax.acosh, X + 1),
    "clamp": (lax.clamp, X / 2, Y, X),
    "select_n": (lambda x, y: lax.select_n(WHOLE > 3, x, y), X, Y),
    "integer_pow": (lambda x: lax.integer_pow(x, 3), X),
    "polygamma": (lax.polygamma, WHOLE.astype(np.float32), X),
    "regularized_incomplete_beta": (lax.betainc, X, Y, X),
    "zeta": (lax.zeta, X + 1, Y),
    "real": (lambda x, y: lax.real(lax.complex(x, y)), X, Y),
    "imag": (lambda x, y: lax.imag(lax.complex(x, y)), X, Y),
    # the same numbers in other clothes
    "copy": (jnp.copy, X),
    "name": (lambda x: jax.ad_checkpoint.checkpoint_name(x, "x"), X),
    "convert_element_type": (lambda x: lax.convert_element_type(
        x, np.float64 if x.dtype == np.float32 else np.float32), X),
    "device_put": (lambda x, y: jax.device_put((x, y)), X, Y),
    "reduce": (lambda x: lax.reduce(x, np.array(0, x.dtype), combined, (1,)), X),
    "reduce_window": (lambda x: lax.reduce_window(x, np.array(0, x.dtype), combined, *window), X),
    "reduce_precision": (lambda x: lax.reduce_precision(x, 8, 23), X),
    "bitcast_convert_type": (lambda x: lax.bitcast_convert_type(x, np.float16), X),
    # moving values
    "broadcast_in_dim": (lambda x: lax.broadcast_in_dim(x, (4, 2, 3), (1, 2)), X),
    "reshape": (lambda x: lax.reshape(x, (3, 2)), X),
    "log2": (jnp.log2, X),
    "polynomial": (lambda x, y: lax.polynomial(x, (1.25, y, 0.7)), X, Y),
    "one_minus_square": (lambda x: jax.jvp(lax.tanh, (x,), (jnp.ones_like(x),))[1], X),
    "squeeze": (lambda x: lax.squeeze(x, (0,)), X[:1]),
    "tile": (lambda x: jnp.tile(x, (2, 3)), X),
    "iota": (lambda x: lax.iota(x.dtype, 3), WHOLE),
    "concatenate": (lambda x, y: lax.concatenate([x, y], 1), X, Y),
    "pad": (lambda x, y: lax.pad(x, y, [(1, 2, 0), (0, 0, 1)]), X, Y[0, 0]),
    "rev": (lambda x: lax.rev(x, (1,)), X),
    "stack": (lambda x, y: jnp.stack([x, y]), X, Y),
    "unstack": (jnp.unstack, X),
    "slice": (lambda x: lax.slice(x, (0, 1), (2, 3)), X),
    "dynamic_slice": (lambda x, i: lax.dynamic_slice(x, (i, i), (1, 2)), X, 1),
    "split": (lambda x: lax.split(x, (1, 2), 1), X),
    "dynamic_update_slice": (lambda x, y, i: lax.dynamic_update_slice(x, y, (i, i)), X, Y[:1], 1),
    "gather": (lambda x: x[ROWS], X),
    "transpose": (lambda x: lax.transpose(x, (1, 0)), X),
    "scatter": (lambda x, y: x.at[ROWS].set(y), X, Y),
    "scatter-add": (lambda x, y: x.at[ROWS].add(y), X, Y),
    "scatter-sub": (lambda x, y: x.at[ROWS].subtract(y), X, Y),
    "scatter-mul": (lambda x, y: x.at[ROWS].multiply(y, unique_indices=True), X, Y),
    "scatter-max": (lambda x, y: x.at[ROWS].max(y), X, Y),
    "scatter-min": (lambda x, y: x.at[ROWS].min(y), X, Y),
    "select_and_gather_add": (lambda x, y: jax.jvp(max_pooled, (x,), (y,))[1], X, Y),
    "select_and_scatter_add": (
        lambda x, y: jax.vjp(max_pooled, x)[1](y)[0], X[:, [0, 2, 1]], Y[:, :2]),
    # reductions and scans along an axis
    **{f"reduce_{name}": (lambda x, reduce=reduce: reduce(x, axis=1), X) for name, reduce in (
        ("sum", jnp.sum), ("prod", jnp.prod), ("max", jnp.max), ("min", jnp.min))},
    "reduce_and": (lambda x: lax.reduce(x, -1, lax.bitwise_and, (1,)), WHOLE),
    "reduce_or": (lambda x: lax.reduce(x, 0, lax.bitwise_or, (1,)), WHOLE),
    "reduce_xor": (lambda x: lax.reduce(x, 0, lax.bitwise_xor, (1,)), WHOLE),
    "reduce_window_max": (max_pooled, X),
    "reduce_window_min": (
        lambda x: lax.reduce_window(x, np.array(np.inf, x.dtype), lax.min, *window), X),
    "reduce_window_sum": (
        lambda x: lax.reduce_window(x, np.array(0, x.dtype), lax.add, *window), X),
    "argmax": (lambda x: lax.argmax(x, 1, np.int32), X),
    "argmin": (lambda x: lax.argmin(x, 1, np.int32), X),
    **{f"cum{name}": (lambda x, scan=scan: scan(x, axis=1), X) for name, scan in (
        ("logsumexp", lax.cumlogsumexp), ("max", lax.cummax), ("min", lax.cummin),
        ("prod", lax.cumprod), ("sum", lax.cumsum))},
    "sort": (lambda x: lax.sort(-x, dimension=1), X),
    "top_k": (lambda x: lax.top_k(x, 2)[0], X),
    # linear algebra
    "dot_general": (lambda x, y: x @ y.T, X, Y),
    "conv_general_dilated": (
        lambda x, y: lax.conv(x[None, None], y[None, None], (1, 1), "SAME"), X, Y[:, :2]),
    "triangular_solve": (
        lambda a, x: lax.linalg.triangular_solve(a, x, lower=True), SQUARE, X),
    "cholesky": (lambda a: lax.linalg.cholesky(a, symmetrize_input=False), SQUARE),
    "eigh": (lambda a: lax.linalg.eigh(a, symmetrize_input=False), SQUARE),
    "fft": (lambda x: lax.fft(x, "RFFT", (3,)), X),
    "lu": (lambda a: lax.linalg.lu(a)[0], SQUARE),
    "qr": (lambda a: lax.linalg.qr(a, full_matrices=False), SQUARE),
    "svd": (lambda a: lax.linalg.svd(a, full_matrices=False), SQUARE),
    "tridiagonal_solve": (
        lambda x: lax.linalg.tridiagonal_solve(x[0], x[0] + 2, x[1], x.T), X),
    # random numbers and code outside of the program
    "random_gamma": (lambda x: jax.random.gamma(KEY, x, dtype=x.dtype), X),
    "pure_callback": (
        lambda x: jax.pure_callback(the_dtype, jax.ShapeDtypeStruct((), x.dtype), x), X),
    "io_callback": (
        lambda x: io_callback(the_dtype, jax.ShapeDtypeStruct((), x.dtype), x), X),
}
# fmt: on
MOVING = {name for name, (_, *operands) in EXAMPLES.items() if operands[0].dtype == np.float32}
SOMETIMES = {  # operands at which there is nothing to round
    "add": (X, X / 2 + X / 2),
    "add_any": (X, X),
    "sub": (X, X * np.float32(1.25)),
    "mul": (X, np.exp2(WHOLE).astype(np.float32)),
    "div": (X, np.exp2(WHOLE).astype(np.float32)),
}


def named(names):
    """The names to parametrize by; those that this JAX has no primitive for are left out."""
    return sorted(name for name in names if name in installed())


@cache
def installed():
    """The names of all primitives that JAX has loaded."""
    modules = [module for name, module in sys.modules.items() if name.partition(".")[0] == "jax"]
    values = [value for module in modules if module for value in list(vars(module).values())]
    return {value.name for value in values if isinstance(value, jax.extend.core.Primitive)}


def at(name, dtype=np.float64):
    """The function of an example, and its operands with the real ones in a dtype."""
    function, *operands = EXAMPLES[name]
    return function, [
        jnp.asarray(x, dtype if np.asarray(x).dtype == np.float32 else None) for x in operands
    ]


def outputs(function, operands):
    return [np.asarray(x) for x in jax.tree.leaves(function(*operands))]


def is_real(x):
    return jnp.issubdtype(x.dtype, np.floating)


def directions(operands):
    """One for each operand, no two elements alike."""
    return [np.cos(3 + i + np.arange(x.size)).reshape(x.shape) for i, x in enumerate(operands)]


def equal(left, right):
    return len(left) == len(right) and all(map(np.array_equal, left, right))


def near(left, right):
    return all(np.allclose(a, b, 1e-4, 1e-4) for a, b in zip(left, right, strict=True))


def in_both_precisions(function, operands):
    """What float32 gives, and float64 of the same numbers: the same where nothing is rounded."""
    wide = {"f": np.float64, "c": np.complex128}
    wider = [jnp.asarray(x, wide.get(np.asarray(x).dtype.kind)) for x in operands]
    return outputs(function, list(map(jnp.asarray, operands))), outputs(function, wider)


def test_every_primitive_of_a_rule_has_a_row():
    assert set(RULES) - set(jaxprs.PRIMITIVES) == set()


def test_every_row_is_of_a_primitive_that_exists():
    rows = {
        name
        for name, known in jaxprs.PRIMITIVES.items()
        if known.since <= jax.__version_info__ < known.until
    }
    assert rows - installed() == set()


def test_no_name_stands_in_two_rows():
    names = [name for names, _ in primitives._ROWS for name in names.split()]
    assert len(names) == len(set(names))


def test_what_nobody_knows_has_no_fact_that_could_mislead():
    known = jaxprs.facts("of next year")
    assert known.cost == "plain"
    assert known.rounds == "always"
    assert known.key == "new"
    assert not any((known.analytic, known.elementwise, known.commutative, known.flat, known.call))


@pytest.mark.parametrize("name", sample(named(EXAMPLES), every=8))
def test_an_example_binds_its_primitive(name, x64):
    function, operands = at(name)
    assert name in jaxprs.primitive_names(jax.make_jaxpr(function)(*operands).jaxpr)


@pytest.mark.parametrize("name", sample(named(EXAMPLES), every=8))
def test_what_rounds_and_what_depends_on_the_dtype(name, x64):
    known = jaxprs.facts(name)
    narrow, wide = in_both_precisions(EXAMPLES[name][0], EXAMPLES[name][1:])
    if known.keeps_dtype:
        assert not equal(narrow, wide)
        assert known.rounds == "never" or not near(narrow, wide)
    else:
        assert equal(narrow, wide) == (known.rounds in ("never", "complex"))
        assert near(narrow, wide)


@pytest.mark.parametrize(
    "name", [n for n, known in jaxprs.PRIMITIVES.items() if known.rounds == "sometimes"]
)
def test_what_rounds_at_some_operands_is_exact_at_others(name, x64):
    assert equal(*in_both_precisions(EXAMPLES[name][0], SOMETIMES[name]))


@pytest.mark.parametrize("name", ["abs", "sign", "neg", "conj"])
def test_what_rounds_complex_numbers_alone(name, x64):
    narrow, wide = in_both_precisions(EXAMPLES[name][0], [(X + 1j * Y).astype(np.complex64)])
    assert equal(narrow, wide) == (jaxprs.facts(name).rounds == "never")


@pytest.mark.parametrize(
    "name", sample([n for n in named(MOVING) if jaxprs.facts(n).analytic], every=8)
)
def test_the_complex_step_of_what_is_analytic_is_its_derivative(name, x64):
    function, operands = at(name)
    real = [i for i, x in enumerate(operands) if is_real(x)]

    def of_real(*moved):
        given = dict(zip(real, moved, strict=True))
        leaves = jax.tree.leaves(function(*(given.get(i, x) for i, x in enumerate(operands))))
        return [leaf.astype(np.float64) for leaf in leaves]

    moved = [operands[i] for i in real]
    direction = directions(moved)
    _, ours = fd.jvp(of_real, moved, direction, method="complex")
    h = 1e-5
    above = of_real(*(x + h * d for x, d in zip(moved, direction, strict=True)))
    below = of_real(*(x - h * d for x, d in zip(moved, direction, strict=True)))
    tolerance = 1e-2 if name == "convert_element_type" else 1e-7  # float32 outside, not inside
    for ours_of_one, up, down in zip(ours, above, below, strict=True):
        np.testing.assert_allclose(ours_of_one, (up - down) / (2 * h), tolerance, tolerance)


@pytest.mark.parametrize("name", sample(named(MOVING), every=8))
def test_what_is_flat_has_no_derivative(name, x64):
    function, operands = at(name)
    tangents = [
        direction if is_real(x) else np.zeros(x.shape, jax.dtypes.float0)
        for x, direction in zip(operands, directions(operands), strict=True)
    ]
    flat = jaxprs.facts(name).flat
    try:
        _, moved = jax.jvp(function, operands, tangents)
    except (NotImplementedError, ValueError):  # there is no rule at all
        assert not flat
        return
    moved = [m for m in jax.tree.leaves(moved) if m.dtype != jax.dtypes.float0]
    if moved:  # else all is whole numbers, which the dtypes tell
        assert flat == (not any(np.any(m) for m in moved))


@pytest.mark.parametrize("name", sample(named(EXAMPLES), every=8))
def test_what_is_commutative_commutes(name, x64):
    function, operands = at(name)
    commutes = len(operands) == 2 and operands[0].shape == operands[1].shape
    commutes = commutes and equal(outputs(function, operands), outputs(function, operands[::-1]))
    assert commutes == jaxprs.facts(name).commutative


@pytest.mark.parametrize(
    "name", sample(named(n for n in EXAMPLES if jaxprs.facts(n).elementwise), every=8)
)
def test_what_is_elementwise_stays_in_its_place(name, x64):
    function, operands = at(name)
    order = np.array([4, 0, 3, 5, 1, 2])
    if name == "select_n":  # its choice does not come along
        function, operands = lax.select_n, [jnp.asarray(WHOLE > 3), *operands]
    shuffled = [x.ravel()[order].reshape(x.shape) for x in operands]
    [before], [after] = outputs(function, operands), outputs(function, shuffled)
    np.testing.assert_array_equal(before.ravel()[order].reshape(before.shape), after)


@pytest.mark.parametrize(
    "name", [n for n, known in jaxprs.PRIMITIVES.items() if known.of_distribution]
)
def test_what_is_differentiated_as_its_distribution_keeps_its_quantile(name, x64):
    function, [a] = at(name)
    drawn, moved = jax.jvp(function, (a,), (jnp.ones_like(a),))
    quantile = jax.scipy.special.gammainc(a + 1e-5, drawn + 1e-5 * moved)
    np.testing.assert_allclose(quantile, jax.scipy.special.gammainc(a, drawn), atol=1e-9)
    assert not np.allclose(moved, (function(a + 1e-5) - drawn) / 1e-5, rtol=1e-3)


@jax.custom_jvp
def with_jvp(x):
    return x * 2


@jax.custom_vjp
def with_vjp(x):
    return x * 2


with_jvp.defjvp(lambda primals, tangents: (primals[0] * 2, tangents[0] * 2))
with_vjp.defvjp(lambda x: (x * 2, None), lambda _, g: (g * 2,))
CALLS = {
    "jit": jax.jit(lambda x: x * 2),
    "remat2": jax.checkpoint(lambda x: x * 2),
    "custom_jvp_call": with_jvp,
    "custom_vjp_call": with_vjp,
}


@pytest.mark.parametrize("name", CALLS)
def test_a_call_holds_its_program_and_its_rule_where_it_says(name):
    [equation] = jax.make_jaxpr(CALLS[name])(1.0).jaxpr.eqns
    known = jaxprs.facts(name)
    called = equation.params[known.call]
    assert equation.primitive.name == name
    assert [inner.primitive.name for inner in getattr(called, "jaxpr", called).eqns] == ["mul"]
    assert bool(known.rule) == name.startswith("custom_")
    assert not known.rule or equation.params[known.rule] is not None
