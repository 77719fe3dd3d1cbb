"""Losses that read a parameter only through operations that have no derivative."""

import jax
import jax.numpy as jnp
import numpy as np

from comparisons.measures.purity.programs.program import drawn, drawn_jax, program


def frozen(tree):
    """A helper that stops every gradient."""
    return jax.tree.map(jax.lax.stop_gradient, tree)


@program(("zero-derivative", "W"))
def accuracy_for_a_loss():
    """The share of wrong labels, by argmax."""
    x, t = drawn_jax(1, 40, 3), jnp.arange(40) % 4

    def loss(W):
        return 1.0 - jnp.mean(jnp.argmax(x @ W, axis=1) == t)

    return loss, (drawn_jax(2, 3, 4),)


@program(("zero-derivative", "W"))
def accuracy_for_a_loss_in_numpy():
    """The same in NumPy: a staircase."""
    x, t = drawn(1, 40, 3), np.arange(40) % 4

    def loss(W):
        return 1.0 - np.mean(np.argmax(x @ W, axis=1) == t)

    return loss, (drawn(2, 3, 4),)


@program(("zero-derivative", "W"))
def weights_rounded_to_a_grid():
    """Quantised weights, without a straight-through estimator."""
    x = drawn_jax(1, 5, 3)

    @jax.jit
    def loss(W):
        return jnp.mean(jnp.tanh(x @ (jnp.round(W * 4) / 4)) ** 2)

    return loss, (drawn_jax(2, 3, 2),)


@program(("zero-derivative", "params['W']"))
def weights_floored_to_a_grid_in_numpy():
    """The same in NumPy; the bias is not rounded."""
    x = drawn(1, 5, 3)

    def loss(params):
        h = x @ (np.floor(params["W"] * 4) / 4) + params["b"]
        return np.mean(h**2)

    return loss, ({"W": drawn(2, 3, 2), "b": drawn(3, 2)},)


@program(("zero-derivative", "params['encoder']"))
def an_encoder_frozen_by_mistake():
    """A helper stops the gradient of what the encoder gives, which is its only way out."""
    x, t = drawn_jax(1, 5, 3), drawn_jax(2, 5)

    def loss(params):
        h = frozen({"h": jnp.tanh(x @ params["encoder"])})["h"]
        return jnp.mean((h @ params["head"] - t) ** 2)

    return loss, ({"encoder": drawn_jax(3, 3, 4), "head": drawn_jax(4, 4)},)


@program(("zero-derivative", "params['threshold']"))
def a_learned_threshold():
    """The threshold is only compared with; the weights have gradients."""
    x = drawn_jax(1, 20, 3)

    def loss(params):
        h = x @ params["w"]
        return jnp.mean(jnp.where(h > params["threshold"], h**2, 0.1 * h))

    return loss, ({"w": drawn_jax(2, 3), "threshold": jnp.array(0.3)},)


@program(("zero-derivative", "position"))
def a_position_cast_to_an_index():
    """A continuous position is cast to integers before the table is read."""
    table = drawn_jax(1, 10)

    def loss(position):
        return jnp.sum(table[position.astype(int)])

    return loss, (jnp.array([2.5, 7.3, 4.4]),)


@program(("zero-derivative", "params['W']"))
def a_network_of_signs():
    """A binary network: sign gives nothing back, the bias behind it lives."""
    x = drawn_jax(1, 5, 3)

    def loss(params):
        return jnp.sum((jnp.sign(x @ params["W"]) + params["b"]) ** 2)

    return loss, ({"W": drawn_jax(2, 3, 2), "b": drawn_jax(3, 2)},)


@program(("zero-derivative", "w"))
def the_errors_of_a_perceptron_in_numpy():
    """Wrong signs are counted, plainly in Python."""
    x, t = drawn(1, 40, 3), np.sign(drawn(2, 40))

    def loss(w):
        return float(sum(1 for xi, ti in zip(x, t, strict=True) if np.sign(xi @ w) != ti))

    return loss, (drawn(3, 3),)


@program(("zero-derivative", "params['limit']"))
def a_loop_that_the_parameter_stops():
    """The parameter decides only how often a while loop goes round."""

    def loss(params):
        def below(carry):
            return carry[0] < params["limit"]

        def step(carry):
            return carry[0] + 1.0, 0.5 * carry[1]

        _, value = jax.lax.while_loop(below, step, (0.0, 8.0))
        return value + params["offset"] ** 2

    return loss, ({"limit": jnp.array(2.5), "offset": jnp.array(0.7)},)


@program(("zero-derivative", "gate"), argnums=(0, 1))
def a_branch_that_the_parameter_chooses():
    """The gate is read by the predicate of a cond and nowhere else."""

    def loss(gate, w):
        return jax.lax.cond(gate > 0, lambda w: jnp.sum(w**2), lambda w: jnp.sum(jnp.sin(w)), w)

    return loss, (jnp.array(0.4), drawn_jax(1, 3))


@program(("zero-derivative", "scores"))
def the_order_of_scores():
    """A ranking loss that only knows the order."""
    gains = drawn_jax(1, 6)

    def loss(scores):
        return -jnp.sum(gains[jnp.argsort(scores)] / jnp.log2(jnp.arange(6) + 2.0))

    return loss, (drawn_jax(2, 6),)


@program(("zero-derivative", "W"))
def spikes_in_a_scan():
    """A spiking neuron: what leaves the loop has passed a comparison at every step."""
    xs = drawn_jax(1, 12, 3)

    def loss(W):
        def step(potential, x):
            potential = 0.9 * potential + x @ W
            spike = (potential > 0.5).astype(potential.dtype)
            return potential * (1 - spike), spike

        _, spikes = jax.lax.scan(step, jnp.zeros(2), xs)
        return jnp.mean(spikes)

    return loss, (drawn_jax(2, 3, 2),)
