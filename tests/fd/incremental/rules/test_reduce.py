"""Reductions: a sum adds what changed, the others look at whole axes."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax import lax

from tests.fd.incremental.oracle import assert_incremental_is_dense
from tests.sampling import sample

A = 1 + np.sin(np.arange(24.0)).reshape(2, 3, 4)

CASES = {
    "sum over all": jnp.sum,
    "sum over an indexed axis": lambda a: jnp.sum(a, axis=2),
    "sum over what moved along it": lambda a: jnp.sum(
        a * jnp.sum(a, axis=1, keepdims=True), axis=1
    ),
    "mean and variance": lambda a: (jnp.mean(a, (0, 2)), jnp.var(a, axis=1)),
    "extremes": lambda a: (jnp.max(a, 1), jnp.min(a, (0, 2)), jnp.max(a)),
    "product": lambda a: jnp.prod(a, axis=2),
    "where the largest is": lambda a: a * jnp.argmax(a, 1, keepdims=True) + jnp.argmin(a),
    "logic": lambda a: jnp.where(jnp.all(a > 0.5, axis=1), 1.0, 2.0) + jnp.any(a > 1.9, axis=1),
    "cumulative": lambda a: (jnp.cumsum(a, 1), jnp.cumprod(a, 2), lax.cummax(a, 0, reverse=True)),
    "cumulative log-sum-exp": lambda a: lax.cumlogsumexp(a, axis=2),
    "sorted": lambda a: (jnp.sort(a, axis=1), lax.sort((a, 2 * a), dimension=2)[1]),
    "normalised": lambda a: jax.nn.standardize(a) + jax.nn.logsumexp(a, axis=(0, 1)),
}


@pytest.mark.parametrize("name", sample(CASES, every=6))
def test_it_is_the_dense_evaluation(name, other_plans, dense_operations):
    assert_incremental_is_dense(CASES[name], A, other_plans=other_plans)
    assert not dense_operations


def test_a_sum_of_large_terms_keeps_the_digits_of_the_dense_one():
    big = np.array([1e8, -1e8, 1e-3])
    assert_incremental_is_dense(lambda a: jnp.sum(a * a), big, step=1e-3)
