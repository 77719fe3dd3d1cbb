"""Other numbers: of the same kind, and told from the first by whatever reads them."""

import hypothesis.extra.numpy as arrays
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given

from purenet import audit
from purenet.purity.values import differ, outputs_of, perturbed, summary

SHAPES = arrays.array_shapes(min_dims=0, max_dims=3, max_side=5)


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64", "complex64", "int32"])
@given(shape=SHAPES)
def test_shape_and_dtype_stay_and_every_number_is_another(dtype, shape):
    value = np.ones(shape, dtype)
    changed = perturbed(value)
    assert (changed.shape, changed.dtype) == (value.shape, value.dtype)
    assert np.all(changed != value)


@given(shape=SHAPES)
def test_no_two_of_equal_numbers_stay_equal(shape):
    changed = perturbed(np.zeros(shape))
    assert len(np.unique(changed)) == changed.size


def test_jax_arrays_and_python_numbers_stay_what_they_are():
    assert isinstance(perturbed(jnp.ones(3, jnp.bfloat16)), jnp.ndarray)
    assert perturbed(jnp.ones(3, jnp.bfloat16)).dtype == jnp.bfloat16
    assert perturbed(1.0) == 1.375
    assert perturbed(3) == 4


def test_a_bias_of_zeros_before_a_softmax_is_named():
    class Net:
        def __init__(self):
            self.W = np.arange(6.0).reshape(2, 3)
            self.b = np.zeros(3)

        def loss(self, x):
            scores = np.exp(x @ self.W + self.b)
            return -np.log(scores[0] / scores.sum())

    net, x = Net(), np.array([0.1, 0.2])
    report = audit(lambda b: net.loss(x), net.b)
    found = {(finding.kind, finding.subject) for finding in report.findings}
    assert found == {("ignored-parameter", "b"), ("aliased-state", "net.b")}


def test_values_differ_in_a_bit():
    assert differ([np.asarray(0.1)], [np.asarray(np.nextafter(0.1, 1))])
    assert not differ([np.asarray(np.nan)], [np.asarray(np.nan)])
    assert differ([np.ones(2)], [np.ones((2, 1))])


def test_a_value_in_one_number():
    assert summary([np.asarray(3.0)]) == 3.0
    assert summary([np.asarray([3.0]), np.asarray([4.0])]) == 5.0


def test_whole_numbers_beyond_every_dtype_are_floats():
    assert outputs_of((1, 10**30, -(10**400))) == [1, 1e30, -np.inf]
    assert audit(lambda w: 10**400, np.ones(2)).kinds == ("ignored-parameter",)
