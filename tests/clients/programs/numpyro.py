"""Losses with numpyro: log densities of models, and a variational bound."""

import jax
import jax.numpy as jnp

from tests.clients.case import Case, X, changed

Y = jnp.array([0.1, 0.4, -0.3, 0.2, 0.6])


def _potential(model, *data):
    from numpyro.infer.util import log_density

    return lambda params: -log_density(model, data, {}, params)[0]


def linear_regression() -> Case:
    """The mistake: the prior left out."""
    import numpyro
    import numpyro.distributions as dist

    def model(x, t):
        w = numpyro.sample("w", dist.Normal(jnp.zeros(3), 1.0).to_event(1))
        numpyro.sample("t", dist.Normal(x @ w, 0.5), obs=t)

    loss = _potential(model, X, Y)
    params = {"w": jnp.array([0.2, -0.1, 0.3])}
    return Case(loss, (params,), changed(loss, "w", lambda g: g - params["w"]), "w")


def hierarchical() -> Case:
    """Groups in a plate; the mistake: the groups' effects shifted by one group."""
    import numpyro
    import numpyro.distributions as dist

    groups = jnp.array([0, 1, 1, 2, 0])

    def model(y):
        spread = numpyro.sample("spread", dist.HalfNormal(1.0))
        with numpyro.plate("groups", 3):
            effect = numpyro.sample("effect", dist.Normal(0.0, spread))
        with numpyro.plate("data", 5):
            numpyro.sample("y", dist.StudentT(4.0, effect[groups], 0.5), obs=y)

    loss = _potential(model, Y)
    params = {"spread": jnp.array(0.7), "effect": jnp.array([0.3, -0.4, 0.1])}
    mistake = changed(loss, "effect", lambda g: jnp.roll(g, 1))
    return Case(loss, (params,), mistake, "effect")


def logistic_in_unconstrained_space() -> Case:
    """What a sampler sees; the mistake: the transformation's Jacobian forgotten."""
    import numpyro
    import numpyro.distributions as dist
    from numpyro.infer.util import initialize_model

    def model(x, t):
        scale = numpyro.sample("scale", dist.Gamma(2.0, 1.0))
        w = numpyro.sample("w", dist.Laplace(0.0, scale).expand([3]).to_event(1))
        numpyro.sample("t", dist.Bernoulli(logits=x @ w), obs=t)

    labels = jnp.array([0, 1, 1, 0, 1])
    start = initialize_model(jax.random.key(0), model, model_args=(X, labels))
    loss = start.potential_fn
    mistake = changed(loss, "scale", lambda g: g + 1)  # log |d exp(u) / du| is u
    return Case(loss, (start.param_info.z,), mistake, "scale")


def variational_bound() -> Case:
    """An ELBO with a normal guide; the mistake: samples of another key in the gradient."""
    import numpyro
    import numpyro.distributions as dist
    from numpyro.infer import Trace_ELBO
    from numpyro.infer.autoguide import AutoNormal

    def model(y):
        mean = numpyro.sample("mean", dist.Normal(0.0, 1.0))
        numpyro.sample("y", dist.Normal(mean, 0.5).expand([5]).to_event(1), obs=y)

    guide, elbo = AutoNormal(model), Trace_ELBO()
    with numpyro.handlers.seed(rng_seed=0):
        guide(Y)

    def loss(params, key, y):
        return elbo.loss(key, params, model, guide, y)

    def mistake(params, key, y):
        return jax.grad(loss)(params, jax.random.fold_in(key, 1), y)

    params = {"mean_auto_loc": jnp.array(0.2), "mean_auto_scale": jnp.array(0.4)}
    return Case(loss, (params, jax.random.key(0), Y), mistake, "")


def mixture() -> Case:
    """Of normal distributions; the mistake: the components exchanged."""
    import numpyro.distributions as dist

    def loss(params, y):
        components = dist.Normal(params["mean"], jnp.exp(params["log_scale"]))
        weights = dist.Categorical(logits=params["logits"])
        return -jnp.sum(dist.MixtureSameFamily(weights, components).log_prob(y))

    params = {
        "mean": jnp.array([-0.5, 0.8]), "log_scale": jnp.array([-0.4, 0.1]),
        "logits": jnp.array([0.3, -0.2]),
    }  # fmt: skip
    mistake = changed(loss, "mean", lambda g: g[::-1])
    return Case(loss, (params, Y), mistake, "mean")


LOSSES = [
    linear_regression, hierarchical, logistic_in_unconstrained_space, variational_bound, mixture,
]  # fmt: skip
