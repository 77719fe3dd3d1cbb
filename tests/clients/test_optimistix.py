"""Losses with optimistix: implicit derivatives of roots, fits and minima; a mistake planted."""

import jax
import jax.numpy as jnp
import pytest

from purenet import audit, check_grads, compare_grads

optimistix = pytest.importorskip("optimistix")

X = jnp.linspace(0.0, 1.0, 6)


def cube_root(a):
    solver = optimistix.Newton(rtol=1e-6, atol=1e-6)
    found = optimistix.root_find(lambda y, a: y**3 - a, solver, jnp.array(1.0), args=a)
    return found.value**2


def fitted(t):
    def residuals(y, t):
        return jnp.exp(-y[0] * X) * y[1] - t

    solver = optimistix.LevenbergMarquardt(rtol=1e-6, atol=1e-6)
    found = optimistix.least_squares(residuals, solver, jnp.array([0.7, 1.2]), args=t)
    return jnp.sum(found.value**2)


def minimised(a):
    def inner(y, a):
        return jnp.sum((y - a) ** 2) + 0.1 * jnp.sum(y**4)

    solver = optimistix.BFGS(rtol=1e-6, atol=1e-6)
    return jnp.sum(optimistix.minimise(inner, solver, jnp.zeros(2), args=a).value ** 2)


def test_a_root():
    assert check_grads(cube_root, jnp.array(2.0)).ok


@pytest.mark.full
def test_a_mistake_in_the_implicit_derivative():
    a = jnp.array(2.0)
    wrong = 1.01 * jax.grad(cube_root)(a)
    assert compare_grads(cube_root, a, gradient=wrong).verdict == "disagrees"


@pytest.mark.full
def test_a_fit_a_minimum_and_the_audit():
    assert check_grads(fitted, 1.1 * jnp.exp(-X) + 0.01 * X).ok
    assert check_grads(minimised, jnp.array([0.5, -1.0])).ok
    assert audit(cube_root, jnp.array(2.0)).ok
