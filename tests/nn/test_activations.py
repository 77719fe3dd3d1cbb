"""The activations are NumPy's formulas, and stable far out."""

import jax.numpy as jnp
import numpy as np
import pytest

from purenet import nn

X = np.linspace(-5, 5, 11, dtype=np.float32)


@pytest.mark.parametrize(
    ("activation", "formula"),
    [
        (nn.sigmoid, lambda x: 1 / (1 + np.exp(-x))),
        (nn.relu, lambda x: np.maximum(x, 0)),
        (nn.tanh, np.tanh),
        (nn.softmax, lambda x: np.exp(x) / np.exp(x).sum()),
    ],
)
def test_formula(activation, formula):
    np.testing.assert_allclose(activation(X), formula(X), rtol=1e-5)


@pytest.mark.parametrize("activation", [nn.sigmoid, nn.tanh, nn.softmax])
def test_finite_at_ten_thousand(activation):
    assert np.all(np.isfinite(activation(jnp.array([1e4, -1e4, 0.0]))))
