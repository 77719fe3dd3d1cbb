"""Losses with diffrax: neural differential equations by three adjoints; a mistake planted."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from purenet import check_grads, compare_grads, fd

diffrax = pytest.importorskip("diffrax")

W = jnp.array([[0.3, -0.2], [0.5, 0.1]])


def loss_of(solver=None, **options):
    solver = diffrax.Tsit5() if solver is None else solver

    def loss(W):
        term = diffrax.ODETerm(lambda t, y, W: jnp.tanh(W @ y))
        y0 = jnp.array([1.0, 0.5])
        end = diffrax.diffeqsolve(term, solver, 0.0, 1.0, 0.1, y0, args=W, **options)
        return jnp.sum(end.ys**2)

    return loss


OPTIONS = {
    "fixed steps": dict,
    "adaptive steps": lambda: {
        "stepsize_controller": diffrax.PIDController(rtol=1e-5, atol=1e-6),
    },
    "backsolve adjoint": lambda: {"adjoint": diffrax.BacksolveAdjoint()},
}


@pytest.mark.full
@pytest.mark.parametrize("name", OPTIONS)
def test_a_neural_differential_equation(name):
    assert check_grads(loss_of(**OPTIONS[name]()), W).ok


def test_its_finite_differences():
    loss = loss_of(diffrax.Euler())
    np.testing.assert_allclose(fd.grad(loss)(W), jax.grad(loss)(W), rtol=1e-4)


@pytest.mark.full
def test_a_mistake_in_its_gradient():
    loss = loss_of()
    wrong = jax.grad(loss)(W).T
    assert compare_grads(loss, W, gradient=wrong).verdict == "disagrees"
