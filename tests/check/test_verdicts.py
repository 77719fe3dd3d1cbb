"""The three verdicts on programs that checkers are known to pass, or to fail, for no reason."""

import re

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax import lax

import purenet
from purenet import fd
from purenet.check.verdicts import _common, largest
from purenet.check.witness import Derivatives
from purenet.fd.bounded import Bounded
from tests.clients.programs.precision import straight_through
from tests.sampling import sample

DRAWN = np.random.default_rng(0)
DATA = DRAWN.normal(size=(4, 3))


def softplus(x):
    return jnp.maximum(x, 0) + jnp.log1p(jnp.exp(-jnp.abs(x)))


def sine_with_a_case_of_its_own_at_0(x):
    return jnp.where(x == 0, 0.0, jnp.sin(x))


def sinc(x):
    return jnp.sin(jnp.pi * x) / (jnp.pi * x)


@jax.custom_jvp
def tanh(x):
    return jnp.tanh(x)


@tanh.defjvp
def tanh_jvp(primals, tangents):
    value = tanh(*primals)
    # 1 - value ** 2, of whose derivative terms of 1e32 cancel at 1e8
    return value, tangents[0] * (1 - value) + tangents[0] * (1 - value) * value


WRONG = {  # of JAX itself
    "softplus at 0": (softplus, 0.0),
    "softplus at 0 behind a constant": (lambda w: softplus(2 * w - 1), 0.5),
    "sin at 0 behind a constant": (lambda t: sine_with_a_case_of_its_own_at_0(2 * t - 1), 0.5),
    "eigenvectors of the identity": (
        lambda A: jnp.sum(jnp.linalg.eigh(A @ A.T)[1][:, 0] ** 2 * jnp.arange(3)),
        np.eye(3),
    ),
}


@pytest.mark.parametrize("name", sample(WRONG, every=2))
def test_wrong_gradients_of_jax_do_not_pass(name, x64):
    function, x = WRONG[name]
    report = purenet.compare_grads(function, jnp.asarray(x))
    assert report.verdict == "disagrees"
    assert not report.ok


def test_nan_in_float32_where_the_loss_is_flat_disagrees():
    report = purenet.compare_grads(
        lambda x: jnp.log(1 / jnp.maximum(1e-20, x)), jnp.float32(0), modes=("rev",)
    )
    assert report.verdict == "disagrees"
    assert "x: jax nan" in str(report)


def test_what_float32_loses_is_undecided_and_said(unchecked):
    with pytest.raises(purenet.GradientUndecided) as caught:
        purenet.check_grads(sinc, jnp.float32(1e-4), modes=("rev",))
    message = str(caught.value)
    assert re.search(r"undecided: x: float32 loses this derivative: -0\.00\d+, in float64", message)
    assert "in float64 -0.000328987" in message
    assert "allow_undecided=('x',)" in message
    assert isinstance(caught.value, AssertionError)


@pytest.mark.parametrize("allowed", [("x",), True])
def test_a_leaf_known_to_be_undecidable_can_be_named(allowed):
    report = purenet.check_grads(sinc, jnp.float32(1e-4), modes=("rev",), allow_undecided=allowed)
    assert report.ok
    assert report.leaves[0].verdict == "undecided"


@pytest.mark.parametrize("given", ["x", (1,)])
def test_leaves_are_named_by_their_paths(given):
    with pytest.raises(ValueError, match=r"got allow_undecided=.*; wanted a tuple of paths"):
        purenet.compare_grads(jnp.sum, jnp.ones(2), allow_undecided=given)


def test_a_second_derivative_that_rounding_hides_is_undecided(x64):
    def loss(v):
        u = -1e8 * v
        return tanh(u) * u * u

    assert purenet.compare_grads(loss, 1.0, order=2).verdict == "undecided"


def test_a_leaf_behind_argmax_has_no_derivative_to_prove():
    def loss(W):
        return jnp.sum(jnp.argmax(DATA @ W, -1) * 1.0)

    W = jnp.asarray(DRAWN.normal(size=(3, 5)))
    report = purenet.compare_grads(loss, W)
    assert report.verdict == "disagrees"
    assert report.failures[0].startswith(
        "loss has no derivative with respect to W to prove: it depends on W only through argmax ("
    )
    assert purenet.compare_grads(loss, W, allow_unused=True).ok


