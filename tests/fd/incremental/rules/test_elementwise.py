"""Element by element: patches meet, and read what they need of unmoved operands."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax import lax

from purenet.fd.incremental.rules.elementwise import NAMES
from tests.fd.incremental.oracle import assert_incremental_is_dense
from tests.sampling import sample

A = np.linspace(0.3, 1.7, 6).reshape(2, 3)
B = np.linspace(-1.0, 2.0, 6).reshape(2, 3)

CASES = {
    "one operand": lambda a, b: jnp.tanh(a) + 0 * b,
    "both, the same index": lambda a, b: a * jnp.exp(a) - b / (1 + b * b),
    "indices that differ": lambda a, b: a[:, :2] * jnp.transpose(a[:, 1:]) + b[0, 0],
    "a literal": lambda a, b: 2.0 * a + jnp.maximum(b, 0.5) ** 3,
    "a row against rows": lambda a, b: a - jnp.mean(b, axis=0) + a[:1],
    "a column against columns": lambda a, b: a * lax.stop_gradient(b[:, :1]) + b[:, :1],
    "select": lambda a, b: jnp.where(a > 0.9, b, a),
    "select by a scalar": lambda a, b: lax.select_n(a[0, 0] > 0.4, a, b),
    "clamp by arrays and scalars": lambda a, b: lax.clamp(0.5, a, 1.2) + lax.clamp(a, b, a + 1),
    "casts": lambda a, b: a.astype(jnp.float32).astype(jnp.float64) + jnp.round(b) + (b > 0),
    "special functions": lambda a, b: jax.scipy.special.betaln(a, 1.5 + a) + jax.lax.erf(b),
}


@pytest.mark.parametrize("name", sample(CASES, every=6))
def test_it_is_the_dense_evaluation(name, other_plans, dense_operations):
    assert_incremental_is_dense(CASES[name], A, B, other_plans=other_plans)
    assert not dense_operations


def test_a_moved_scalar_moves_all_that_it_is_spread_over(dense_operations):
    assert_incremental_is_dense(lambda s, a: (s * a, lax.clamp(s, a, 2.0)), 0.7, A)
    assert not dense_operations


def test_an_infinity_that_stays_is_no_change():
    mask = jnp.array([[True, False, True], [True, True, False]])

    def f(a):
        scores = jnp.where(mask, a, -jnp.inf)
        return jnp.sum(jnp.where(mask, a, -jnp.inf), axis=0), jax.nn.softmax(scores) @ a.T

    assert_incremental_is_dense(f, A)


def test_every_name_is_an_operation_of_element_by_element():
    """A reduction or a product under that rule would be wrong without a word."""
    known = {name.removesuffix("_p") for name in dir(lax) if name.endswith("_p")}
    wrong = {"reduce_sum", "dot_general", "cumsum", "sort", "gather", "transpose"}
    assert not wrong & set(NAMES)
    assert len(known & set(NAMES)) > 60
