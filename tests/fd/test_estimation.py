"""fd.estimate: bounds that hold, digits that are right, reasons where there is no derivative."""

import jax
import jax.numpy as jnp
import mpmath
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from comparisons.exhibits.simple_net import published
from comparisons.exhibits.simple_net import pure as simple_net
from purenet import fd, nn
from tests.sampling import sample

mpmath.mp.dps = 40

SMOOTH = {
    "exp": (jnp.exp, mpmath.exp, (-3, 3)),
    "sin(50 x)": (lambda x: jnp.sin(50 * x), lambda x: mpmath.sin(50 * x), (-2, 2)),
    "log near 0": (jnp.log, mpmath.log, (1e-8, 1e-6)),
    "sin far out": (jnp.sin, mpmath.sin, (100, 1000)),
    "tan near its pole": (jnp.tan, mpmath.tan, (1.5, 1.57)),
    "1/(1 + 25 x²)": (lambda x: 1 / (1 + 25 * x**2), lambda x: 1 / (1 + 25 * x**2), (0.1, 1)),
    "exp(1e8 x)": (
        lambda x: jnp.exp(1e8 * x),
        lambda x: mpmath.exp(mpmath.mpf(10) ** 8 * x),
        (1e-9, 2e-8),
    ),
    "logistic": (jax.nn.sigmoid, lambda x: 1 / (1 + mpmath.exp(-x)), (-4, 4)),
}


@pytest.fixture(scope="module")
def estimated():
    """For each function, at 20 points: the true derivative, the error made, its bound."""
    rows = {}
    with jax.enable_x64(True):
        for name, (f, exact, (low, high)) in SMOOTH.items():
            rows[name] = []
            for x in np.random.default_rng(3).uniform(low, high, 20):
                true = mpmath.diff(exact, mpmath.mpf(float(x)))
                value, error = fd.estimate(f)(x)
                wrong = abs(float(mpmath.mpf(float(value)) - true))
                rows[name].append((abs(float(true)), wrong, float(error)))
    return {name: np.array(row).T for name, row in rows.items()}


@pytest.mark.parametrize("name", SMOOTH)
def test_ten_digits_and_a_bound_that_holds(name, estimated):
    true, wrong, error = estimated[name]
    assert np.all(wrong <= 1e-10 * true)
    assert np.all(wrong <= error)
    assert np.all(error <= 1e-8 * true)


def test_the_bound_is_not_idle(estimated):
    ratios = [error / np.maximum(wrong, 1e-300) for _, wrong, error in estimated.values()]
    assert np.median(ratios) < 100


@pytest.mark.parametrize("name", ["exp", "logistic", "1/(1 + 25 x²)"])
def test_float32_input_is_estimated_in_float64(name):
    f, exact, (low, high) = SMOOTH[name]
    for x in np.random.default_rng(4).uniform(low, high, 20).astype(np.float32):
        value, error = fd.estimate(f)(x)
        assert value.dtype == error.dtype == np.float64
        if "25" in name:  # 25 and 1 are exact in float32, so the program is the same function
            assert abs(float(value) - float(mpmath.diff(exact, mpmath.mpf(float(x))))) <= error
        assert abs(float(value) / float(mpmath.diff(exact, mpmath.mpf(float(x)))) - 1) <= 1e-10


@settings(deadline=None, max_examples=20)
@given(st.floats(-1e8, 1e8).filter(lambda x: abs(x) > 1e-8), st.floats(-3, 3))
def test_any_polynomial_of_second_degree_within_its_bound(x, b):
    with jax.enable_x64(True):
        value, error = fd.estimate(lambda x, b: x * x + b * x)(x, b)
        exact = 2 * mpmath.mpf(x) + mpmath.mpf(b)
        assert abs(mpmath.mpf(float(value)) - exact) <= mpmath.mpf(float(error))
        assert np.isfinite(error)


