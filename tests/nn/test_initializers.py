"""Initialisers under their usual names: their laws, for both conventions of a weight."""

import math

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from purenet.nn import initializers

SHAPE = (300, 400)
FOUR_SIGMA = 4 / math.sqrt(2 * 300 * 400)  # of a standard deviation, relative


@pytest.mark.parametrize(
    ("name", "std"),
    [
        ("glorot_uniform", math.sqrt(2 / 700)),
        ("xavier_normal", math.sqrt(2 / 700)),
        ("he_normal", math.sqrt(2 / 300)),
        ("kaiming_uniform", math.sqrt(2 / 300)),
    ],
)
def test_the_deviation_counts_the_fans(name, std):
    weight = getattr(initializers, name)()(jax.random.key(0), SHAPE, jnp.float32)
    assert float(weight.std()) == pytest.approx(std, rel=FOUR_SIGMA)


def test_a_transposed_weight_counts_its_inputs_on_the_last_axis():
    weight = initializers.he_normal(in_axis=-1, out_axis=-2)(jax.random.key(0), SHAPE, jnp.float32)
    assert float(weight.std()) == pytest.approx(math.sqrt(2 / 400), rel=FOUR_SIGMA)


def test_zeros_ones_and_constant():
    key = jax.random.key(0)
    np.testing.assert_array_equal(initializers.zeros(key, (2,)), [0, 0])
    np.testing.assert_array_equal(initializers.ones(key, (2,)), [1, 1])
    np.testing.assert_array_equal(initializers.constant(0.5)(key, (2,)), [0.5, 0.5])


def test_uniform_and_normal_have_the_scale_they_are_given():
    key = jax.random.key(0)
    uniform = initializers.uniform(0.1)(key, SHAPE, jnp.float32)
    assert 0 <= float(uniform.min()) < 0.001 < 0.099 < float(uniform.max()) <= 0.1
    normal = initializers.normal(0.01)(key, SHAPE, jnp.float32)
    assert float(normal.std()) == pytest.approx(0.01, rel=FOUR_SIGMA)