def normalised():
    """A loss whose derivative with respect to the bias is zero, at a point."""
    x = jax.random.normal(jax.random.key(0), (6, 3))
    targets = jax.random.normal(jax.random.key(1), (6, 4))
    params = {"W": jax.random.normal(jax.random.key(2), (3, 4)), "b": jnp.full(4, 0.3)}

    def loss(params, x):
        y = x @ params["W"] + params["b"]
        y = (y - y.mean(0)) / jnp.sqrt(y.var(0) + 1e-5)
        return jnp.sum(jnp.tanh(y) * targets)

    return loss, params, x


def test_a_bias_that_normalisation_takes_out_again_has_the_derivative_zero():
    report = purenet.compare_grads(*normalised())
    assert report.verdict == "agrees"
    assert "params['b'] (rev): all derivatives are zero on both sides" in str(report)


def test_a_derivative_that_is_nearly_zero_where_it_vanishes_is_wrong(x64):
    loss, params, x = normalised()

    def gradient(params, x):
        return {**jax.grad(loss)(params, x), "b": jnp.full(4, 1e-10)}

    report = purenet.compare_grads(loss, params, x, gradient=gradient)
    assert report.verdict == "disagrees"
    assert report.worst.path.startswith("params['b']")


def test_a_bound_that_is_exceeded_by_half_is_no_disagreement(x64):
    x = jnp.array([0.09040276480208864, 1.4824081600494006, 0.8954300010815219, -0.843142168962945])
    loc, scale = 0.016099232867731766, 1.12853562510054
    report = purenet.compare_grads(
        jax.scipy.stats.gumbel_r.logsf, x, loc, scale, argnums=(0, 1, 2), modes=("rev",)
    )
    assert report.verdict == "agrees"


def test_an_empty_leaf_is_nothing_to_compare():
    report = purenet.check_grads(lambda a: jnp.sum(jnp.linalg.pinv(a)) + 1.0, jnp.zeros((1, 0)))
    assert {leaf.verdict for leaf in report.leaves} == {"nothing to compare"}
    assert str(report).startswith("<lambda>: there is nothing to compare")


def test_a_solver_that_holds_its_matrix_is_right(x64):
    def loss(p):
        a, b = p
        x = lax.custom_linear_solve(
            lambda x: a @ x,
            b,
            lambda _, y: jnp.linalg.solve(lax.stop_gradient(a), y),
            transpose_solve=lambda _, y: jnp.linalg.solve(lax.stop_gradient(a).T, y),
        )
        return jnp.sum(x**2)

    a = jnp.asarray(DRAWN.normal(size=(3, 3)) + 5 * np.eye(3))
    assert purenet.check_grads(loss, (a, jnp.ones(3)), modes=("rev",)).ok


@pytest.mark.parametrize(
    "scales", [(1e-8, 1.0, 1e8), pytest.param((1e-3, 1e3), marks=pytest.mark.full)]
)
def test_scales_side_by_side_are_each_their_own(scales, x64):
    scales = np.array(scales)

    def loss(x):
        return jnp.sum(jnp.sin(x / scales))

    assert purenet.check_grads(loss, jnp.asarray(scales), modes=("rev",)).ok


def on_the_host(scale, shape):
    """A float32 network behind a callback, with a rule of its own that is off by a factor."""
    draws = np.random.default_rng(7)
    A, B = (draws.normal(size=of).astype(np.float32) for of in ((shape[1], 6), (6,)))
    x = draws.normal(size=(10, shape[0])).astype(np.float32)

    def host(w):
        return np.float32(np.mean(np.tanh(x @ np.asarray(w, np.float32)) @ A @ B))

    @jax.custom_vjp
    def f(w):
        out = jax.ShapeDtypeStruct((), np.float32)
        return jax.pure_callback(host, out, w, vmap_method="sequential")

    def pure(w):
        return jnp.mean(jnp.tanh(x @ w) @ A @ B)

    f.defvjp(lambda w: (f(w), w), lambda w, g: (scale * g * jax.grad(pure)(w),))
    return f


