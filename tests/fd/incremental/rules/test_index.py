"""Slices, updates and look-ups at positions that do not move; at those that do, densely."""

import jax.numpy as jnp
import numpy as np
import pytest
from jax import lax

from tests.fd.incremental.oracle import assert_incremental_is_dense
from tests.sampling import sample

A = np.sin(np.arange(20.0)).reshape(5, 4)
B = np.cos(np.arange(6.0)).reshape(3, 2)
ROWS = jnp.array([[0, 4, 4], [2, 0, 1]])

CASES = {
    "dynamic slice": lambda a, b: lax.dynamic_slice(a, (1, 0), (3, 4)) + lax.dynamic_slice(a, (0, 2), (3, 2))[:, :1],
    "dynamic slice beyond the edge": lambda a, b: lax.dynamic_slice(a, (4, 3), (3, 2)),
    "dynamic slice from unsigned starts": lambda a, b: lax.dynamic_slice(a, (np.uint32(2), np.uint32(1)), (2, 2)),
    "dynamic index": lambda a, b: lax.dynamic_index_in_dim(a, 2, 0) * a[3],
    "update by a constant": lambda a, b: lax.dynamic_update_slice(a, jnp.ones((2, 3)), (2, 1)),
    "update of a constant": lambda a, b: lax.dynamic_update_slice(jnp.ones((5, 4)), b, (4, 1)),
    "a line written into the middle": lambda a, b: lax.dynamic_update_slice(a, jnp.sin(b[:, :1]), (1, 2)),
    "an update shorter along every axis": lambda a, b: lax.dynamic_update_slice(jnp.ones((7, 6)), jnp.exp(a[:, :3]) / jnp.sum(b), (1, 2)),
    "update of whole rows": lambda a, b: lax.dynamic_update_slice(jnp.ones((5, 4)), a[:2], (1, 0)),
    "rows of a table": lambda a, b: a[ROWS],
    "columns of a table": lambda a, b: a[:, ROWS],
    "elements": lambda a, b: a[ROWS, ROWS % 4],
    "one element a row": lambda a, b: jnp.take_along_axis(a, jnp.array([[0], [3], [1], [1], [2]]), 1),
    "one row a column": lambda a, b: jnp.take_along_axis(a, jnp.array([[4, 0, 2, 2]]), 0),
    "clipped and filled": lambda a, b: (jnp.take(a, ROWS + 2, axis=0, mode="clip"), a.at[ROWS + 2].get(mode="fill", fill_value=7.0)),
    "negative positions": lambda a, b: a[jnp.array([-1, -5])],
    "of what has moved everywhere": lambda a, b: jnp.cumsum(a, axis=0)[ROWS],
}  # fmt: skip


@pytest.mark.parametrize("name", sample(CASES, every=6))
def test_it_is_the_dense_evaluation(name, other_plans, dense_operations):
    assert_incremental_is_dense(CASES[name], A, B, other_plans=other_plans)
    assert not dense_operations


DENSE = {
    "positions that move": (lambda a, b: a[jnp.argmax(b, axis=0)], "gather"),
    "slices at positions that move": (
        lambda a, b: lax.dynamic_slice(a, (jnp.argmax(b[:, 0]), 0), (2, 4)),
        "dynamic_slice",
    ),
    "updates of what moves by what moves": (
        lambda a, b: lax.dynamic_update_slice(a * b[0, 0], b, (1, 1)),
        "dynamic_update_slice",
    ),
    "windows of a table": (
        lambda a, b: lax.gather(
            a,
            jnp.array([[0], [2]]),
            lax.GatherDimensionNumbers((1, 2), (), (0,)),
            slice_sizes=(2, 4),
        ),
        "gather",
    ),
    "scatter": (lambda a, b: a.at[ROWS[0]].add(b @ jnp.ones((2, 4))), "scatter-add"),
}


@pytest.mark.parametrize("name", sample(DENSE, every=3))
def test_what_has_no_rule_is_evaluated_densely_and_right(name, dense_operations):
    f, operation = DENSE[name]
    assert_incremental_is_dense(f, A, B)
    assert {operation} <= {n.replace("_add", "-add") for n in dense_operations}
