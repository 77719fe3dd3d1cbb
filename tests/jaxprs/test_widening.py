"""Wide dtypes: every float becomes float64, everything else stays."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from purenet import jaxprs


@pytest.mark.parametrize(
    ("dtype", "wide"),
    [
        (jnp.bfloat16, np.float64),
        (np.float16, np.float64),
        (np.float32, np.float64),
        (np.float64, np.float64),
        (np.complex64, np.complex128),
        (np.int8, np.int8),
        (np.bool_, np.bool_),
    ],
)
def test_wide_dtypes(dtype, wide):
    assert jaxprs.wide_dtype(np.dtype(dtype)) == np.dtype(wide)


def test_random_keys_stay_keys(x64):
    key = jax.random.key(0)
    assert jaxprs.widen(key) is key


def test_x64_is_on_inside_and_as_it_was_outside():
    with jaxprs.working_precision(True):
        assert jnp.ones(1).dtype == np.float64
    with jaxprs.working_precision(False):
        assert jnp.ones(1).dtype == np.float32
    assert jnp.ones(1).dtype == np.float32
