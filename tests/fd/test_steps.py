"""Steps: from noise and order, scaled by a coordinate or the length over which a leaf curves."""

import math

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from purenet import fd, nn
from purenet.fd.lengths import scale, unit_step
from purenet.fd.options import checked
from purenet.fd.point import Point
from purenet.fd.setup import prepare, steps_of


def steps(f, x, **options):
    chosen = checked(**options)
    setup = prepare(Point.of(f, (x,), {}, argnums=0), chosen)
    with jax.enable_x64(chosen.double):
        return np.concatenate([np.ravel(s) for s in steps_of(setup, chosen, chosen.order)])


@pytest.mark.parametrize(("dtype", "exponent"), [(np.float64, -17), (np.float32, -8)])
def test_the_unit_step_is_the_cube_root_of_epsilon_for_order_two(dtype, exponent):
    assert unit_step(float(np.finfo(dtype).eps), 2) == 2.0**exponent


def test_higher_orders_take_larger_steps():
    units = [unit_step(2.0**-52, order) for order in (2, 4, 6, 8)]
    assert units == sorted(units)


def test_scale_is_the_larger_of_the_coordinate_and_its_leafs_rms():
    found = scale(jnp.array([3.0, 4.0, 0.0]))
    rms = np.sqrt(25 / 3)
    np.testing.assert_allclose(found, [3.0, 4.0, rms], rtol=1e-6)
    np.testing.assert_array_equal(scale(jnp.zeros(3)), [1, 1, 1])
    assert np.all(np.isfinite(scale(jnp.array([1e30, 1e-30]))))


def test_chosen_steps_are_powers_of_two():
    found = steps(lambda x: jnp.sum(x**3), np.linspace(0.1, 5, 30))
    np.testing.assert_array_equal(np.log2(found), np.round(np.log2(found)))


def test_a_leaf_of_small_weights_is_moved_by_the_length_over_which_the_loss_curves():
    model = nn.two_layer_net(20, 10, 3)
    params = model.init(jax.random.key(0))
    loss = nn.loss_fn(model, nn.softmax_cross_entropy)
    x, t = jax.random.normal(jax.random.key(1), (8, 20)), jnp.arange(8) % 3
    found = steps(lambda W: loss(params | {"W1": W}, x, t), params["W1"])
    assert np.all(found > 2.0**-17 * 0.1)  # ten times what the weights' own size would give


def test_a_leaf_over_which_the_loss_oscillates_is_moved_by_less_than_its_size():
    found = steps(lambda x: jnp.sum(jnp.sin(100 * x)), np.linspace(5, 10, 30))
    assert np.all(found < 2.0**-17 * 5)


def test_noise_widens_the_step_of_a_black_box():
    fine = steps(lambda x: float(np.sin(x)), 1.0, strategy="host")
    rough = steps(lambda x: float(np.sin(np.float32(x))), 1.0, strategy="host")
    assert rough[0] > 100 * fine[0]


def test_lengths_at_the_end_of_the_range_overflow_nothing():
    gradient = fd.grad(lambda x: float(np.sum(np.sqrt(np.abs(x)))))(np.array([1e-323, 1.0]))
    np.testing.assert_allclose(gradient[1], 0.5, atol=1e-6)


def test_given_steps_are_taken_as_they_are():
    np.testing.assert_array_equal(steps(jnp.sum, np.ones(3), step=0.3), [0.3] * 3)
    with pytest.raises(ValueError, match="wanted one number, or the structure of what is"):
        fd.grad(lambda p: p["a"], step=[0.1])({"a": 1.0})


@pytest.mark.parametrize("frequency", [0.1, 1.0, 10.0, 1000.0])
@pytest.mark.parametrize("strategy", ["auto", "dense", "host"])
def test_truncation_is_as_small_as_round_off_over_any_length(frequency, strategy, x64):
    x, xp = np.linspace(1, 2, 40), np if strategy == "host" else jnp

    def f(x):
        return xp.sum(xp.sin(frequency * x))

    found = fd.grad(f, strategy=strategy)(x)
    np.testing.assert_allclose(found / frequency, np.cos(frequency * x), atol=2e-9)


def small_ones(count=200, of=4000):
    """A leaf of ordinary numbers, some of them far smaller."""
    x = np.random.default_rng(0).normal(size=of)
    x[:count] *= 1e-5
    return x


@pytest.mark.parametrize("strategy", ["dense", "host"])
def test_many_small_coordinates_of_a_smooth_function_cost_next_to_nothing(strategy, x64):
    chosen = checked(strategy=strategy)
    setup = prepare(Point.of(lambda x: (x**3).sum() / 4000, (small_ones(),), {}, argnums=0), chosen)
    found = np.concatenate([np.ravel(s) for s in steps_of(setup, chosen, 2)])
    assert setup.evaluator.evaluations < 100
    assert found[:200].min() == found[200:].min()


