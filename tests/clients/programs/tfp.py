"""Losses with TensorFlow Probability's JAX substrate."""

import importlib

import jax
import jax.numpy as jnp

from tests.clients.case import Case, X, changed

Y = jnp.array([0.1, 0.4, -0.3, 0.2, 0.6])


def _tfp():
    return importlib.import_module("tensorflow_probability.substrates.jax")


def gaussian_process() -> Case:
    """The marginal likelihood; the mistake: amplitude and length scale exchanged."""
    tfp = _tfp()
    params = {"amplitude": jnp.array(0.2), "length": jnp.array(-0.3), "noise": jnp.array(-1.0)}

    def loss(params, x, y):
        kernel = tfp.math.psd_kernels.ExponentiatedQuadratic(
            jnp.exp(params["amplitude"]), jnp.exp(params["length"])
        )
        process = tfp.distributions.GaussianProcess(
            kernel, x, observation_noise_variance=jnp.exp(params["noise"])
        )
        return -process.log_prob(y)

    def mistake(params, x, y):
        g = jax.grad(loss)(params, x, y)
        return {**g, "amplitude": g["length"], "length": g["amplitude"]}

    return Case(loss, (params, jnp.sin(5 * X), Y), mistake, "amplitude|length")


def joint_distribution() -> Case:
    """A joint density with a transformed scale; the mistake: the scale's sign."""
    tfd = _tfp().distributions
    params = {"w": jnp.array([0.2, -0.1, 0.3]), "log_scale": jnp.array(-0.5)}

    def loss(params, x, y):
        scale = jnp.exp(params["log_scale"])
        joint = tfd.JointDistributionSequential([
            tfd.Sample(tfd.Normal(0.0, 1.0), 3),
            lambda w: tfd.Independent(tfd.Normal(x @ w, scale), 1),
        ])  # fmt: skip
        return -joint.log_prob([params["w"], y])

    mistake = changed(loss, "log_scale", jnp.negative)
    return Case(loss, (params, X, Y), mistake, "log_scale")


def transformed() -> Case:
    """A chain of bijectors; the mistake: its log determinant's part forgotten."""
    tfp = _tfp()
    params = {"skew": jnp.array(0.3), "shift": jnp.array(0.2), "log_scale": jnp.array(-0.3)}

    def loss(params, y):
        chain = tfp.bijectors.Chain([
            tfp.bijectors.SinhArcsinh(params["skew"]), tfp.bijectors.Shift(params["shift"]),
            tfp.bijectors.Scale(log_scale=params["log_scale"]),
        ])  # fmt: skip
        of = tfp.distributions.TransformedDistribution(tfp.distributions.Normal(0.0, 1.0), chain)
        return -jnp.mean(of.log_prob(y))

    mistake = changed(loss, "log_scale", lambda g: g - 1)
    return Case(loss, (params, Y), mistake, "log_scale")


def state_space() -> Case:
    """The likelihood of a linear Gaussian model; the mistake: a variance's factor two."""
    tfd = _tfp().distributions
    params = {"transition": jnp.array([[0.9, 0.1], [-0.2, 0.8]]), "log_noise": jnp.array(-0.5)}

    def loss(params, y):
        noise = jnp.exp(params["log_noise"])
        model = tfd.LinearGaussianStateSpaceModel(
            num_timesteps=5,
            transition_matrix=params["transition"],
            transition_noise=tfd.MultivariateNormalDiag(scale_diag=jnp.array([0.3, 0.2])),
            observation_matrix=jnp.array([[1.0, 0.3]]),
            observation_noise=tfd.MultivariateNormalDiag(scale_diag=noise[None]),
            initial_state_prior=tfd.MultivariateNormalDiag(scale_diag=jnp.ones(2)),
        )
        return -model.log_prob(y[:, None])

    mistake = changed(loss, "log_noise", lambda g: 2 * g)
    return Case(loss, (params, Y), mistake, "log_noise")


LOSSES = [joint_distribution, gaussian_process, transformed, state_space]
