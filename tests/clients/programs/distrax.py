"""Losses with distrax: mixtures, flows, policies, hidden Markov models."""

import jax
import jax.numpy as jnp

from tests.clients.case import LABELS, Case, X, changed, dense, mlp

Y = jnp.array([0.1, 0.4, -0.3, 0.2, 0.6])


def policy_gradient() -> Case:
    """A categorical policy with entropy; the mistake: the entropy's sign."""
    import distrax

    params, rewards = dense(0, 3, 4, 2), Y

    def objective(params, x, actions, bonus):
        policy = distrax.Categorical(logits=mlp(params, x))
        return -jnp.mean(policy.log_prob(actions) * rewards + bonus * policy.entropy())

    def loss(params, x, actions):
        return objective(params, x, actions, 0.1)

    def flipped(params, x, actions):
        return objective(params, x, actions, -0.1)

    return Case(loss, (params, X, LABELS), jax.grad(flipped), "")


def multivariate_normal() -> Case:
    """By its triangular factor; the mistake: the factor's gradient transposed."""
    import distrax

    params = {"mean": jnp.array([0.1, -0.2, 0.3]), "factor": jnp.eye(3) + 0.2 * jnp.tri(3)}

    def loss(params, x):
        of = distrax.MultivariateNormalTri(params["mean"], jnp.tril(params["factor"]))
        return -jnp.mean(of.log_prob(x))

    return Case(loss, (params, X), changed(loss, "factor", jnp.transpose), "factor")


def masked_coupling() -> Case:
    """A flow of masked couplings; the mistake: the log determinant forgotten."""
    import distrax

    params = dense(0, 3, 4, 6)

    def density(params, x, weight):
        def conditioner(x):
            return mlp(params, x).reshape(*x.shape, 2)

        flow = distrax.MaskedCoupling(
            mask=jnp.array([True, False, True]), conditioner=conditioner,
            bijector=lambda p: distrax.ScalarAffine(p[..., 0], log_scale=jnp.tanh(p[..., 1])),
        )  # fmt: skip
        z, log_det = flow.inverse_and_log_det(x)
        base = distrax.Independent(distrax.Normal(jnp.zeros(3), jnp.ones(3)), 1)
        return -jnp.mean(base.log_prob(z) + weight * log_det)

    def loss(params, x):
        return density(params, x, 1)

    def forgotten(params, x):
        return density(params, x, 0)

    # what is masked depends on no more than the masked part's weights
    return Case(loss, (params, X), jax.grad(forgotten), "")


def hidden_markov() -> Case:
    """The marginal likelihood of a hidden Markov model; the mistake: transitions transposed."""
    import distrax

    params = {"transitions": jnp.array([[0.5, -0.2], [0.1, 0.4]]), "means": jnp.array([-0.3, 0.5])}

    def loss(params, y):
        model = distrax.HMM(
            init_dist=distrax.Categorical(logits=jnp.zeros(2)),
            trans_dist=distrax.Categorical(logits=params["transitions"]),
            obs_dist=distrax.Normal(params["means"], 0.5 * jnp.ones(2)),
        )
        return -model.forward(y)[0]

    mistake = changed(loss, "transitions", jnp.transpose)
    return Case(loss, (params, Y), mistake, "transitions")


LOSSES = [policy_gradient, multivariate_normal, masked_coupling, hidden_markov]
