"""A program evaluated as it is; and, where asked, one whose loops end."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from purenet import jaxprs
from purenet.purity import audit


def halved(leaves):
    (x,) = leaves
    return jax.lax.while_loop(lambda c: c[0] > 1.0, lambda c: (c[0] * 0.5, c[1] + x), (x, x))[1]


def grown(leaves):
    (x,) = leaves
    return jax.lax.while_loop(lambda c: c > 0.0, lambda c: c + 0.0, x)


@pytest.mark.parametrize("ends", [False, True])
def test_loops_that_end_by_themselves_are_evaluated_alike(ends):
    x = jnp.asarray(24.0)
    traced = jaxprs.trace(halved, [x])
    (value,) = jaxprs.evaluated(traced.program, traced.constants, [x], ends=ends)
    np.testing.assert_array_equal(value, halved([x]))


def test_a_loop_without_end_ends_where_that_is_asked():
    x = jnp.asarray(3.0)
    traced = jaxprs.trace(grown, [x])
    (value,) = jaxprs.evaluated(traced.program, traced.constants, [x], ends=True)
    assert float(value) == 3.0


def test_an_audit_comes_back_from_a_loop_that_other_numbers_make_endless():
    decay = jnp.array([0.9])

    def loss(p):
        return jax.lax.while_loop(lambda c: c > 1e-3, lambda c: c * decay[0], jnp.ones(()))

    found = {(f.kind, f.subject) for f in audit(loss, jnp.array([0.9])).findings}
    assert found == {("ignored-parameter", "p"), ("captured-array", "decay")}