@pytest.mark.full
def test_a_network_loss_leaf_by_leaf(x64):
    model = nn.mlp(6, 5, 3, activation=jnp.tanh)
    params = model.init(jax.random.key(0), dtype=float)
    loss = nn.loss_fn(model, nn.softmax_cross_entropy)
    x, t = jax.random.normal(jax.random.key(1), (8, 6)), jnp.arange(8) % 3
    estimate = fd.estimate(loss)(params, x, t)
    exact = jax.grad(loss)(params, x, t)
    for name, gradient in exact.items():
        assert estimate.value[name].shape == estimate.error[name].shape == gradient.shape
        assert np.all(np.abs(estimate.value[name] - gradient) <= estimate.error[name])
        assert np.median(estimate.error[name]) < 2e-12
        assert np.max(estimate.error[name]) < 2e-11
    assert estimate.remarks == ()


@pytest.mark.parametrize("run", ["a", "b"])
def test_both_published_gradients_of_simple_net_with_bounds(run, x64):
    W = published.A_W if run == "a" else published.rebuilt_weights()
    gradient = published.A_GRADIENT if run == "a" else published.B_GRADIENT
    delta = published.A_DELTA if run == "a" else published.B_DELTA
    params = {"W": jnp.array(W)}
    value, error = fd.estimate(simple_net.loss)(params, published.X, published.T, delta)
    exact = jax.grad(simple_net.loss)(params, published.X, published.T, delta)["W"]
    np.testing.assert_allclose(value["W"], gradient, rtol=0, atol=1e-8)
    assert np.all(np.abs(value["W"] - exact) <= error["W"])
    assert np.max(error["W"]) < 1e-11


@pytest.mark.full
def test_the_twelve_traced_values_are_consistent_with_the_estimate(x64):
    params = {"W": jnp.array(published.rebuilt_weights())}
    arguments = (published.X, published.T, published.B_DELTA)
    pairs = simple_net.trace(params, *arguments)
    np.testing.assert_allclose(pairs, published.B_TRACE, rtol=0, atol=1e-11)
    value, error = fd.estimate(simple_net.loss)(params, *arguments)
    # (f(W + h) - f(W - h)) / 2h is dW, off by h²/6 times the third derivative and by rounding
    slopes = ((pairs[:, 0] - pairs[:, 1]) / 2e-4).reshape(2, 3)
    second = jax.hessian(simple_net.loss)
    third = jax.jacobian(lambda p: second(p, *arguments)["W"]["W"])(params)["W"]
    allowed = 1e-8 / 6 * jnp.abs(third).max() + 2 * 2.2e-16 * 2.07 / 1e-4
    assert np.all(np.abs(slopes - value["W"]) <= error["W"] + allowed)


KINKS = {
    "abs at 0": (jnp.abs, 0.0, "kink", -1.0, 1.0),
    "relu at 0": (jax.nn.relu, 0.0, "kink", 0.0, 1.0),
    "max with a tie": (lambda x: jnp.maximum(x, 3 * x - 2), 1.0, "kink", 1.0, 3.0),
    "clip at its edge": (lambda x: jnp.clip(x, -1, 1), 1.0, "kink", 1.0, 0.0),
    "where": (lambda x: jnp.where(x > 1, 5 * x, x + 4), 1.0, "kink", 1.0, 5.0),
    "a small kink on a large slope": (
        lambda x: 100 * x + 0.001 * jnp.abs(x - 2),
        2.0,
        "kink",
        99.999,
        100.001,
    ),
    "a step": (lambda x: jnp.where(x >= 1, 3.0, 1.0), 1.0, "jump", 1.0, 3.0),
    "a step down": (lambda x: jnp.where(x > 1, -3.0, 1.0), 1.0, "jump", 1.0, -3.0),
    "cube root": (jnp.cbrt, 0.0, "vertical", np.inf, np.inf),
    "sqrt |x|": (lambda x: jnp.sqrt(jnp.abs(x)), 0.0, "vertical", -np.inf, np.inf),
    "sqrt at 0": (jnp.sqrt, 0.0, "edge", np.nan, np.inf),
    "the edge of x^(3/2)": (lambda x: 2 * x + x * jnp.sqrt(x), 0.0, "edge", np.nan, 2.0),
}


@pytest.mark.parametrize("name", sample(KINKS, every=3))
@pytest.mark.parametrize("double", [True, False], ids=["float64", "float32"])
def test_no_derivative_here_and_both_one_sided_values(name, double):
    f, x, kind, left, right = KINKS[name]
    with jax.enable_x64(double):
        estimate = fd.estimate(f)(x)
    assert np.isnan(estimate.value)
    assert np.isinf(estimate.error)
    (remark,) = estimate.remarks
    assert (remark.path, remark.output, remark.kind) == ("x", (), kind)
    np.testing.assert_allclose([remark.left, remark.right], [left, right], rtol=1e-3)


