"""A small problem to train on: a two-layer net on random rows, with dropout where asked for."""

import jax
import jax.numpy as jnp
import numpy as np

from purenet import nn

MODEL = nn.two_layer_net(6, 5, 3, weight_scale=0.5)
LOSS = nn.loss_fn(MODEL, nn.softmax_cross_entropy)
KEY = jax.random.key(7)


def rows(count=40, seed=0):
    draw = np.random.default_rng(seed)
    x = draw.normal(size=(count, 6))
    return x, np.argmax(x @ draw.normal(size=(6, 3)), axis=1)


def params(dtype=None):
    return MODEL.init(jax.random.key(0), dtype=dtype)


def dropout_loss(params, x, t, *, key=None):
    """Drops half the inputs out, where it has a key."""
    if key is not None:
        x = jnp.where(jax.random.bernoulli(key, 0.5, x.shape), 2.0 * x, 0.0)
    return LOSS(params, x, t)


def assert_same_bits(one, other):
    ones, others = jax.tree.leaves(one), jax.tree.leaves(other)
    assert len(ones) == len(others)
    for left, right in zip(map(jnp.asarray, ones), map(jnp.asarray, others), strict=True):
        if jnp.issubdtype(left.dtype, jax.dtypes.prng_key):
            left, right = jax.random.key_data(left), jax.random.key_data(right)
        assert left.dtype == right.dtype
        np.testing.assert_array_equal(left, right)
