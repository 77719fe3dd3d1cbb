"""add, square and exp: the tape's functions without a tape."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from purenet import nn


def test_add_takes_any_number_of_terms():
    assert int(nn.add(2)) == 2
    assert int(nn.add(2, 3)) == 5
    np.testing.assert_array_equal(nn.add(jnp.ones((2, 1)), jnp.ones(3), 1.0), np.full((2, 3), 3.0))


def test_a_term_used_twice_counts_twice():
    assert float(jax.grad(lambda x: nn.add(x, x, nn.square(x)))(3.0)) == 8.0


def test_add_without_terms_is_refused():
    with pytest.raises(TypeError, match="got no terms; wanted one or more"):
        nn.add()


def test_square_and_exp_are_numpys():
    x = np.linspace(-2, 2, 5, dtype=np.float32)
    np.testing.assert_allclose(nn.square(x), x**2)
    np.testing.assert_allclose(nn.exp(x), np.exp(x), rtol=1e-6)
