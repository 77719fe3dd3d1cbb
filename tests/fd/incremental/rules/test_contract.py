"""Matrix products: any contraction and batch axes, either side, both sides."""

import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.fd.incremental.oracle import assert_incremental_is_dense
from tests.sampling import sample

A = np.sin(np.arange(24.0)).reshape(2, 3, 4)
B = np.cos(np.arange(40.0)).reshape(2, 4, 5)

CASES = {
    "one contraction": lambda a, b: jnp.einsum("bij,cjk->bick", a, b),
    "a batch axis": lambda a, b: jnp.einsum("bij,bjk->bik", a, b),
    "two contractions": lambda a, b: jnp.einsum("bij,bjk->ik", a, b),
    "with itself": lambda a, b: jnp.einsum("bij,bkj->bik", a, a) + b[0, 0, 0],
    "the same index on both sides": lambda a, b: jnp.einsum("bij,bij->b", a, a * 2 + 1) * b[0, 0, 0],
    "an outer product": lambda a, b: jnp.einsum("i,j->ij", a[0, 0], b[1, 1]),
    "after a product: a line moved": lambda a, b: jnp.einsum("bik,kl->bil", jnp.einsum("bij,bjk->bik", a, b), jnp.cos(b[0]).T),
    "after two: all of it moved": lambda a, b: jnp.tanh(jnp.tanh(a[0] @ b[0]) @ b[1].T) @ a[1].T,
    "vectors": lambda a, b: a[0] @ b[0, :, 0] + b[1, :, 1] @ a[1].T,
    "integers": lambda a, b: jnp.round(4 * a[0]).astype(int) @ jnp.round(4 * b[0]).astype(int),
    "to a wider type": lambda a, b: jnp.einsum("ij,jk->ik", a[0], b[0], preferred_element_type=jnp.float64),
}  # fmt: skip


@pytest.mark.parametrize("name", sample(CASES, every=6))
def test_it_is_the_dense_evaluation(name, other_plans, dense_operations):
    assert_incremental_is_dense(CASES[name], A, B, other_plans=other_plans)
    assert not dense_operations


@pytest.mark.full
@settings(max_examples=10, deadline=None)
@given(st.data())
def test_any_einsum_of_two_operands(data):
    sizes = dict(zip("abcde", (1, 2, 3, 2, 4), strict=True))
    axes = st.lists(st.sampled_from("abcde"), min_size=1, max_size=3, unique=True).map("".join)
    left, right = data.draw(axes), data.draw(axes)
    every = sorted(set(left + right))
    out = "".join(
        data.draw(st.permutations(data.draw(st.lists(st.sampled_from(every), unique=True))))
    )
    x, y = (
        np.random.default_rng(i).normal(size=[sizes[axis] for axis in axes])
        for i, axes in enumerate((left, right))
    )
    assert_incremental_is_dense(
        lambda x, y: jnp.einsum(f"{left},{right}->{out}", jnp.sin(x), y), x, y, other_plans=False
    )
