"""Losses with lineax: linear solves, direct and iterative, and least squares."""

import jax
import jax.numpy as jnp

from tests.clients.case import Case, changed

A, B = jnp.array([[2.0, 0.3], [0.1, 1.5]]), jnp.array([1.0, -0.5])
TALL = jnp.array([[1.0, 0.2], [0.3, 1.1], [-0.4, 0.6]])


def direct() -> Case:
    """The mistake: the matrix's gradient transposed."""
    import lineax

    def loss(params):
        A, b = params
        return jnp.sum(lineax.linear_solve(lineax.MatrixLinearOperator(A), b).value ** 2)

    return Case(loss, ((A, B),), changed(loss, "[0]", jnp.transpose), r"\[0\]")


def least_squares() -> Case:
    """By QR; the mistake: the matrix held constant."""
    import lineax

    def fitted(params, hold):
        A, b = params
        operator = lineax.MatrixLinearOperator(hold(A))
        return jnp.sum(lineax.linear_solve(operator, b, lineax.QR()).value ** 2)

    def loss(params):
        return fitted(params, lambda A: A)

    def held(params):
        return fitted(params, jax.lax.stop_gradient)

    return Case(loss, ((TALL, jnp.array([1.0, -0.5, 0.2])),), jax.grad(held), r"\[0\]")


def conjugate_gradients() -> Case:
    """To a tolerance; the mistake: the right side's sign."""
    import lineax

    def loss(params):
        A, b = params
        operator = lineax.MatrixLinearOperator(A @ A.T, lineax.positive_semidefinite_tag)
        solver = lineax.CG(rtol=1e-5, atol=1e-6)
        return jnp.sum(lineax.linear_solve(operator, b, solver).value ** 2)

    return Case(loss, ((A, B),), changed(loss, "[1]", jnp.negative), r"\[1\]")


def tridiagonal() -> Case:
    """The mistake: the two off-diagonals exchanged."""
    import lineax

    def loss(params, b):
        operator = lineax.TridiagonalLinearOperator(*params)
        return jnp.sum(lineax.linear_solve(operator, b).value ** 2)

    def mistake(params, b):
        diagonal, lower, upper = jax.grad(loss)(params, b)
        return diagonal, upper, lower

    params = jnp.array([3.0, 2.5, 4.0]), jnp.array([0.5, -0.3]), jnp.array([0.2, 0.7])
    return Case(loss, (params, jnp.array([1.0, -0.5, 0.2])), mistake, r"\[[12]\]")


LOSSES = [direct, least_squares, conjugate_gradients, tridiagonal]