@pytest.mark.parametrize(
    ("f", "x", "message"),
    [
        (jnp.abs, 0.0, "x: not differentiable here: left -1, right 1"),
        (jnp.sqrt, 0.0, "x: at the edge of the domain: derivative left nan, right inf"),
        (
            lambda x: jnp.where(x >= 1, 3.0, 1.0),
            1.0,
            "x: not continuous here: the value goes from 1 to 3",
        ),
    ],
)
def test_a_remark_reads_as_a_sentence(f, x, message):
    assert str(fd.estimate(f)(x).remarks[0]) == message


def test_only_the_coordinate_at_the_kink_is_refused():
    def loss(params):
        return jnp.sum(jax.nn.relu(params["w"]) * jnp.array([[1.0, 2.0], [3.0, 4.0]]))

    estimate = fd.estimate(loss)({"w": jnp.array([[1.0, -1.0], [0.0, 2.0]])})
    np.testing.assert_allclose(estimate.value["w"], [[1, 0], [np.nan, 4]], atol=1e-12)
    (remark,) = estimate.remarks
    assert remark.path == "params['w'][1, 0]"
    assert (remark.left, remark.right) == pytest.approx((0.0, 3.0), abs=1e-6)


@pytest.mark.parametrize("distance", [1e-3, 1e-5])
def test_near_a_kink_the_derivative_is_the_one_of_its_side(distance, x64):
    value, error = fd.estimate(lambda x: jnp.abs(x - 1))(1 + distance)
    assert abs(float(value) - 1) <= error < 1e-6


def test_vector_outputs_name_the_output(x64):
    estimate = fd.estimate(lambda x: {"a": jnp.abs(x), "b": x**2})(jnp.array([0.0, 2.0]))
    np.testing.assert_allclose(estimate.value["b"], [[0, 0], [0, 4]], atol=1e-12)
    np.testing.assert_allclose(estimate.value["a"], [[np.nan, 0], [0, 1]], atol=1e-12)
    assert [(r.path, r.output) for r in estimate.remarks] == [("x[0]", (0, 0))]


def test_jacobians_have_the_tree_of_jax_jacobian(x64):
    def f(p, x):
        return {"y": jnp.tanh(p["W"] @ x), "s": jnp.sum(p["b"] ** 2)}

    p = {"W": jnp.arange(6.0).reshape(2, 3) / 7, "b": jnp.array([1.0, 2.0])}
    x = jnp.array([0.5, -1.0, 2.0])
    value, error = fd.estimate(f, argnums=(0, 1))(p, x)
    exact = jax.jacobian(f, argnums=(0, 1))(p, x)
    assert jax.tree.structure(value) == jax.tree.structure(error) == jax.tree.structure(exact)
    for ours, bound, theirs in zip(*map(jax.tree.leaves, (value, error, exact)), strict=True):
        assert ours.shape == theirs.shape
        assert np.all(np.abs(ours - theirs) <= bound)


def test_complex_parameters_follow_jax_grad(x64):
    def loss(z):
        return jnp.sum(jnp.abs(z) ** 2) + jnp.real(z[0] ** 3)

    z = jnp.array([1.0 + 2.0j, -0.5j])
    value, error = fd.estimate(loss)(z)
    assert np.all(np.abs(value - jax.grad(loss)(z)) <= error)
    assert np.all(error < 1e-10)


def test_the_noise_of_a_black_box_is_measured_and_covered():
    draws = np.random.default_rng(0)

    def noisy(x):
        return float(np.sin(x) + 1e-7 * draws.standard_normal())

    inside = 0
    for x in np.linspace(0.2, 1.4, 40):
        value, error = fd.estimate(noisy)(x)
        assert 1e-8 < error < 1e-3
        inside += abs(value - np.cos(x)) <= error
    assert inside == 40


def test_a_black_box_that_computes_in_float32_is_covered():
    for x in np.linspace(0.2, 1.4, 20):
        value, error = fd.estimate(lambda x: float(np.sin(np.float32(x))))(x)
        assert abs(value - np.cos(x)) <= error < 1e-3


