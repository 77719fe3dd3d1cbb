"""The affine layer in both conventions, against NumPy and each other."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from purenet import nn

sizes = st.integers(1, 5)


@settings(deadline=None, max_examples=25)
@given(st.lists(sizes, max_size=2), sizes, sizes, st.booleans())
def test_both_conventions_are_numpys_matmul(batch, inputs, outputs, with_bias):
    draw = np.random.default_rng(0)
    x, W = draw.normal(size=(*batch, inputs)), draw.normal(size=(inputs, outputs))
    b = draw.normal(size=outputs) if with_bias else None
    expected = x @ W + (0 if b is None else b)
    with jax.enable_x64(True):
        np.testing.assert_allclose(nn.linear(x, W, b), expected, atol=1e-14)
        np.testing.assert_allclose(nn.linear_transposed(x, W.T, b), expected, atol=1e-14)


def test_integer_input_is_promoted():
    assert nn.linear(jnp.array([1, 2]), jnp.ones((2, 3))).dtype == jnp.float32


@pytest.mark.parametrize(
    "transform", [lambda f: f, jax.jit, jax.vmap], ids=["no jit", "jit", "vmap"]
)
def test_it_transforms(transform):
    x, W, b = jnp.ones((4, 3)), jnp.ones((3, 2)), jnp.ones(2)
    np.testing.assert_array_equal(transform(lambda x: nn.linear(x, W, b))(x), jnp.full((4, 2), 4.0))


@pytest.mark.parametrize(
    ("layer", "message"),
    [
        (nn.linear, r"got x of shape \(3,\) and W of shape \(2, 3\); wanted linear: x W \+ b"),
        (nn.linear_transposed, r"wanted linear_transposed: .*; transpose W, or use linear if"),
    ],
)
def test_a_weight_the_other_way_round_is_explained(layer, message, unchecked):
    W = jnp.ones((2, 3)) if layer is nn.linear else jnp.ones((3, 2))
    with pytest.raises(ValueError, match=message):
        layer(jnp.ones(3), W)


def test_a_bias_that_does_not_fit_is_explained(unchecked):
    with pytest.raises(ValueError, match=r"got b of shape \(3,\) for W of shape \(3, 2\); wanted"):
        nn.linear(jnp.ones(3), jnp.ones((3, 2)), jnp.ones(3))
