"""Tracing: stop_gradient holds constant where jax.grad meets it, and nowhere else."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax import lax

from purenet import fd, jaxprs
from tests.sampling import sample

A = np.array([[3.0, 1.0], [0.5, 2.0]])
B = np.array([1.0, 2.0])
held = lax.stop_gradient


@jax.custom_vjp
def square(x):
    return x * held(x)


square.defvjp(lambda x: (square(x), x), lambda x, g: (2 * x * g,))


def through_a_loop(a):
    def step(c, _):
        return jnp.linalg.solve(a, c) + held(c), None

    return jnp.sum(lax.scan(step, jnp.asarray(B), None, length=3)[0])


LOSSES = {
    "solve": lambda a: jnp.sum(jnp.linalg.solve(a, B)),
    "inverse": lambda a: jnp.sum(jnp.linalg.inv(a) ** 2),
    "solve of what is held in part": lambda a: jnp.sum(
        jnp.linalg.solve(a @ a.T + held(a), B) * held(a)
    ),
    "solve of what is held": lambda a: jnp.sum(jnp.linalg.solve(held(a), B) * a[0]),
    "solve in a loop": through_a_loop,
    "solve in a branch": lambda a: lax.cond(
        a[0, 0] > 0, lambda a: jnp.sum(jnp.linalg.solve(a, B)), jnp.sum, a
    ),
    "solve in a while loop": lambda a: lax.fori_loop(
        0, a.shape[0], lambda _, c: jnp.linalg.solve(a, c) + held(c), B
    )[0],
    "conjugate gradients": lambda a: jnp.sum(
        jax.scipy.sparse.linalg.cg(lambda v: a @ (a.T @ v), B, tol=1e-14)[0]
    ),
    "a solver that holds its own matrix": lambda a: jnp.sum(
        lax.custom_linear_solve(
            lambda x: a @ x,
            B,
            lambda _, y: jnp.linalg.inv(held(a)) @ y,
            transpose_solve=lambda _, y: jnp.linalg.inv(held(a)).T @ y,
        )
        ** 2
    ),
    "a root that holds its own guess": lambda a: jnp.sum(
        lax.custom_root(
            lambda x: x**3 - a[0],
            held(a[0]),
            lambda f, guess: jnp.sign(held(a[0])) * jnp.abs(held(a[0])) ** (1 / 3) + 0 * guess,
            lambda g, y: y / g(jnp.ones_like(y)),
        )
    ),
    "checkpointed": lambda a: jnp.sum(jax.checkpoint(lambda a: jnp.sin(a) * held(a))(a)),
    "a custom gradient": lambda a: jnp.sum(
        jax.custom_gradient(lambda a: (held(a) ** 2, lambda g: 2 * g * a))(a)
    ),
    "a custom rule with one inside": lambda a: jnp.sum(square(a)) * held(a[0, 0]),
    "a call of a custom rule": lambda a: jnp.sum(jax.jit(square)(a)),
}


@pytest.mark.parametrize("strategy", sample(["incremental", "dense"], every=2))
@pytest.mark.parametrize("name", sample(LOSSES, every=8))
def test_differences_are_of_what_jax_grad_differentiates(name, strategy, x64):
    # a loop of a length known at trace time: jax.grad goes backwards through it
    found = fd.grad(LOSSES[name], strategy=strategy)(A)
    expected = jax.grad(LOSSES[name])(A)
    assert np.any(expected != 0)
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-8)


@pytest.mark.parametrize("strategy", sample(["incremental", "dense"], every=2))
def test_a_loop_under_vmap_ends_row_by_row(strategy, x64):
    def row(x):
        return lax.while_loop(
            lambda s: (s[0] < 3) & (jnp.sum(s[1] ** 2) > 0.7),
            lambda s: (s[0] + 1, 0.6 * jnp.sin(s[1])),
            (0, x),
        )[1]

    x = np.array([[3.0, -1.0, 2.0], [0.2, 0.1, -0.3], [0.9, 0.4, 0.5]])
    weights = np.arange(9.0).reshape(3, 3)

    def loss(x):
        return jnp.sum(weights * jax.vmap(row)(x))

    found = fd.grad(loss, strategy=strategy)(x)
    np.testing.assert_allclose(found, jax.jacfwd(loss)(x), atol=1e-8)


def test_other_programs_are_left_as_they_are():
    def f(x):
        return jnp.sum(jax.nn.softmax(x)) + jnp.sum(jax.nn.relu(x) * held(x))

    traced = jaxprs.trace(lambda xs: f(xs[0]), [A])
    assert traced.program == jaxprs.Program(jax.make_jaxpr(f)(jnp.asarray(A)).jaxpr)
