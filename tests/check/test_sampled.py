"""Random directions and bisection: what they see, what they say they see, and what it costs."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import purenet
from tests.check.planted import network, planted, planted_leaf, scaled_at
from tests.sampling import sample


def test_directions_agree_on_a_right_gradient_and_say_what_they_would_have_seen(x64):
    loss, params, x, t = network()
    report = purenet.check_grads(loss, params, x, t, budget=0)
    assert report.compared == report.directions == 20
    assert report.evaluations < 300
    assert "5 directions of equal entries and 5 Gaussian ones" in report.method
    assert "with 95 % confidence" in report.method


@pytest.mark.parametrize("double", sample([True, False], every=2))
@pytest.mark.parametrize("factor", sample([1 + 1e-5, 1.1, -1.0], every=3))
def test_one_wrong_coordinate_is_traced(double, factor):
    with jax.enable_x64(double):
        loss, params, x, t = network()
        plant = planted_leaf("W1", scaled_at((3, 4), factor))
        report = purenet.compare_grads(
            lambda p, x, t: loss(plant(p), x, t), params, x, t, budget=0, modes=("rev",)
        )
    assert not report.ok
    (culprit,) = report.culprits
    assert culprit.path == "p['W1'][3, 4]"
    assert culprit.by_jax / culprit.by_differences == pytest.approx(factor, rel=1e-5)
    assert "further evaluations traced it to the coordinate below" in report.failures[0]


@pytest.mark.full
def test_one_among_a_million_takes_less_than_a_hundred_further_evaluations():
    wrong = planted(scaled_at((7, 123, 456), 1.5))
    w = jnp.asarray(np.random.default_rng(0).normal(size=(10, 250, 500)), np.float32)
    report = purenet.compare_grads(lambda w: jnp.mean(wrong(w) ** 3), w, modes=("rev",), budget=0)
    (culprit,) = report.culprits
    assert culprit.path == "w[7, 123, 456]"
    further = int(report.failures[0].split("; ")[1].split()[0])
    assert further < 100


def test_several_wrong_coordinates_are_all_traced(x64):
    loss, params, x, t = network()
    plant = planted(lambda g: {**g, "W1": g["W1"].at[3, 4].mul(1.5), "b2": g["b2"].at[1].mul(0.5)})
    report = purenet.compare_grads(lambda p: loss(plant(p), x, t), params, budget=0)
    assert {c.path for c in report.culprits} == {"p['W1'][3, 4]", "p['b2'][1]"}


def test_a_wholly_wrong_leaf_is_said_to_hold_more(x64):
    loss, params, x, t = network()
    plant = planted_leaf("W1", lambda g: 2 * g)
    report = purenet.compare_grads(lambda p: loss(plant(p), x, t), params, budget=0)
    assert {c.path.split("[")[1] for c in report.culprits} == {"'W1']"}
    assert "and there are more" in report.failures[0]


def test_forward_mode_of_many_coordinates_goes_by_directions(x64):
    @jax.custom_jvp
    def loss(w):
        return jnp.sum(w**3)

    w = jnp.linspace(0.5, 1.0, 300)
    loss.defjvps(lambda t, ans, w: jnp.sum(3 * w**2 * t) * (1 + 1e-6))
    report = purenet.compare_grads(loss, w, modes=("fwd",))
    assert not report.ok
    assert "random directions (fwd)" in report.failures[0]


def test_nan_in_a_gradient_is_named_by_its_leaf(x64):
    loss, params, x, t = network()
    plant = planted_leaf("b1", lambda g: g.at[2].set(jnp.nan))
    report = purenet.compare_grads(lambda p: loss(plant(p), x, t), params, budget=0, modes=("rev",))
    assert "jax's derivative with respect to p['b1'] is NaN or infinite" in report.failures


def test_the_key_draws_the_directions(x64):
    loss, params, x, t = network()
    plant = planted_leaf("b1", lambda g: 2 * g)

    def said(seed):
        report = purenet.compare_grads(
            lambda p: loss(plant(p), x, t), params, budget=0, key=jax.random.key(seed)
        )
        return report.failures

    assert said(0) == said(0)
    assert said(0) != said(1)


def test_complex_leaves(x64):
    z = jnp.array([1.0 + 2.0j, 0.5 - 1.0j])

    def loss(z):
        return jnp.sum(jnp.abs(z) ** 4)

    assert purenet.compare_grads(loss, z, budget=0).ok
    wrong = planted(lambda g: g.at[1].set(jnp.conj(g[1])))
    report = purenet.compare_grads(lambda z: loss(wrong(z)), z, budget=0)
    assert [c.path for c in report.culprits] == ["z[1].imag"]


def test_nan_by_forward_mode_along_directions_is_no_agreement(x64):
    undefined = jax.custom_jvp(lambda w: jnp.sum(w**2))
    undefined.defjvps(lambda t, ans, w: jnp.nan * jnp.sum(t))
    report = purenet.compare_grads(undefined, jnp.ones(300), modes=("fwd",))
    assert not report.ok
    assert "along a random direction (fwd) is NaN or infinite" in report.failures[0]


@pytest.mark.parametrize("size", [1e300, 1e-300])
def test_directions_of_the_largest_and_smallest_numbers_are_finite(size, x64):
    x = np.array([size, -size / 3])
    assert purenet.check_grads(lambda w: jnp.sum(jnp.sin(w / x) * x / 8), x).ok
