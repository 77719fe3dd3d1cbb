"""Losses with blackjax: samplers whose trajectories are differentiated."""

import jax
import jax.numpy as jnp

from tests.clients.case import Case, changed


def leapfrog() -> Case:
    """A trajectory of Hamiltonian dynamics; the mistake: the momentum's sign."""
    from blackjax.mcmc import integrators, metrics

    def loss(params, start):
        def density(q):
            return -jnp.sum(jnp.exp(params["log_precision"]) * (q - params["mean"]) ** 2) / 2

        metric = metrics.default_metric(jnp.ones(2))
        step = integrators.velocity_verlet(density, metric.kinetic_energy)
        state = integrators.new_integrator_state(density, start, jnp.array([0.3, -0.2]))
        for _ in range(3):
            state = step(state, 0.3)
        return jnp.sum(state.position**2) + jnp.sum(state.momentum**2)

    params = {"mean": jnp.array([0.5, -0.3]), "log_precision": jnp.array([0.2, -0.1])}
    mistake = changed(loss, "mean", jnp.negative)
    return Case(loss, (params, jnp.array([0.1, 0.7])), mistake, "mean")


def langevin() -> Case:
    """Noisy steps with a key; the mistake: the noise drawn anew in the backward pass."""
    import blackjax

    def loss(params, key):
        def density(q):
            return -jnp.sum((q - params["mean"]) ** 4) / 4

        sampler = blackjax.sgld(lambda q, _: jax.grad(density)(q))
        q = params["start"]
        for k in jax.random.split(key, 3):
            q = sampler.step(k, q, None, 0.05)
        return jnp.sum(q**2)

    def mistake(params, key):
        return jax.grad(loss)(params, jax.random.fold_in(key, 1))

    params = {"mean": jnp.array([0.5, -0.3]), "start": jnp.array([0.1, 0.7])}
    return Case(loss, (params, jax.random.key(0)), mistake, "")


def variational() -> Case:
    """A mean-field bound; the mistake: the entropy of the approximation forgotten."""
    from blackjax.vi import meanfield_vi

    def bound(params, key, weight):
        def density(q):
            return -jnp.sum((q - 0.3) ** 2) / 2

        state = meanfield_vi.MFVIState(params["mean"], params["log_scale"], None)
        draws = meanfield_vi.sample(key, state, 4)
        return -jnp.mean(jax.vmap(density)(draws)) - weight * jnp.sum(params["log_scale"])

    def loss(params, key):
        return bound(params, key, 1)

    def forgotten(params, key):
        return bound(params, key, 0)

    params = {"mean": jnp.array([0.5, -0.3]), "log_scale": jnp.array([-0.4, 0.1])}
    return Case(loss, (params, jax.random.key(0)), jax.grad(forgotten), "log_scale")


LOSSES = [leapfrog, langevin, variational]
