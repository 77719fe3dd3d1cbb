"""Cutting and joining: an index moves with its part."""

import jax.numpy as jnp
import numpy as np
import pytest
from jax import lax

from tests.fd.incremental.oracle import assert_incremental_is_dense
from tests.sampling import sample

A = np.sin(np.arange(24.0)).reshape(2, 3, 4)
B = np.cos(np.arange(12.0)).reshape(3, 4)

CASES = {
    "slice": lambda a: (a[:, 1:, :3], lax.slice(a, (0, 1, 0), (2, 3, 4), (1, 1, 2))),
    "slice to one": lambda a: a[1:, 2:, 3:],
    "slice to nothing": lambda a: a[:, 3:, :],
    "split": lambda a: jnp.split(a, [1, 3], axis=2),
    "pad": lambda a: jnp.pad(a, ((1, 0), (0, 2), (1, 1)), constant_values=3.0),
    "pad inside and negative": lambda a: lax.pad(a, 0.5, [(0, 0, 1), (-1, 0, 0), (2, -1, 2)]),
    "pad by a moved value": lambda a: lax.pad(a, a[0, 0, 0], [(0, 0, 0), (1, 0, 0), (0, 0, 0)]),
    "concatenate with a constant": lambda a: jnp.concatenate([jnp.ones((2, 2, 4)), a], axis=1),
    "concatenate with itself": lambda a: jnp.concatenate([a, 2 * a, a[:, :1]], axis=1),
    "concatenate across": lambda a: jnp.concatenate([a[0], a[1]], axis=0),
    "roll": lambda a: jnp.roll(a, 1, axis=2),
    "stack": lambda a: (jnp.stack([a[0], jnp.ones((3, 4))], axis=1), jnp.stack([a[0], a[1]], axis=2)),
    "unstack": lambda a: jnp.unstack(a, axis=1),
}  # fmt: skip


@pytest.mark.parametrize("name", sample(CASES, every=6))
def test_it_is_the_dense_evaluation(name, other_plans, dense_operations):
    def f(a, b):
        return CASES[name](a * jnp.exp(b))  # a's patch is one element, b's a line of two

    assert_incremental_is_dense(f, A, B, other_plans=other_plans)
    assert dense_operations <= ({"pad"} if name == "pad by a moved value" else set())
