"""Simulation in plain JAX: differential equations, rollouts, implicit layers, solvers."""

import jax
import jax.numpy as jnp
from jax import lax

from tests.clients.case import Case, changed, dense, mlp

T = jnp.linspace(0.0, 1.0, 5)


def pinn() -> Case:
    """The residual of a heat equation; the mistake: the boundary's weight left out."""
    params = dense(0, 2, 4, 1)

    def residual_and_boundary(params, points, weight):
        def u(t, x):
            return mlp(params, jnp.stack([t, x]))[0]

        def residual(point):
            t, x = point
            return jax.grad(u)(t, x) - 0.1 * jax.grad(jax.grad(u, 1), 1)(t, x)

        boundary = jax.vmap(lambda x: u(0.0, x) - jnp.sin(x))(points[:, 1])
        return jnp.mean(jax.vmap(residual)(points) ** 2) + weight * jnp.mean(boundary**2)

    def loss(params, points):
        return residual_and_boundary(params, points, 10.0)

    def unweighted(params, points):
        return residual_and_boundary(params, points, 1.0)

    points = jnp.stack([T, jnp.cos(3 * T)], -1)
    return Case(loss, (params, points), jax.grad(unweighted), "")


def neural_ode() -> Case:
    """jax.experimental.ode to a tolerance; the mistake: the adjoint's sign in the last layer."""
    from jax.experimental.ode import odeint

    params = dense(0, 2, 3, 2)

    def loss(params, y0):
        ys = odeint(lambda y, t, params: mlp(params, y), y0, T[:3], params)
        return jnp.mean((ys[:, 0] - jnp.sin(T[:3])) ** 2)

    mistake = changed(loss, "[1]", jnp.negative)
    return Case(loss, (params, jnp.array([0.5, -0.2])), mistake, r"\[1\]")


def runge_kutta() -> Case:
    """A scan of fixed steps; the mistake: the state held constant between steps."""
    params = dense(0, 2, 3, 2)

    def rollout(params, y, hold):
        def step(y, _):
            y = hold(y)
            k1 = mlp(params, y)
            k2 = mlp(params, y + 0.1 * k1)
            return y + 0.2 * k2, None

        return jnp.sum(lax.scan(step, y, None, length=6)[0] ** 2)

    def loss(params, y):
        return rollout(params, y, lambda y: y)

    def held(params, y):
        return rollout(params, y, lax.stop_gradient)

    return Case(loss, (params, jnp.array([0.5, -0.2])), jax.grad(held), "")


def implicit_layer() -> Case:
    """An equilibrium with the rule of the implicit function; the mistake: one step's gradient."""
    params = {"W": 0.2 * jnp.array([[1.0, -0.5], [0.3, 0.8]]), "b": jnp.array([0.1, -0.3])}

    def layer(params, x, z):
        return jnp.tanh(z @ params["W"] + x + params["b"])

    def solve(step, z):
        return lax.fori_loop(0, 60, lambda _, z: step(z), z)

    @jax.custom_vjp
    def equilibrium(params, x):
        return solve(lambda z: layer(params, x, z), jnp.zeros(2))

    def forward(params, x):
        z = equilibrium(params, x)
        return z, (params, x, z)

    def backward(saved, g):
        params, x, z = saved
        of_z = jax.vjp(lambda z: layer(params, x, z), z)[1]
        w = solve(lambda w: g + of_z(w)[0], jnp.zeros(2))
        return jax.vjp(lambda params, x: layer(params, x, z), params, x)[1](w)

    equilibrium.defvjp(forward, backward)

    def loss(params, x):
        return jnp.sum((equilibrium(params, x) - 1.0) ** 2)

    def one_step(params, x):
        z = lax.stop_gradient(equilibrium(params, x))
        return jnp.sum((layer(params, x, z) - 1.0) ** 2)

    return Case(loss, (params, jnp.array([0.4, -0.6])), jax.grad(one_step), "")


def conjugate_gradients() -> Case:
    """An inexact solve of a system; the mistake: the matrix held constant."""
    params = {"A": jnp.array([[2.0, 0.3], [0.3, 1.5]]), "b": jnp.array([1.0, -0.5])}

    def solved(params, hold):
        A = hold(params["A"])
        A = (A + A.T) / 2
        x, _ = jax.scipy.sparse.linalg.cg(lambda x: A @ x, params["b"], tol=1e-5)
        return jnp.sum(x**2) + jnp.sum(params["A"] ** 2) / 10

    def loss(params):
        return solved(params, lambda A: A)

    def held(params):
        return solved(params, lax.stop_gradient)

    return Case(loss, (params,), jax.grad(held), r"\['A'\]")


def newton_root() -> Case:
    """A while loop with a rule of its own; the mistake: no gradient through the root at all."""
    params = {"a": jnp.array(2.0), "b": jnp.array(0.5)}

    def f(z, params):
        return z**3 + params["b"] * z - params["a"]

    def root(params, z):
        def solve(f, z):
            slope = jax.grad(f)
            return lax.while_loop(lambda z: jnp.abs(f(z)) > 1e-6, lambda z: z - f(z) / slope(z), z)

        return lax.custom_root(
            lambda z: f(z, params), z, solve, lambda g, y: y / g(jnp.ones_like(y))
        )

    def loss(params, z):
        return root(params, z) ** 2 + params["b"]

    def held(params, z):
        return lax.stop_gradient(root(params, z)) ** 2 + params["b"]

    return Case(loss, (params, jnp.array(1.0)), jax.grad(held), "")


def pendulum_control() -> Case:
    """A rollout of controls under limits; the mistake: the limits' gradient is not cut off."""
    controls = jnp.array([0.2, -0.7, 1.4, 0.5])

    def rollout(controls, limit):
        def step(state, u):
            angle, speed = state
            speed = speed + 0.1 * (jnp.sin(angle) + limit(u))
            return (angle + 0.1 * speed, speed), u**2

        (angle, speed), costs = lax.scan(step, (jnp.array(0.3), jnp.array(0.0)), controls)
        return angle**2 + speed**2 + 0.01 * jnp.sum(costs)

    def loss(controls):
        return rollout(controls, lambda u: jnp.clip(u, -1, 1))

    def through(controls):
        return rollout(controls, lambda u: u + lax.stop_gradient(jnp.clip(u, -1, 1) - u))

    return Case(loss, (controls,), jax.grad(through), "")


LOSSES = [
    runge_kutta, pinn, neural_ode, implicit_layer, conjugate_gradients, newton_root,
    pendulum_control,
]  # fmt: skip
