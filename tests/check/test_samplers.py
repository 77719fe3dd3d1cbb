"""Draws of a gamma distribution: JAX's derivative is right in the mean, and no single draw's."""

import re

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from purenet import GradientUndecided, check_grads, compare_grads

KEY = jax.random.key(3)
PARAMS = {"a": jnp.array([1.7, 0.6, 3.0]), "w": jnp.array([0.5, -1.0, 2.0])}


@jax.custom_vjp
def doubled(w):
    return 2 * w


doubled.defvjp(lambda w: (2 * w, None), lambda _, g: (2.02 * g,))


def loss(params, key=KEY, double=lambda w: 2 * w):
    return jnp.sum(jnp.sin(double(params["w"])) * jax.random.gamma(key, params["a"]))


def test_what_reaches_a_draw_is_undecided_and_the_rest_is_judged(x64):
    params = jax.tree.map(lambda x: x.astype(float), PARAMS)
    report = compare_grads(loss, params)
    assert {(leaf.path, leaf.verdict) for leaf in report.leaves if leaf.mode == "rev"} == {
        ("params['a']", "undecided"),
        ("params['w']", "agrees"),
    }
    assert report.verdict == "undecided"
    assert not report.rules
    assert re.search(
        r"params\['a'\]\[\d\]: jax .*, finite difference .*: the first is the derivative of the "
        r"distribution that random_gamma \(.*test_samplers.py:\d+\) draws from, the second that of "
        "the numbers that this key gives",
        report.unproved[0],
    )
    assert check_grads(loss, params, allow_undecided=("params['a']",)).ok
    with pytest.raises(GradientUndecided):
        check_grads(loss, params)


def test_a_mistake_beside_a_draw_is_found(x64):
    params = jax.tree.map(lambda x: x.astype(float), PARAMS)
    report = compare_grads(lambda p: loss(p, double=doubled), params)
    assert report.verdict == "disagrees"
    assert {leaf.path for leaf in report.leaves if not leaf.ok} == {"p['w']"}
    assert report.rules


@pytest.mark.parametrize(("double", "verdict"), [(lambda w: 2 * w, "undecided"),
                                                 (doubled, "disagrees")])  # fmt: skip
def test_along_directions_too(double, verdict, x64):
    params = jax.tree.map(lambda x: x.astype(float), PARAMS)
    report = compare_grads(lambda p: loss(p, double=double), params, budget=0, modes=("rev",))
    assert report.verdict == verdict
    assert all(culprit.path.startswith("p['w']") for culprit in report.culprits)


def test_what_a_draw_does_not_explain_disagrees(x64):
    a = jnp.array([1.7, 0.6])
    wrong_rule = compare_grads(lambda a: jnp.sum(doubled(jax.random.gamma(KEY, a))), a)
    assert wrong_rule.verdict == "disagrees"
    assert wrong_rule.rules
    not_a_number = compare_grads(
        lambda a: jnp.sum(jax.random.gamma(KEY, a) + jnp.where(a > 9, jnp.sqrt(a - 9), 0)), a
    )
    assert not_a_number.verdict == "disagrees"
    given = compare_grads(lambda a: jnp.sum(jax.random.gamma(KEY, a)), a, gradient=jnp.ones(2))
    assert given.verdict == "disagrees"


def test_several_leaves_that_reach_draws_along_directions(x64):
    def draws(p):
        return jnp.sum(jax.random.gamma(KEY, p["a"]) * jax.random.gamma(KEY, p["b"]))

    params = {"a": jnp.array([1.7, 0.6]), "b": jnp.array([3.0, 0.9])}
    assert compare_grads(draws, params, budget=0, modes=("rev",)).verdict == "undecided"


def test_jax_is_right_in_the_mean_over_keys():
    """The mean of a gamma distribution is its shape, and the derivative of the mean is 1."""
    keys = jax.random.split(KEY, 20_000)
    derivative = jax.vmap(jax.grad(lambda a, key: jax.random.gamma(key, a)), (None, 0))(2.3, keys)
    assert np.mean(derivative) == pytest.approx(1.0, abs=0.02)