@pytest.mark.parametrize("seed", [0, *(pytest.param(s, marks=pytest.mark.full) for s in (1, 2, 3))])
@pytest.mark.parametrize(
    ("scale", "verdict"), sample([(0.2, "disagrees"), (1.0, "agrees")], every=2)
)
@pytest.mark.parametrize("shape", [(3, 2), pytest.param((6, 3), marks=pytest.mark.full)])
def test_a_core_in_float32_is_noise_and_its_rule_is_judged(seed, scale, verdict, shape):
    w = np.random.default_rng(seed).normal(size=shape).astype(np.float32)
    report = purenet.compare_grads(on_the_host(scale, shape), jnp.asarray(w), modes=("rev",))
    assert report.verdict == verdict
    assert report.leaves[0].disagreeing == (0 if scale == 1 else w.size)
    assert report.leaves[0].unsure == 0


@pytest.mark.full
def test_a_sampler_in_float32_has_the_derivative_of_its_long_steps():
    report = purenet.compare_grads(
        lambda a: jnp.mean(jax.random.gamma(jax.random.key(3), a, (5,))), 2.3, modes=("rev",)
    )
    worst = report.worst
    assert worst.by_differences == pytest.approx(0.7896, abs=1e-3)
    assert worst.bound < 1e-3  # jax's 0.7837 is that of the distribution, not of the sampler
    assert report.verdict == "undecided"


def test_directions_are_counted_and_said(x64):
    report = purenet.check_grads(lambda x: jnp.sum(x**2), jnp.ones(4), budget=0)
    assert report.compared == report.directions == 20
    assert str(report).startswith("<lambda>: jax agrees along 20 random directions")
    assert {leaf.verdict for leaf in report.leaves} == {"along directions"}


def test_a_factor_is_no_more_than_a_factor(x64):
    @jax.custom_vjp
    def three(x):
        return jnp.sum(3 * x)

    three.defvjp(lambda x: (three(x), x), lambda x, g: (2 * g * jnp.ones_like(x),))
    report = purenet.compare_grads(lambda x: three(x), jnp.ones((3, 2)))
    assert report.leaves[0].patterns == ("jax is 2/3 times the finite difference",)
    assert "x[0, 0]: jax 2, finite difference 3 ± " in str(report)


def test_arrays_of_a_methods_own_object_are_said_to_be_constants():
    class Net:
        def __init__(self):
            self.W = np.ones((3, 2))

        def loss(self, x):
            return jnp.sum((x @ self.W) ** 2)

    report = purenet.check_grads(Net().loss, jnp.ones(3))
    (note,) = report.notes
    assert note.startswith("Net's own arrays, `self.W`, are constants here")


def corner(x):
    return jnp.sum(jnp.where(x >= 1, 5 * jnp.log(x), jnp.sin(x - 1)))


def test_a_side_of_a_corner_is_known_to_a_millionth(x64):
    # the slope on the right, 5, comes out as 4.9999994: one-sided steps leave more truncation
    report = purenet.compare_grads(corner, jnp.ones(2), modes=("rev",))
    assert report.ok
    assert jax.grad(corner)(jnp.ones(2)).tolist() == [5.0, 5.0]


def test_where_thousands_are_wrong_a_sample_speaks_for_all(x64):
    @jax.custom_vjp
    def sine(x):
        return jnp.sin(x)

    sine.defvjp(lambda x: (jnp.sin(x), x), lambda x, g: (1.01 * g * jnp.cos(x),))
    x = jnp.asarray(np.random.default_rng(0).uniform(0.1, 1, 2000))
    report = purenet.compare_grads(lambda x: jnp.sum(sine(x) * jnp.roll(x, 1)), x, modes=("rev",))
    assert report.verdict == "disagrees"
    assert report.evaluations < 15 * x.size  # looking at each once more would take 40


def test_what_is_too_coarse_to_vanish_is_looked_at_closely():
    """Weights rounded to quarters: steps of the leaf's length see a slope, and there are stairs."""
    case = straight_through()
    report = purenet.compare_grads(case.loss, *case.args, modes=("rev",))
    assert {leaf.path for leaf in report.leaves if leaf.ok} == set()


