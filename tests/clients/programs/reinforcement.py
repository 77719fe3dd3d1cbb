"""Reinforcement learning in plain JAX: PPO, DQN, an actor and its critic, REINFORCE."""

import jax
import jax.numpy as jnp
from jax import lax

from tests.clients.case import LABELS, Case, X, changed, dense, mlp

ACTIONS, REWARDS = LABELS, jnp.array([1.0, 0.0, 0.5, -1.0, 0.2])
NEXT = jnp.sin(3 * X)


def _log_probabilities(params, x, actions):
    return jnp.take_along_axis(jax.nn.log_softmax(mlp(params, x)), actions[:, None], 1)[:, 0]


def ppo() -> Case:
    """Clipped ratios, a value and an entropy; the mistake: the advantages not held constant."""
    params = {"policy": dense(0, 3, 4, 2), "value": dense(8, 3, 4, 1)}
    before = _log_probabilities(dense(20, 3, 4, 2), X, ACTIONS)

    def objective(params, x, actions, before, returns, hold):
        value = mlp(params["value"], x)[:, 0]
        advantages = hold(returns - value)
        ratio = jnp.exp(_log_probabilities(params["policy"], x, actions) - before)
        clipped = jnp.clip(ratio, 0.8, 1.2) * advantages
        probabilities = jax.nn.softmax(mlp(params["policy"], x))
        entropy = -jnp.mean(jnp.sum(probabilities * jnp.log(probabilities), -1))
        surrogate = jnp.mean(jnp.minimum(ratio * advantages, clipped))
        return -surrogate + jnp.mean((returns - value) ** 2) / 2 - 0.01 * entropy

    def loss(params, x, actions, before, returns):
        return objective(params, x, actions, before, returns, lax.stop_gradient)

    def forgotten(params, x, actions, before, returns):
        return objective(params, x, actions, before, returns, lambda a: a)

    return Case(loss, (params, X, ACTIONS, before, REWARDS), jax.grad(forgotten), "value")


def dqn() -> Case:
    """A double DQN with a Huber loss; the mistake: the target's network not held constant."""
    params, target = dense(0, 3, 4, 2), dense(30, 3, 4, 2)

    def objective(params, following, target, x, actions, rewards, after):
        best = jnp.argmax(mlp(params, after), -1)
        aim = rewards + 0.9 * jnp.take_along_axis(mlp(following, after), best[:, None], 1)[:, 0]
        q = jnp.take_along_axis(mlp(params, x), actions[:, None], 1)[:, 0]
        error = jnp.abs(aim - q)
        return jnp.mean(jnp.where(error < 1, error**2 / 2, error - 0.5))

    def loss(params, target, *data):
        return objective(params, target, target, *data)

    def bootstrapped(params, target, *data):
        return objective(params, params, target, *data)

    args = (params, target, X, ACTIONS, REWARDS, NEXT)
    return Case(loss, args, jax.grad(bootstrapped), "")


def actor_critic() -> Case:
    """Discounted returns by a scan; the mistake: the critic's loss added with the wrong sign."""
    params = {"policy": dense(0, 3, 4, 2), "value": dense(8, 3, 4, 1)}

    def loss(params, x, actions, rewards):
        def discounted(later, reward):
            now = reward + 0.9 * later
            return now, now

        _, returns = lax.scan(discounted, 0.0, rewards, reverse=True)
        value = mlp(params["value"], x)[:, 0]
        advantages = lax.stop_gradient(returns - value)
        chosen = _log_probabilities(params["policy"], x, actions)
        return -jnp.mean(chosen * advantages) + jnp.mean((returns - value) ** 2)

    return Case(loss, (params, X, ACTIONS, REWARDS), changed(loss, "value", jnp.negative), "value")


def soft_actor() -> Case:
    """A squashed Gaussian policy; the mistake: the squashing left out of the density."""
    params, critic = dense(0, 3, 4, 2), dense(9, 4, 4, 1)

    def objective(params, critic, x, key, correct):
        mean, log_std = jnp.split(mlp(params, x), 2, -1)
        noise = jax.random.normal(key, mean.shape)
        raw = mean + jnp.exp(log_std) * noise
        action = jnp.tanh(raw)
        log_density = -(noise**2) / 2 - log_std - correct * jnp.log(1 - action**2 + 1e-6)
        return jnp.mean(0.2 * log_density - mlp(critic, jnp.concatenate([x, action], -1)))

    def loss(params, critic, x, key):
        return objective(params, critic, x, key, 1)

    def uncorrected(params, critic, x, key):
        return objective(params, critic, x, key, 0)

    return Case(loss, (params, critic, X, jax.random.key(0)), jax.grad(uncorrected), "")


LOSSES = [dqn, ppo, actor_critic, soft_actor]
