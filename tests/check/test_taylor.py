"""The Taylor remainder's rate: three where the derivative is right, one where it is not."""

import jax
import jax.numpy as jnp

import purenet


def test_the_rates_stand_beside_a_disagreement(x64):
    wrong = jax.custom_jvp(lambda x: jnp.sum(jnp.exp(x)))
    wrong.defjvps(lambda t, ans, x: jnp.sum(1.001 * jnp.exp(x) * t))
    (opinion, *_) = purenet.compare_grads(wrong, jnp.array([0.5, 1.0])).opinions
    assert "falls as h^1.0 with jax's value, as h^3.0 with the finite difference" in opinion


def test_a_straight_line_leaves_nothing_but_round_off(x64):
    wrong = jax.custom_jvp(lambda x: 2 * x)
    wrong.defjvps(lambda t, ans, x: 2.1 * t)
    (opinion, *_) = purenet.compare_grads(wrong, 1.0).opinions
    assert "as nothing but round-off with the finite difference" in opinion


def test_agreement_needs_no_opinion():
    assert purenet.compare_grads(jnp.sin, 1.0).opinions == ()
