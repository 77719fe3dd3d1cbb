"""Generative models in plain JAX: VAE, VQ-VAE, diffusion, flows, adversaries."""

import jax
import jax.numpy as jnp
from jax import lax

from tests.clients.case import Case, X, changed, dense, mlp

KEY = jax.random.key(0)


def vae() -> Case:
    """The mistake: no gradient through the sample of the latent variable."""
    params = {"encoder": dense(0, 3, 4, 4), "decoder": dense(9, 2, 4, 3)}

    def elbo(params, x, key, through):
        mean, log_var = jnp.split(mlp(params["encoder"], x), 2, axis=-1)
        noise = jax.random.normal(key, mean.shape)
        z = through(mean + jnp.exp(log_var / 2) * noise)
        kl = jnp.sum(jnp.exp(log_var) + mean**2 - 1 - log_var, -1) / 2
        return jnp.mean(jnp.sum((mlp(params["decoder"], z) - x) ** 2, -1) + kl)

    def loss(params, x, key):
        return elbo(params, x, key, lambda z: z)

    def detached(params, x, key):
        return elbo(params, x, key, lax.stop_gradient)

    return Case(loss, (params, X, KEY), jax.grad(detached), "encoder")


def vq_vae() -> Case:
    """Held constants in all the right places; the mistake: the codebook's one forgotten.

    The loss with a stop_gradient forgotten is another function, with a gradient of its own.
    """
    params = {
        "encoder": dense(0, 3, 4, 2), "decoder": dense(9, 2, 4, 3),
        "codes": jax.random.normal(KEY, (4, 2)),
    }  # fmt: skip

    def quantised(params, x, hold):
        z = mlp(params["encoder"], x)
        nearest = jnp.argmin(jnp.sum((z[:, None] - params["codes"]) ** 2, -1), -1)
        code = params["codes"][nearest]
        out = mlp(params["decoder"], z + lax.stop_gradient(code - z))
        commitment = jnp.mean((hold(z) - code) ** 2) + jnp.mean((z - hold(code)) ** 2) / 4
        return jnp.mean((out - x) ** 2) + commitment

    def loss(params, x):
        return quantised(params, x, lax.stop_gradient)

    def forgotten(params, x):
        return quantised(params, x, lambda z: z)

    return Case(loss, (params, X), jax.grad(forgotten), "encoder|codes")


def diffusion() -> Case:
    """The noise predicted at random times; the mistake: the loss's mean taken over the batch."""
    params = dense(0, 5, 6, 3)

    def loss(params, x, key):
        of_time, of_noise = jax.random.split(key)
        t = jax.random.uniform(of_time, (len(x), 1), minval=0.1, maxval=0.9)
        noise = jax.random.normal(of_noise, x.shape)
        signal = jnp.cos(t * jnp.pi / 2)
        noisy = signal * x + jnp.sqrt(1 - signal**2) * noise
        given = jnp.concatenate([noisy, jnp.sin(6 * t), jnp.cos(6 * t)], -1)
        return jnp.mean((mlp(params, given) - noise) ** 2)

    return Case(loss, (params, X, KEY), changed(loss, "", lambda g: 3 * g), "")


def score_matching() -> Case:
    """With the trace of the score's Jacobian; the mistake: the trace held constant."""
    params = dense(0, 3, 4, 3)

    def objective(params, x, hold):
        def score(x):
            return mlp(params, x)

        trace = jnp.trace(jax.jacfwd(score)(x))
        return hold(trace) + jnp.sum(score(x) ** 2) / 2

    def loss(params, x):
        return jnp.mean(jax.vmap(lambda x: objective(params, x, lambda t: t))(x))

    def held(params, x):
        return jnp.mean(jax.vmap(lambda x: objective(params, x, lax.stop_gradient))(x))

    return Case(loss, (params, X), jax.grad(held), r"\['W'\]|\[0\]\['b'\]")


def coupling_flow() -> Case:
    """Two affine couplings; the mistake: the log determinant's sign."""
    params = [dense(0, 1, 4, 4), dense(7, 2, 4, 2)]

    def density(params, x, sign):
        one, rest = x[:, :1], x[:, 1:]
        scale, shift = jnp.split(mlp(params[0], one), 2, -1)
        rest, log_det = rest * jnp.exp(jnp.tanh(scale)) + shift, jnp.tanh(scale).sum(-1)
        scale, shift = jnp.split(mlp(params[1], rest), 2, -1)
        one, log_det = one * jnp.exp(jnp.tanh(scale)) + shift, log_det + jnp.tanh(scale).sum(-1)
        z = jnp.concatenate([one, rest], -1)
        return jnp.mean(jnp.sum(z**2, -1) / 2 - sign * log_det)

    def loss(params, x):
        return density(params, x, 1)

    def flipped(params, x):
        return density(params, x, -1)

    return Case(loss, (params, X), jax.grad(flipped), "")


def wasserstein_critic() -> Case:
    """With a penalty on its gradient; the mistake: the penalty's gradient held constant."""
    params = {"net": dense(0, 3, 4), "head": jnp.array([0.5, -0.3, 0.8, 0.2])}

    def critic(params, x):
        return jnp.tanh(mlp(params["net"], x)) @ params["head"]

    def objective(params, real, fake, hold):
        slopes = hold(jax.vmap(jax.grad(critic, 1), (None, 0))(params, (real + fake) / 2))
        penalty = jnp.mean((jnp.sqrt(jnp.sum(slopes**2, -1)) - 1) ** 2)
        score = jax.vmap(critic, (None, 0))
        return jnp.mean(score(params, fake)) - jnp.mean(score(params, real)) + 10 * penalty

    def loss(params, real, fake):
        return objective(params, real, fake, lambda g: g)

    def held(params, real, fake):
        return objective(params, real, fake, lax.stop_gradient)

    return Case(loss, (params, X, jax.random.normal(KEY, X.shape)), jax.grad(held), "")


LOSSES = [vae, vq_vae, diffusion, score_matching, coupling_flow, wasserstein_critic]
