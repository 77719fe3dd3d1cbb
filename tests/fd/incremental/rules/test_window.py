"""Convolution and pooling: by the input, by the kernel, with any strides and dilations."""

import jax.numpy as jnp
import numpy as np
import pytest
from jax import lax

from tests.fd.incremental.oracle import assert_incremental_is_dense
from tests.sampling import sample

IMAGE = np.sin(np.arange(150.0)).reshape(2, 3, 5, 5)
KERNEL = np.cos(np.arange(54.0)).reshape(2, 3, 3, 3)

CASES = {
    "plain": {"padding": "VALID"},
    "same": {"padding": "SAME"},
    "strides": {"padding": ((1, 2), (0, 1)), "window_strides": (2, 3)},
    "a dilated kernel": {"padding": ((1, 1), (2, 2)), "rhs_dilation": (2, 1)},
    "a dilated input": {"padding": ((0, 1), (1, 0)), "lhs_dilation": (1, 2)},
    "negative padding": {"padding": ((-1, 0), (0, 1))},
    "channels last": {"padding": "SAME", "dimension_numbers": ("NHWC", "HWIO", "NHWC")},
    "mixed layouts": {"padding": "SAME", "dimension_numbers": ("CHWN", "IHWO", "HWNC")},
}


def laid_out(array, spec, names):
    return np.transpose(array, [names.index(axis) for axis in spec])


@pytest.mark.parametrize("name", sample(CASES, every=5))
def test_a_convolution_is_the_dense_one(name, other_plans, dense_operations):
    options = {"window_strides": (1, 1), "dimension_numbers": ("NCHW", "OIHW", "NCHW")} | CASES[
        name
    ]
    image_spec, kernel_spec, _ = options["dimension_numbers"]

    def f(x, k):
        return jnp.tanh(lax.conv_general_dilated(x, k, **options))

    image = laid_out(IMAGE[:1, :, :4, :3], image_spec, "NCHW")
    kernel = laid_out(KERNEL[..., :2], kernel_spec, "OIHW")
    assert_incremental_is_dense(lambda k: f(image, k), kernel, other_plans=other_plans)
    assert_incremental_is_dense(lambda x: f(x, kernel), image, other_plans=False)
    assert not dense_operations


@pytest.mark.full
def test_two_layers_with_pooling(dense_operations):
    def f(k, m):
        y = jnp.maximum(lax.conv_general_dilated(IMAGE, k, (1, 1), "SAME"), 0)
        y = lax.reduce_window(y, -jnp.inf, lax.max, (1, 1, 2, 2), (1, 1, 2, 2), "VALID")
        y = jnp.tanh(lax.conv_general_dilated(y, m, (1, 1), "SAME"))
        return jnp.sum(y.reshape(2, -1) ** 2, axis=1)

    assert_incremental_is_dense(f, KERNEL[:, :, :2, :2], KERNEL[:, :2, :2, :2])
    assert not dense_operations


POOLS = {
    "sum": lambda x: lax.reduce_window(x, 0.0, lax.add, (1, 1, 2, 3), (1, 1, 1, 2), "SAME"),
    "largest": lambda x: lax.reduce_window(x, -jnp.inf, lax.max, (1, 1, 3, 2), (1, 1, 2, 2), "VALID"),
    "smallest, dilated": lambda x: lax.reduce_window(
        x, jnp.inf, lax.min, (1, 1, 2, 2), (1, 1, 1, 1), "VALID",
        base_dilation=(1, 1, 2, 1), window_dilation=(1, 1, 1, 2),
    ),
    "over channels": lambda x: lax.reduce_window(x, 0.0, lax.add, (1, 2, 1, 1), (1, 1, 1, 1), "SAME"),
    "of integers": lambda x: lax.reduce_window(
        jnp.round(9 * x).astype(jnp.int32), np.int32(-(2**31)), lax.max, (1, 1, 2, 2), (1, 1, 1, 1), "SAME",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", sample(POOLS, every=3))
def test_pooling_is_the_dense_one(name, dense_operations):
    x = IMAGE[:1, :2, :4, :3]
    assert_incremental_is_dense(lambda x: POOLS[name](x), x)
    assert_incremental_is_dense(lambda w: POOLS[name](x * w[:, None, None]), np.ones(2))
    assert not dense_operations


DENSE = {
    "groups": lambda k: lax.conv_general_dilated(IMAGE[:, :2], k[:, :1], (1, 1), "SAME", feature_group_count=2),
    "a kernel twice": lambda k: lax.conv_general_dilated(k * k, k, (1, 1), "SAME"),
}  # fmt: skip


@pytest.mark.parametrize("name", sample(DENSE, every=2))
def test_other_convolutions_are_evaluated_densely_and_right(name, dense_operations):
    assert_incremental_is_dense(DENSE[name], KERNEL[:, :, :2, :2], other_plans=False)
    assert dense_operations == {"conv_general_dilated"}
