"""Losses with diffrax: neural differential equations, by several adjoints."""

import jax
import jax.numpy as jnp

from tests.clients.case import Case, changed

W, Y0 = jnp.array([[0.3, -0.2], [0.5, 0.1]]), jnp.array([1.0, 0.5])


def _case(solver=None, **options) -> Case:
    import diffrax

    solver = diffrax.Tsit5() if solver is None else solver

    def loss(W):
        term = diffrax.ODETerm(lambda t, y, W: jnp.tanh(W @ y))
        end = diffrax.diffeqsolve(term, solver, 0.0, 1.0, 0.2, Y0, args=W, **options)
        return jnp.sum(end.ys**2)

    return Case(loss, (W,), changed(loss, "", jnp.transpose), "W")


def fixed_steps() -> Case:
    """By Euler's method; the mistake: the weights transposed."""
    import diffrax

    return _case(diffrax.Euler())


def adaptive_steps() -> Case:
    """The mistake: the weights transposed."""
    import diffrax

    return _case(stepsize_controller=diffrax.PIDController(rtol=1e-5, atol=1e-6))


def backsolve_adjoint() -> Case:
    """Solved backwards; the mistake: the weights transposed."""
    import diffrax

    return _case(adjoint=diffrax.BacksolveAdjoint())


def saved_states() -> Case:
    """States at several times, fitted; the mistake: the last one alone."""
    import diffrax

    times = jnp.array([0.0, 0.4, 1.0])

    def fitted(W, of):
        term = diffrax.ODETerm(lambda t, y, W: jnp.tanh(W @ y))
        ys = diffrax.diffeqsolve(
            term, diffrax.Heun(), 0.0, 1.0, 0.2, Y0, args=W, saveat=diffrax.SaveAt(ts=times)
        ).ys
        return jnp.sum((ys - jnp.cos(times)[:, None])[of] ** 2)

    def loss(W):
        return fitted(W, slice(None))

    def last(W):
        return fitted(W, slice(-1, None))

    return Case(loss, (W,), jax.grad(last), "W")


LOSSES = [fixed_steps, adaptive_steps, backsolve_adjoint, saved_states]