def looks(*values, bound=0.01):
    """What looks at one derivative came to in the end: a value and its bound."""
    values = np.array(values)[:, None, None]
    value, error = _common(values, np.full_like(values, bound))
    return float(value[0, 0]), float(error[0, 0])


def test_one_look_of_four_may_be_beside_the_point():
    value, error = looks(1.0, 1.001, 5.0, 0.999)
    assert abs(value - 1.0) <= error <= 0.02


def test_looks_that_contradict_one_another_settle_nothing():
    value, error = looks(1.0, 1.001, 5.0, 5.001)
    assert np.isnan(value)
    assert error == np.inf


@pytest.mark.parametrize(
    ("value", "bound", "size", "expected"),
    [
        (3.0, 1.0, 1e3, 1e3),  # three bounds from zero: no derivative to measure errors by
        (5.0, 1.0, 1e3, 5.0),
        (5e-12, 1e-16, 1e3, 1e3),  # the rounding of terms that cancel
        (5e-10, 1e-16, 1e3, 5e-10),
        (5e-12, 1e-16, np.inf, 5e-12),
    ],
)
def test_what_counts_as_the_largest_derivative_of_a_leaf(value, bound, size, expected):
    found = Bounded(np.full((2, 1), value), np.full((2, 1), bound), [])
    nothing = [np.zeros((2, 1))]
    by = Derivatives(nothing, nothing, nothing)
    assert largest(found, by, 0, size) == expected


@pytest.mark.parametrize("frequency", [1e3, 1e4])
@pytest.mark.parametrize("size", [1, 3, 20])
@pytest.mark.parametrize("budget", [10.0, 0])
def test_random_features_of_high_frequency_are_right(frequency, size, budget, x64):
    slopes = jnp.asarray(np.random.default_rng(5).normal(size=(30, size)))

    def features(x, phases):
        return jnp.sum(jnp.sin(frequency * (slopes @ x) + phases))

    for seed in range(12):
        draws = np.random.default_rng(seed)
        x, phases = draws.normal(size=size), draws.normal(size=30)
        report = purenet.compare_grads(
            features, x, phases, modes=("rev",), budget=budget, key=jax.random.key(seed)
        )
        assert report.ok, report


@pytest.mark.parametrize(
    ("loss", "x"),
    [
        (lambda x: -jnp.log(jax.nn.softmax(x)[0]), [50.0, 0.0, 0.0]),
        (lambda x: jnp.sum(jax.nn.softmax(x) ** 2) - 1, [50.0, 0.0, 0.0]),
        (lambda x: jnp.log(1 + jnp.exp(x[0])), [-40.0]),
    ],
    ids=["cross-entropy", "squares", "softplus"],
)
def test_a_derivative_that_moves_a_loss_by_less_than_its_rounding_is_not_denied(loss, x, x64):
    assert purenet.check_grads(loss, jnp.array(x)).ok
    assert purenet.compare_grads(loss, jnp.array(x), budget=0).verdict != "disagrees"


@pytest.mark.parametrize("distance", [1e-3, 1e-5])
@pytest.mark.parametrize("at", [0.0, 1.0])
def test_a_unit_that_is_dead_near_its_kink_has_the_derivative_zero(distance, at, x64):
    def unit(x):
        return jax.nn.relu(x - at - distance)

    value, error = fd.estimate(unit)(at)
    assert abs(value) <= error < 1e-9
    assert purenet.check_grads(unit, at).ok


def test_far_steps_at_which_nothing_has_moved_but_the_last_digit_say_nothing(x64):
    def step(x):
        return 20 + 7e-15 * jnp.arctan(x / 1e3)

    value, error = fd.estimate(step)(300.0)
    assert abs(value - jax.grad(step)(300.0)) <= error


def test_a_slope_below_the_resolution_is_not_denied_from_afar(x64):
    """What is flat to the last digit over twice the size of x, and has saturated far out."""

    def hill(x):
        return 14.5 + 1e-12 * jnp.exp(-((x / 10) ** 2))

    value, error = fd.estimate(hill)(1.0)
    assert abs(value - jax.grad(hill)(1.0)) <= error
    assert purenet.check_grads(hill, 1.0).ok