def test_one_that_curves_over_its_own_size_is_found_among_them(x64):
    def function(x):
        return (x**3).sum() / 4000 + jnp.log1p(x[7] / abs(small_ones()[7]) / 2) / 4000

    found = steps(function, small_ones())
    assert found[7] < 2.0**-17 * 1e-4
    # ten times what the rounding of the value, 0.1, puts into a difference at these steps
    np.testing.assert_allclose(
        fd.grad(function)(small_ones()), jax.grad(function)(small_ones()), rtol=1e-6, atol=1e-11
    )


def test_two_that_curve_alike_and_cancel_are_found_too(x64):
    x = small_ones()
    x[:2] = 1e-5

    def function(x):
        return (x**3).sum() / 4000 + jnp.sin(3e5 * x[0]) - jnp.sin(3e5 * x[1])

    found = fd.grad(function)(x)
    np.testing.assert_allclose(found[:2], jax.grad(function)(x)[:2], rtol=1e-6)


@pytest.mark.parametrize("x", [[0.0, 1.0], [1e-12, 1e6]], ids=["zero", "18 powers of ten apart"])
def test_a_small_one_in_a_small_leaf_has_a_length_of_its_own(x, x64):
    found = fd.grad(lambda x: jnp.sin(1e5 * x[0]) + x[1])(np.array(x))
    np.testing.assert_allclose(found, [1e5, 1.0], rtol=1e-6)


def test_a_step_that_leaves_the_domain_is_too_large(x64):
    x = np.geomspace(1e-3, 1, 30)
    found = fd.grad(lambda x: jnp.sum(jnp.log(x)))(x)
    np.testing.assert_allclose(found, 1 / x, atol=1e-7 / x.min())


FAR = {
    "sine at a million": (jnp.sin, 1e6, math.cos(1e6)),
    "sine at ten thousand millions": (jnp.sin, 1e10, math.cos(1e10)),
    "fast sine": (lambda x: jnp.sin(1e6 * x), 0.3, 1e6 * math.cos(1e6 * 0.3)),
    "edge of a logarithm": (jnp.log1p, -0.999999, 1 / (1 - 0.999999)),
    "a probability near one": (lambda x: jnp.log(x / (1 - x)), 1 - 1e-6, 1 / ((1 - 1e-6) * 1e-6)),
    "pole": (lambda x: 1 / (x - 1), 1 + 2.0**-26, -(2.0**52)),
    "an inverse's sine": (lambda x: jnp.sin(1e3 / x), 1e-3, -1e9 * math.cos(1e6)),
    "steep transition": (lambda x: jnp.tanh(1e9 * (x - 1)), 1.0, 1e9),
}


@pytest.mark.parametrize("count", [1, 3, 20], ids=["alone", "of three", "of twenty"])
@pytest.mark.parametrize(("f", "x", "exact"), FAR.values(), ids=FAR.keys())
def test_far_from_the_origin_the_length_is_the_functions_own(f, x, exact, count, x64):
    found = fd.grad(lambda x: jnp.sum(f(x)))(np.full(count, x))
    np.testing.assert_allclose(found, exact, rtol=1e-7)


@pytest.mark.parametrize("stair", [1e-6, 1e-9, 1e-11, 1e-14])
def test_stairs_are_no_curvature(stair, x64):
    found = steps(lambda x: jnp.round(jnp.exp(x) / stair) * stair, np.array([0.5]))
    assert found > 2.0**-20


def test_at_the_edge_of_a_domain_a_step_on_one_side_is_an_ordinary_one(x64):
    found = fd.grad(lambda x: x**2.5 + 3 * x, method="forward")(0.0)
    np.testing.assert_allclose(found, 3, rtol=1e-6)


def test_a_function_that_curves_over_its_size_costs_four_evaluations_more(x64):
    chosen = checked(strategy="host")
    parameters = {"a": np.array(0.5), "b": np.array([1.0, 2.0])}
    setup = prepare(
        Point.of(lambda p: float(p["a"] * np.sum(p["b"] ** 2)), (parameters,), {}, argnums=0),
        chosen,
    )
    setup.evaluator.relative_noise()
    before = setup.evaluator.evaluations
    steps_of(setup, chosen, 2)
    assert setup.evaluator.evaluations - before == 4


def test_where_noise_is_all_there_is_the_step_is_an_ordinary_one(x64):
    """A sum of centred values is 0 but for rounding, which shorter steps would make more of."""

    def centred(x):
        v = jnp.cumprod(1 + 0.3 * jnp.tanh(x), axis=0)
        return jnp.sum(v - jnp.mean(v))

    x = jnp.asarray(np.random.default_rng(1).normal(size=(2, 4)))
    assert np.max(np.abs(fd.grad(centred)(x))) < 1e-10
