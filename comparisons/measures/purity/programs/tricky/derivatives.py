"""Derivatives that are zero in places, or take a way around: alive all the same."""

import jax
import jax.numpy as jnp
import numpy as np

from comparisons.measures.purity.programs.program import drawn, drawn_jax, program


@program()
def stop_gradient_on_one_of_two_ways():
    """The target of the second term is held constant, the first is not."""
    x = drawn_jax(1, 5, 3)

    def loss(W):
        h = jnp.tanh(x @ W)
        return jnp.mean(h**2) + jnp.mean((h - jax.lax.stop_gradient(3 * h)) ** 2)

    return loss, (drawn_jax(2, 3, 2),)


@program()
def a_straight_through_estimator():
    """Rounded forwards, the identity backwards."""
    x = drawn_jax(1, 5, 3)

    def loss(W):
        quantised = W + jax.lax.stop_gradient(jnp.round(4 * W) / 4 - W)
        return jnp.mean((x @ quantised) ** 2)

    return loss, (drawn_jax(2, 3, 2),)


@program()
def a_straight_through_choice():
    """The hard one-hot of argmax forwards, softmax backwards."""
    values = drawn_jax(1, 4)

    def loss(scores):
        soft = jax.nn.softmax(scores)
        hard = jax.nn.one_hot(jnp.argmax(scores), 4)
        return (hard + soft - jax.lax.stop_gradient(soft)) @ values

    return loss, (drawn_jax(2, 4),)


@program()
def rounding_by_a_custom_vjp():
    """Another estimator of the kind, with a derivative written by hand."""

    @jax.custom_vjp
    def rounded(w):
        return jnp.round(w)

    rounded.defvjp(lambda w: (jnp.round(w), None), lambda _, g: (g,))
    return lambda w: jnp.sum(rounded(3 * w) ** 2), (drawn_jax(1, 4),)


@program()
def some_units_dead():
    """Two hidden units of four answer to no one."""
    x = drawn_jax(1, 5, 3)
    shift = jnp.array([0.0, -100.0, 0.5, -100.0])

    def loss(params):
        h = jax.nn.relu(x @ params["W"] + shift)
        return jnp.sum((h @ params["v"]) ** 2)

    return loss, ({"W": drawn_jax(2, 3, 4), "v": drawn_jax(3, 4)},)


@program()
def a_last_layer_of_zeros():
    """At the start the first layer has gradient zero, until the last has moved."""
    x, t = drawn_jax(1, 5, 3), drawn_jax(2, 5, 2)

    def loss(params):
        h = jnp.tanh(x @ params["W1"])
        return jnp.mean((h @ params["W2"] - t) ** 2)

    return loss, ({"W1": drawn_jax(3, 3, 4), "W2": jnp.zeros((4, 2))},)


@program()
def all_layers_of_zeros():
    """A saddle: every gradient is zero, at this point only."""
    x, t = drawn_jax(1, 5, 3), drawn_jax(2, 5, 2)

    def loss(params):
        return jnp.mean((x @ params["W1"] @ params["W2"] - t) ** 2)

    return loss, ({"W1": jnp.zeros((3, 4)), "W2": jnp.zeros((4, 2))},)


@program()
def a_last_layer_of_zeros_in_numpy():
    """Here the first layer's differences are of the order of the last layer's squares."""
    x = drawn(1, 5, 3)

    def loss(params):
        h = np.maximum(x @ params["W1"], 0.0)
        return np.sum((h @ params["W2"]) ** 2)

    return loss, ({"W1": drawn(2, 3, 4), "W2": np.zeros((4, 2))},)


@program()
def a_square_at_zero():
    """A stationary point."""
    return lambda w: jnp.sum(w**2), (jnp.zeros(3),)


@program()
def weight_decay_at_zero():
    """Weights that have only their decay, at its minimum, and a bias that has the data."""
    t = drawn_jax(1, 5)

    @jax.jit
    def loss(params):
        return jnp.mean((params["b"] - t) ** 2) + 0.01 * jnp.sum(params["W"] ** 2)

    return loss, ({"W": jnp.zeros((3, 2)), "b": jnp.array(0.3)},)


