"""Statistics in plain JAX: filters, Gaussian processes, mixtures, transport, survival."""

import jax
import jax.numpy as jnp
from jax import lax

from tests.clients.case import Case, X, changed, dense, mlp

Y = jnp.array([0.3, -0.1, 0.5, 0.9, 0.4])


def kalman_filter() -> Case:
    """The mistake: the gain held constant."""
    params = {
        "A": jnp.array([[1.0, 0.1], [-0.2, 0.9]]), "H": jnp.array([1.0, 0.3]),
        "log_q": jnp.array(-1.0), "log_r": jnp.array(-0.5),
    }  # fmt: skip

    def filtered(params, ys, hold):
        A, H = params["A"], params["H"]
        Q, r = jnp.exp(params["log_q"]) * jnp.eye(2), jnp.exp(params["log_r"])

        def step(state, y):
            m, P = state
            m, P = A @ m, A @ P @ A.T + Q
            S = H @ P @ H + r
            gain, error = hold(P @ H / S), y - H @ m
            state = m + gain * error, P - jnp.outer(gain, H @ P)
            return state, (error**2 / S + jnp.log(2 * jnp.pi * S)) / 2

        return jnp.sum(lax.scan(step, (jnp.zeros(2), jnp.eye(2)), ys)[1])

    def loss(params, ys):
        return filtered(params, ys, lambda K: K)

    def held(params, ys):
        return filtered(params, ys, lax.stop_gradient)

    return Case(loss, (params, Y), jax.grad(held), "")


def gaussian_process() -> Case:
    """The marginal likelihood; the mistake: the log determinant forgotten."""
    params = {"log_scale": jnp.array([-0.3, 0.2, 0.1]), "log_noise": jnp.array(-1.0)}

    def objective(params, x, y, weight):
        z = x / jnp.exp(params["log_scale"])
        squared = jnp.sum((z[:, None] - z) ** 2, -1)
        K = jnp.exp(-squared / 2) + jnp.exp(params["log_noise"]) * jnp.eye(len(x))
        factor = jnp.linalg.cholesky(K)
        solved = jax.scipy.linalg.cho_solve((factor, True), y)
        return y @ solved / 2 + weight * jnp.sum(jnp.log(jnp.diag(factor)))

    def loss(params, x, y):
        return objective(params, x, y, 1.0)

    def forgotten(params, x, y):
        return objective(params, x, y, 0.0)

    return Case(loss, (params, jnp.sin(5 * X), Y), jax.grad(forgotten), "")


def mixture() -> Case:
    """The mistake: the weights' gradient without the softmax's normalisation."""
    params = {
        "logits": jnp.array([0.2, -0.3]), "mean": jnp.array([-0.5, 0.8]),
        "log_std": jnp.array([-0.4, 0.1]),
    }  # fmt: skip

    def likelihood(params, y, log_weights):
        z = (y[:, None] - params["mean"]) / jnp.exp(params["log_std"])
        return -jnp.mean(jax.nn.logsumexp(log_weights - z**2 / 2 - params["log_std"], axis=-1))

    def loss(params, y):
        return likelihood(params, y, jax.nn.log_softmax(params["logits"]))

    def unnormalised(params, y):
        return likelihood(params, y, params["logits"])

    return Case(loss, (params, Y), jax.grad(unnormalised), "logits")


def hidden_markov() -> Case:
    """The forward algorithm; the mistake: the transitions transposed."""
    params = {
        "start": jnp.array([0.1, -0.2, 0.3]), "means": jnp.array([-0.5, 0.2, 0.9]),
        "transitions": jax.random.normal(jax.random.key(0), (3, 3)),
    }  # fmt: skip

    def loss(params, ys):
        log_t = jax.nn.log_softmax(params["transitions"], axis=-1)

        def step(alpha, y):
            emitted = -((y - params["means"]) ** 2)
            return jax.nn.logsumexp(alpha[:, None] + log_t, axis=0) + emitted, None

        first = jax.nn.log_softmax(params["start"]) - (ys[0] - params["means"]) ** 2
        return -jax.nn.logsumexp(lax.scan(step, first, ys[1:])[0])

    return Case(loss, (params, Y), changed(loss, "transitions", jnp.transpose), "transitions")


def sinkhorn() -> Case:
    """Entropic transport by iterations; the mistake: the plan held constant."""

    def transported(points, x, hold):
        cost = jnp.sum((points[:, None] - x) ** 2, -1)

        def step(_, potentials):
            f, g = potentials
            f = -jax.nn.logsumexp((g - cost) / 0.5, axis=1) * 0.5
            g = -jax.nn.logsumexp((f[:, None] - cost) / 0.5, axis=0) * 0.5
            return f, g

        f, g = lax.fori_loop(0, 5, step, (jnp.zeros(4), jnp.zeros(5)))
        return jnp.sum(hold(jnp.exp((f[:, None] + g - cost) / 0.5)) * cost)

    def loss(points, x):
        return transported(points, x, lambda plan: plan)

    def held(points, x):
        return transported(points, x, lax.stop_gradient)

    points = jax.random.normal(jax.random.key(0), (4, 3))
    return Case(loss, (points, X), jax.grad(held), "")


def cox_survival() -> Case:
    """The partial likelihood; the mistake: the risk set of each in the wrong order."""
    died = jnp.array([1.0, 0.0, 1.0, 1.0, 0.0])
    params = {"net": dense(0, 3, 3), "head": jnp.array([0.5, -0.3, 0.8])}

    def likelihood(params, x, reverse):
        risk = jnp.tanh(mlp(params["net"], x)) @ params["head"]
        at_risk = lax.cumlogsumexp(risk, reverse=reverse)
        return -jnp.sum(died * (risk - at_risk))

    def loss(params, x):
        return likelihood(params, x, True)

    def reversed_(params, x):
        return likelihood(params, x, False)

    return Case(loss, (params, X), jax.grad(reversed_), "")


def quantiles() -> Case:
    """The pinball loss of three quantiles; the mistake: over- and underestimates exchanged."""
    params, levels = dense(0, 3, 4, 3), jnp.array([0.1, 0.5, 0.9])

    def pinball(params, x, y, levels):
        error = y[:, None] - mlp(params, x)
        return jnp.mean(jnp.maximum(levels * error, (levels - 1) * error))

    def loss(params, x, y):
        return pinball(params, x, y, levels)

    def exchanged(params, x, y):
        return pinball(params, x, y, 1 - levels)

    return Case(loss, (params, X, Y), jax.grad(exchanged), "")


LOSSES = [
    mixture, kalman_filter, gaussian_process, hidden_markov, sinkhorn, cox_survival, quantiles,
]  # fmt: skip
