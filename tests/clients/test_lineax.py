"""Losses with lineax: a linear solve, directly and along its operator; a mistake planted in one."""

import jax
import jax.numpy as jnp
import pytest

from purenet import audit, check_grads, compare_grads

lineax = pytest.importorskip("lineax")

A, B = jnp.array([[2.0, 0.3], [0.1, 1.5]]), jnp.array([1.0, -0.5])
TALL = jnp.array([[1.0, 0.2], [0.3, 1.1], [-0.4, 0.6]])


def solved(A, b):
    return jnp.sum(lineax.linear_solve(lineax.MatrixLinearOperator(A), b).value ** 2)


def fitted(A, b):
    operator = lineax.MatrixLinearOperator(A)
    return jnp.sum(lineax.linear_solve(operator, b, lineax.QR()).value ** 2)


def test_a_direct_solve():
    assert check_grads(solved, A, B, argnums=(0, 1)).ok


@pytest.mark.full
def test_a_mistake_around_it():
    @jax.custom_vjp
    def loss(A, b):
        return solved(A, b)

    def backward(saved, g):
        of_A, of_b = jax.grad(solved, argnums=(0, 1))(*saved)
        return g * of_A.T, g * of_b  # the transpose forgotten

    loss.defvjp(lambda A, b: (solved(A, b), (A, b)), backward)
    report = compare_grads(loss, A, B, modes=("rev",))
    assert report.verdict == "disagrees"


@pytest.mark.full
@pytest.mark.skipif(not hasattr(jax.lax.linalg, "ormqr"), reason="its QR needs a newer JAX")
def test_least_squares_and_the_audit():
    assert check_grads(fitted, TALL, jnp.array([1.0, -0.5, 0.2]), argnums=(0, 1)).ok
    assert audit(solved, A, B).ok