@program()
def absolute_values_at_zero():
    """The kink itself, where JAX takes sign(0) = 0."""
    return lambda w: jnp.sum(jnp.abs(w)), (jnp.zeros(4),)


@program()
def a_loss_in_tiny_units():
    """All derivatives are of the order 1e-12, and none is zero."""
    x = drawn_jax(1, 5, 3)
    return lambda w: 1e-12 * jnp.mean((x @ w) ** 2), (drawn_jax(2, 3),)


@program()
def a_leaf_that_matters_little():
    """One leaf's derivative is a billionth of the other's."""

    def loss(params):
        return 1e6 * jnp.sum(params["w"] ** 2) + 1e-3 * jnp.sum(jnp.sin(params["v"]))

    return loss, ({"w": drawn_jax(1, 3), "v": drawn_jax(2, 3)},)


@program()
def a_mask_with_some_zeros():
    """Pruned weights have no gradient, the others have."""
    mask = jnp.array([[1.0, 0.0], [0.0, 1.0], [0.0, 0.0]])
    x = drawn_jax(1, 5, 3)
    return lambda W: jnp.sum((x @ (W * mask)) ** 2), (drawn_jax(2, 3, 2),)


@program()
def rows_of_an_embedding():
    """Two rows of ten are looked up."""
    tokens = jnp.array([3, 7, 3])
    return lambda table: jnp.sum(table[tokens] ** 2), (drawn_jax(1, 10, 4),)


@program()
def pooled_and_sorted():
    """Maxima and order statistics have gradients, though indices have none."""

    def loss(w):
        largest = jnp.max(w.reshape(3, 4), axis=1)
        return jnp.sum(largest**2) + jnp.median(w) + w[jnp.argmin(w)]

    return loss, (drawn_jax(1, 12),)


@program()
def partly_clipped():
    """Some coordinates lie outside the interval."""
    return lambda w: jnp.sum(jnp.clip(w, -1, 1) ** 2), (jnp.array([0.5, 5.0, -3.0]),)


@program()
def a_safe_square_root():
    """The double where: at zero the branch not taken is kept from dividing by zero."""

    def loss(w):
        safe = jnp.where(w > 0, w, 1.0)
        return jnp.sum(jnp.where(w > 0, jnp.sqrt(safe), 0.0))

    return loss, (jnp.array([0.0, 4.0, -1.0]),)


@program()
def reinforced():
    """Policy gradient: the advantage and its baseline are stopped, the log-probability is not."""
    rewards = drawn_jax(1, 4)

    def loss(scores):
        p = jax.nn.softmax(scores)
        advantage = jax.lax.stop_gradient(rewards - p @ rewards)
        return -jnp.sum(jax.lax.stop_gradient(p) * jax.nn.log_softmax(scores) * advantage)

    return loss, (drawn_jax(2, 4),)


@program()
def pseudo_labels():
    """The labels are the argmax of the scores themselves."""
    x = drawn_jax(1, 5, 3)

    def loss(W):
        scores = x @ W
        labels = jnp.argmax(scores, axis=1)
        return -jnp.mean(jax.nn.log_softmax(scores)[jnp.arange(5), labels])

    return loss, (drawn_jax(2, 3, 4),)


@program()
def a_step_of_gradient_descent_inside():
    """Meta-learning: the loss is taken after a step along a gradient of its own."""
    x, t = drawn_jax(1, 5, 3), drawn_jax(2, 5)

    def inner(w):
        return jnp.mean((jnp.tanh(x @ w) - t) ** 2)

    return lambda w: inner(w - 0.1 * jax.grad(inner)(w)), (drawn_jax(3, 3),)


@program()
def only_through_a_gradient():
    """A penalty on the gradient: the value never reads W except through a derivative."""
    x = drawn_jax(1, 5, 3)

    def energy(x, W):
        return jnp.sum(jnp.tanh(x @ W))

    return lambda W: jnp.sum(jax.vmap(jax.grad(energy), (0, None))(x, W) ** 2), (
        drawn_jax(2, 3, 2),
    )
