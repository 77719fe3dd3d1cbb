"""What a wrong leaf looks like: each pattern named where it holds, and none where it does not."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import purenet
from tests.check.planted import network, planted_leaf, scaled_at
from tests.sampling import sample


def patterns(name, wrong):
    with jax.enable_x64(True):
        loss, params, x, t = network(inputs=5, hidden=5)
        plant = planted_leaf(name, wrong)
        report = purenet.compare_grads(
            lambda p, x, t: loss(plant(p), x, t), params, x, t, modes=("rev",)
        )
    (leaf,) = [leaf for leaf in report.leaves if not leaf.ok]
    assert leaf.path == f"p['{name}']"
    return leaf.patterns


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    sample(
        [
            (lambda g: -g, "jax is minus the finite difference"),
            (lambda g: 2.5 * g, "jax is 2.5 times the finite difference"),
            (lambda g: (1 + 1e-7) * g, "jax is (1 +1e-07) times the finite difference"),
            (lambda g: 0 * g, "jax is zero times the finite difference"),
            (
                lambda g: 8 * g,
                "jax is 8 times the finite difference: perhaps a mean was taken for a sum",
            ),
            (
                lambda g: g / 8,
                "jax is 1/8 times the finite difference: perhaps a sum was taken for a mean",
            ),
            (
                lambda g: g * 8 / 5,
                "jax is 1.6 times the finite difference: perhaps a mean over axis 1 of the data",
            ),
            (lambda g: g.T, "jax is the finite difference transposed"),
            (lambda g: jnp.roll(g, 1, 0), "shifted by +1 along axis 0: an index is off by one"),
            (lambda g: jnp.roll(g, -1, 1), "shifted by -1 along axis 1: an index is off by one"),
            (lambda g: g[::-1], "jax is the finite difference reversed along axis 0"),
            (scaled_at((3, slice(None)), 2.0), "[3, :] is 2 times the finite difference"),
            (scaled_at((slice(None), 2), -1.0), "[:, 2] is minus the finite difference"),
            (lambda g: g.at[1].set(0.0), "[1, :] is zero times the finite difference"),
            (lambda g: g.at[1].add(jnp.arange(5.0)), "all that is wrong lies in [1, :]"),
            (scaled_at((2, 3), 1.1), "[2, 3] alone is wrong: 1.1 times the finite difference"),
        ],
        every=8,
    ),
)
def test_a_pattern_is_named(wrong, sentence):
    (found,) = patterns("W1", wrong)
    assert sentence in found


def test_a_penalty_that_one_side_alone_knows(x64):
    w = jnp.array([[1.0, -2.0], [0.5, 3.0]])

    @jax.custom_vjp
    def loss(w):
        return jnp.sum(jnp.sin(w))

    loss.defvjp(lambda w: (loss(w), w), lambda w, g: (g * (jnp.cos(w) + 0.01 * w),))
    report = purenet.compare_grads(loss, w, modes=("rev",))
    (sentence,) = report.leaves[0].patterns
    assert sentence == "jax is the finite difference plus 0.01 times the parameter itself"


def test_what_has_no_pattern_gets_none():
    noise = np.random.default_rng(0).normal(size=(5, 5))
    assert patterns("W1", lambda g: g * (1 + 0.1 * noise)) == ()
