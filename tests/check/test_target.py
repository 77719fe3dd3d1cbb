"""What is compared: one vector of real outputs for any function, of either order."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from purenet.check.target import targets_of
from purenet.fd.point import Point, trace


def targets(function, *args, order=1, **options):
    point = Point.of(function, args, {}, argnums=0)
    return targets_of(point, trace(point), order, (0, 0), **options)


def test_a_scalar_stays_a_scalar():
    (target,) = targets(lambda x: jnp.sum(x), jnp.arange(3.0))
    assert target.outputs is None
    assert float(target.of_moved([jnp.arange(3.0)])) == 3.0


def test_every_floating_output_joins_one_vector_real_parts_before_imaginary_ones():
    def function(x):
        return {"a": x * (1 + 2j), "b": jnp.argmax(x), "c": 7.0 * x[0]}

    (target,) = targets(function, jnp.array([1.0, 2.0]))
    assert target.outputs == 5
    np.testing.assert_allclose(target.of_moved(target.moved), [1, 2, 2, 4, 7])


def test_a_large_jacobian_becomes_a_weighted_sum_that_hides_no_output():
    x = jnp.ones(10)
    (whole,) = targets(jnp.sin, x)
    (weighted,) = targets(jnp.sin, x, entries=99)
    assert (whole.outputs, weighted.outputs) == (10, None)
    weights = jax.grad(lambda x: weighted.of_moved([x]))(jnp.zeros(10))
    assert float(jnp.min(jnp.abs(weights))) >= 0.5
    assert float(jnp.max(jnp.abs(weights))) <= 1.5
    assert "a weighted sum of the 10 outputs" in weighted.label


def test_second_order_asks_for_the_gradient_too():
    first, second = targets(lambda x: jnp.sum(x**3), jnp.arange(3.0), order=2)
    assert (first.label, second.label) == ("the function", "its gradient")
    np.testing.assert_allclose(second.of_moved([jnp.arange(3.0)]), 3 * np.arange(3.0) ** 2)


def test_no_floating_output_is_refused():
    with pytest.raises(TypeError, match=r"got a function that returns int32\[\]; wanted a"):
        targets(jnp.argmax, jnp.ones(3))
