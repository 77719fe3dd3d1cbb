"""Losses with jaxopt: bilevel problems, projections, fixed points."""

import jax
import jax.numpy as jnp

from tests.clients.case import Case, X, changed

Y = jnp.array([0.1, 0.4, -0.3, 0.2, 0.6])


def bilevel_ridge() -> Case:
    """The validation loss of a fit, by its regularisation; the mistake: the fit held constant."""
    import jaxopt

    def fitted(log_penalty, x, y):
        def inner(w, penalty):
            return jnp.mean((x[:3] @ w - y[:3]) ** 2) + penalty * jnp.sum(w**2)

        solver = jaxopt.LBFGS(inner, tol=1e-6, maxiter=50)
        return solver.run(jnp.zeros(3), jnp.exp(log_penalty)).params

    def loss(log_penalty, x, y):
        w = fitted(log_penalty, x, y)
        return jnp.mean((x[3:] @ w - y[3:]) ** 2) + 0.01 * log_penalty**2

    def held(log_penalty, x, y):
        w = jax.lax.stop_gradient(fitted(log_penalty, x, y))
        return jnp.mean((x[3:] @ w - y[3:]) ** 2) + 0.01 * log_penalty**2

    return Case(loss, (jnp.array(-1.0), jnp.sin(4 * X), Y), jax.grad(held), "log_penalty")


def projection() -> Case:
    """Onto the simplex; the mistake: the projection's gradient passed straight through."""
    import jaxopt

    def loss(y):
        return jnp.sum((jaxopt.projection.projection_simplex(y) - 0.5) ** 2)

    def through(y):
        projected = jaxopt.projection.projection_simplex(y)
        return jnp.sum((y + jax.lax.stop_gradient(projected - y) - 0.5) ** 2)

    return Case(loss, (Y,), jax.grad(through), "y")


def fixed_point() -> Case:
    """The mistake: a gradient of the wrong sign."""
    import jaxopt

    def loss(params):
        def step(z, params):
            return jnp.tanh(params["W"] @ z + params["b"])

        solver = jaxopt.FixedPointIteration(step, maxiter=60, tol=1e-6)
        return jnp.sum((solver.run(jnp.zeros(2), params).params - 1) ** 2)

    params = {"W": 0.2 * jnp.array([[1.0, -0.5], [0.3, 0.8]]), "b": jnp.array([0.4, -0.3])}
    return Case(loss, (params,), changed(loss, "['b']", jnp.negative), "b")


def support_vectors() -> Case:
    """jaxopt.objective and its losses; the mistake: the intercept penalised as well."""
    import jaxopt

    labels = jnp.array([0, 1, 1, 0, 1])

    def loss(params, x, labels):
        logits = x @ params["W"] + params["b"]
        fit = jax.vmap(jaxopt.loss.multiclass_logistic_loss)(labels, logits)
        return jnp.mean(fit) + 0.1 * jnp.sum(params["W"] ** 2)

    params = {"W": jnp.linspace(0.1, 0.6, 6).reshape(3, 2), "b": jnp.array([0.3, -0.2])}
    mistake = changed(loss, "['b']", lambda g: g + 0.2 * params["b"])
    return Case(loss, (params, X, labels), mistake, "b")


LOSSES = [projection, bilevel_ridge, fixed_point, support_vectors]
