"""Whole leaves and samples of evaluators that take one coordinate like any other."""

import jax.numpy as jnp
import numpy as np
import pytest

from purenet import jaxprs
from purenet.fd.dense import Dense


def evaluator(x):
    traced = jaxprs.trace(lambda xs: jnp.sum(xs[0].real ** 2) + jnp.sum(xs[0].imag), [x])
    return Dense(traced, [x], replay=jaxprs.DOUBLE, max_memory=2**28)


def test_a_leaf_is_each_of_its_coordinates_at_every_point_of_its_own_step(x64):
    x = jnp.array([1.0, 2.0, 3.0])
    (values,) = evaluator(x).along_leaf(0, np.array([0.1, 0.2, 0.3]), np.array([-1.0, 2.0]))
    moved = np.array([[-0.1, 0.2], [-0.2, 0.4], [-0.3, 0.6]])
    expected = 14 + 2 * np.array(x)[:, None] * moved + moved**2
    np.testing.assert_allclose(values, expected, rtol=1e-14)


def test_a_complex_leaf_has_its_imaginary_coordinates_last(x64):
    (values,) = evaluator(jnp.array([1.0 + 2.0j, 0.0])).along_leaf(0, np.ones(4), np.array([1.0]))
    np.testing.assert_allclose(values[:, 0], [6.0, 4.0, 4.0, 4.0])


@pytest.mark.parametrize(("size", "samples"), [(10, 2), (256, 4), (1000, 4)])
def test_a_sample_is_two_coordinates_or_four_evenly_spread(size, samples, x64):
    x = jnp.arange(1.0, size + 1)
    at = evaluator(x)
    (values,) = at.sampled(0, np.array([-0.5, 0.5, 1.0]), 2)
    assert values.shape == (samples, 3)
    assert at.evaluations == samples * 3
    chosen = (np.asarray(values[:, 1]) - np.asarray(values[:, 0])) / 2  # (x + 1/2)² - (x - 1/2)²
    np.testing.assert_allclose(np.diff(chosen), size / samples, atol=1)