def test_smooth_coordinates_take_eleven_evaluations(x64):
    assert fd.estimate(jnp.exp)(1.3).evaluations == 11


def test_evaluations_are_those_that_a_black_box_saw():
    calls = []

    def f(x):
        calls.append(x)
        return float(np.exp(x))

    assert fd.estimate(f, strategy="host")(1.3).evaluations == len(calls) == 11


def test_what_chooses_the_scale_of_a_leaf_is_counted_too():
    calls = []

    def f(x):
        calls.append(x)
        return float(np.sum(np.exp(x)))

    estimate = fd.estimate(f, strategy="host")(np.linspace(0.5, 1, 9))
    assert estimate.evaluations == len(calls) > 11 * 9


def test_stop_gradient_is_held():
    def loss(x):
        return x * jax.lax.stop_gradient(jnp.sin(x))

    value, error = fd.estimate(loss)(0.7)
    assert abs(float(value) - np.sin(float(np.float32(0.7)))) <= error


def test_integer_leaves_are_skipped_with_allow_int():
    value, error = fd.estimate(lambda p: p["x"] * p["n"], allow_int=True)({"x": 2.0, "n": 3})
    assert float(value["x"]) == pytest.approx(3.0)
    assert value["n"].dtype == error["n"].dtype == jax.dtypes.float0


@pytest.mark.parametrize("option", [{"step": 1e-3}, {"order": 4}, {"method": "forward"}])
def test_steps_orders_and_methods_are_not_for_the_caller_to_choose(option):
    with pytest.raises(
        ValueError, match=r"wanted none for fd\.estimate, which chooses steps and or"
    ):
        fd.estimate(jnp.sin, **option)


@pytest.mark.parametrize("transform", [jax.jit, jax.grad], ids=["jit", "grad"])
def test_it_needs_numbers(transform):
    with pytest.raises(TypeError, match="got x as a tracer, inside jit, vmap or grad; wanted num"):
        transform(lambda x: fd.estimate(jnp.sin)(x).value)(1.0)


@pytest.mark.parametrize("value", [jnp.nan, jnp.inf])
def test_a_base_point_that_is_not_finite_is_refused(value):
    with pytest.raises(ValueError, match=f"got a function that is {value} at the base point"):
        fd.estimate(lambda x: x * value)(1.0)


def test_complex_outputs_are_refused():
    with pytest.raises(TypeError, match="got a function that returns complex64; wanted real"):
        fd.estimate(lambda x: x * 1j)(1.0)


def test_empty_leaves_are_nothing_to_estimate():
    value, error = fd.estimate(lambda p: jnp.sum(p[0]) + p[1] ** 2)((jnp.zeros((0, 2)), 3.0))
    assert value[0].shape == error[0].shape == (0, 2)
    assert float(value[1]) == pytest.approx(6.0)


@pytest.mark.parametrize("x", [1e-300, 1e300, 5e-324])
def test_the_ends_of_the_range_warn_of_nothing(x, x64):
    value, error = fd.estimate(lambda x: 2.0 * x)(x)
    assert np.isnan(value) or abs(float(value) - 2.0) <= error


def test_native_precision_is_bounded_in_its_own_digits():
    value, error = fd.estimate(jnp.sin, precision="native")(jnp.float32(1.5))
    assert abs(float(value) - np.cos(1.5)) <= error < 1e-3


def test_half_precision_has_too_few_digits_of_its_own():
    with pytest.raises(ValueError, match="got x of dtype bfloat16 with precision='native'; wanted"):
        fd.estimate(jnp.sin, precision="native")(jnp.bfloat16(1.5))


def test_an_ignored_leaf_is_remarked():
    W = jnp.ones(3)
    estimate = fd.estimate(lambda w: jnp.sum(W**2))(W)
    np.testing.assert_array_equal(estimate.value, np.zeros(3))
    assert str(estimate.remarks[0]).startswith("w: nothing that is returned depends on it: zero")


