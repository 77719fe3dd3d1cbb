"""Losses with optimistix: implicit derivatives of roots, fixed points, fits and minima."""

import jax
import jax.numpy as jnp

from tests.clients.case import Case, changed

T = jnp.linspace(0.0, 1.0, 6)


def root() -> Case:
    """The mistake: off by a hundredth, as from a solve that stopped early."""
    import optimistix

    solver = optimistix.Newton(rtol=1e-6, atol=1e-6)

    def loss(a):
        found = optimistix.root_find(lambda y, a: y**3 - a, solver, jnp.array(1.0), args=a)
        return found.value**2

    return Case(loss, (jnp.array(2.0),), changed(loss, "", lambda g: 1.01 * g), "a")


def fixed_point() -> Case:
    """An equilibrium; the mistake: the gradient of one step."""
    import optimistix

    params = {"W": 0.2 * jnp.array([[1.0, -0.5], [0.3, 0.8]]), "b": jnp.array([0.4, -0.3])}
    solver = optimistix.FixedPointIteration(rtol=1e-6, atol=1e-6)

    def layer(z, params):
        return jnp.tanh(params["W"] @ z + params["b"])

    def solved(params):
        return optimistix.fixed_point(layer, solver, jnp.zeros(2), args=params).value

    def loss(params):
        return jnp.sum((solved(params) - 1.0) ** 2)

    def one_step(params):
        return jnp.sum((layer(jax.lax.stop_gradient(solved(params)), params) - 1.0) ** 2)

    return Case(loss, (params,), jax.grad(one_step), "")


def least_squares() -> Case:
    """The mistake: a factor of two, as of a square whose half was meant."""
    import optimistix

    solver = optimistix.LevenbergMarquardt(rtol=1e-6, atol=1e-6)

    def residuals(y, t):
        return jnp.exp(-y[0] * T) * y[1] - t

    def loss(t):
        found = optimistix.least_squares(residuals, solver, jnp.array([0.7, 1.2]), args=t)
        return jnp.sum(found.value**2)

    data = 1.1 * jnp.exp(-T) + 0.01 * T
    return Case(loss, (data,), changed(loss, "", lambda g: 2 * g), "t")


def minimum() -> Case:
    """The mistake: the sign of the implicit function theorem."""
    import optimistix

    solver = optimistix.BFGS(rtol=1e-6, atol=1e-6)

    def inner(y, a):
        return jnp.sum((y - a) ** 2) + 0.1 * jnp.sum(y**4)

    def loss(a):
        return jnp.sum(optimistix.minimise(inner, solver, jnp.zeros(2), args=a).value ** 2)

    return Case(loss, (jnp.array([0.5, -1.0]),), changed(loss, "", jnp.negative), "a")


LOSSES = [root, fixed_point, least_squares, minimum]
