"""Custom rules checked alone: the one at fault is named with file and line, the others are not."""

from pathlib import Path

import jax
import jax.numpy as jnp
import pytest

import purenet


@jax.custom_vjp
def right(x):
    return jnp.sin(x)


right.defvjp(lambda x: (jnp.sin(x), x), lambda x, g: (g * jnp.cos(x),))


@jax.custom_vjp
def wrong(x, y):
    return x * y


def wrong_backward(residuals, g):
    x, y = residuals
    return 3 * g * y, g * x


wrong.defvjp(lambda x, y: (x * y, (x, y)), wrong_backward)


@pytest.mark.parametrize(
    "loss",
    [
        lambda x: jnp.sum(wrong(right(x), jnp.cos(x))),
        pytest.param(
            jax.jit(lambda x: jnp.sum(wrong(right(x), jnp.cos(x)))), marks=pytest.mark.full
        ),
        lambda x: jax.lax.scan(lambda c, v: (c + wrong(right(v), jnp.cos(v)), None), 0.0, x)[0],
    ],
    ids=["plain", "jit", "scan"],
)
def test_the_rule_at_fault_is_named_alone(loss):
    report = purenet.compare_grads(loss, jnp.array([0.5, 1.0]), modes=("rev",))
    (sentence,) = report.rules
    line = 1 + Path(__file__).read_text().splitlines().index("def wrong_backward(residuals, g):")
    assert sentence.startswith("custom_vjp rule wrong_backward of wrong (")
    assert f"test_rules.py:{line}) is wrong by itself" in sentence
    assert "by input[0]: jax is 3 times the finite difference" in sentence


def test_a_mistake_elsewhere_accuses_no_rule():
    def loss(x):
        held = jax.custom_jvp(lambda x: x)
        held.defjvps(lambda t, ans, x: t)
        return jnp.sum(right(held(x)))

    assert purenet.compare_grads(loss, jnp.array([0.5]), modes=("rev",)).rules == ()