@pytest.mark.parametrize("seed", range(4))
def test_round_off_is_that_of_the_terms_where_they_cancel(seed, x64):
    """The derivative is exactly zero, and so is the value, but for what the terms leave."""
    a = np.random.default_rng(seed).normal(size=50) * 10.0**seed

    def squares(x):
        return jnp.sum((x + a) ** 2) - jnp.sum(x**2 + 0 * a) - 2 * jnp.sum(a) * x - jnp.sum(a**2)

    value, error = fd.estimate(squares)(0.7)
    assert abs(value) <= error < 1e-8 * np.sum(np.abs(a))


def test_html_has_a_row_a_leaf_and_says_where_there_is_no_derivative():
    found = fd.estimate(lambda p: jnp.sum(jnp.abs(p["a"]) * p["b"]))(
        {"a": jnp.array([0.0, 1.0]), "b": 2.0}
    )
    html = found._repr_html_()
    assert "<code>value[&#x27;a&#x27;]</code></td><td>(2,)</td>" in html
    assert '<td class="number">1</td></tr>' in html  # one coordinate of a without derivative
    assert "p[&#x27;a&#x27;][0]: not differentiable here: left -2, right 2" in html
    assert f"<p>{found.evaluations} evaluations</p>" in html


@pytest.mark.parametrize(
    "function",
    [
        lambda x: jnp.sin(1e3 * x[0]) + x[1],
        lambda x: 1e3 * x[0] * jnp.exp(-((x[0] * 1e5) ** 2)) + x[1],
    ],
    ids=["oscillates", "is flat from afar"],
)
def test_a_zero_beside_a_large_number_is_looked_at_closely(function, x64):
    value, error = fd.estimate(function)(jnp.array([0.0, 1e6]))
    assert np.all(np.abs(value - np.array([1e3, 1.0])) <= error)
    assert error[0] < 1


def test_an_oscillation_too_fast_for_its_numbers_is_remarked_on_without_nan(x64):
    (remark,) = fd.estimate(jnp.sin)(1e12).remarks
    assert str(remark) == "x: no step gives a derivative that another step confirms"


@pytest.mark.parametrize(
    ("frequency", "size"), [(1e4, 1), (1e5, 1), (1e3, 20), (1e4, 20), (1e5, 20)]
)
def test_the_bound_holds_where_phases_are_large(frequency, size, x64):
    """The rounding of a phase is noise, far above that of its sine."""
    worst = []
    for seed in range(20):
        draws = np.random.default_rng(seed)
        slopes = draws.normal(size=(30, size))
        phases = frequency * draws.normal(size=30)
        found = fd.estimate(
            lambda x, w=frequency * slopes, b=phases: jnp.sum(jnp.sin(w @ (x - 1) + b))
        )(np.ones(size))
        exact = frequency * slopes.T @ np.cos(phases)
        worst.append(np.max(np.abs(found.value - exact) / found.error))
    assert np.max(worst) <= 1


@pytest.mark.parametrize(
    ("shape", "slope", "variation", "length", "start", "u"),
    [
        (jnp.arctan, lambda u: 1 / (1 + u**2), 1e-12, 10.0, 1e5, 0.17),
        (lambda u: jnp.exp(-(u**2)), lambda u: -2 * u * np.exp(-(u**2)), 1e-10, 10.0, 1e5, 0.17),
        (jnp.sin, np.cos, 1e-10, 10.0, 9850.0, 0.17),  # a step is a period but for two per cent
        (jnp.sin, np.cos, 1e-12, 10.0, 9850.0, 0.17),
        (jnp.arctan, lambda u: 1 / (1 + u**2), 1e-13, 1e3, 0.0, 0.3),
        (
            lambda u: u**3 / (1 + u**2) ** 2,
            jax.grad(lambda u: u**3 / (1 + u**2) ** 2),
            3e-12,
            300.0,
            0.0,
            1 / 300,
        ),
    ],
    ids=["odd", "a bump", "a period", "a period near round-off", "far below round-off", "flat"],
)
def test_the_bound_holds_of_a_small_variation_of_a_large_value(
    shape, slope, variation, length, start, u, x64
):
    """Steps of the size of x reach far beyond the length over which it varies."""
    estimate = fd.estimate(lambda x: 20.0 + variation * shape((x - start) / length))
    value, error = estimate(start + u * length)
    assert abs(value - variation / length * slope(u)) <= error
