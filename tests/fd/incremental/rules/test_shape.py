"""Axes that are moved, merged, split and repeated: indices follow."""

import jax.numpy as jnp
import numpy as np
import pytest
from jax import lax

from tests.fd.incremental.oracle import assert_incremental_is_dense
from tests.sampling import sample

A = np.sin(np.arange(24.0)).reshape(2, 3, 4)
B = np.cos(np.arange(12.0)).reshape(3, 4)

CASES = {
    "transpose": lambda a: jnp.transpose(a, (2, 0, 1)),
    "broadcast": lambda a: (jnp.broadcast_to(a[:, :1], (2, 3, 4)), jnp.broadcast_to(a[0], (5, 3, 4))),
    "squeeze and expand": lambda a: jnp.squeeze(a[:1], 0)[:, None, :, None] + lax.expand_dims(a[0], (0, 2)),
    "reshape: merge all": lambda a: a.reshape(-1),
    "reshape: merge two": lambda a: (a.reshape(6, 4), a.reshape(2, 12)),
    "reshape: split": lambda a: a.reshape(2, 3, 2, 2),
    "reshape: merge and split across": lambda a: a.reshape(4, 6),
    "reshape: axes of size one": lambda a: a.reshape(1, 2, 1, 3, 4, 1),
    "reshape there and back": lambda a: a.reshape(6, 4).reshape(2, 3, 4) * a,
    "rev": lambda a: jnp.flip(a, (0, 2)),
    "tile": lambda a: jnp.tile(a, (2, 1, 3)),
}  # fmt: skip


@pytest.mark.parametrize("name", sample(CASES, every=6))
def test_it_is_the_dense_evaluation(name, other_plans, dense_operations):
    def f(a, b):
        return CASES[name](a * jnp.exp(b))  # a's patch is one element, b's a line of two

    assert_incremental_is_dense(f, A, B, other_plans=other_plans)
    assert not dense_operations
