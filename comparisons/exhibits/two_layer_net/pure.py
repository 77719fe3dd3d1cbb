"""The pure twin: the loss is a function of params, and a step returns new ones."""

from functools import partial

import jax
import jax.numpy as jnp

from purenet import nn


def loss_of(model):
    """loss(params, x, t) of a two-layer net: softmax cross-entropy, averaged over the batch."""
    return nn.loss_fn(model, nn.softmax_cross_entropy)


def accuracy(model, params, x, t):
    """The share of rows whose highest score is the label's."""
    return jnp.mean(jnp.argmax(model.apply(params, x), axis=1) == t, dtype=float)


def step(loss, params, x, t, learning_rate):
    """One step of gradient descent: the new parameters, and the loss before it."""
    value, grads = jax.value_and_grad(loss)(params, x, t)
    return jax.tree.map(lambda p, g: p - learning_rate * g, params, grads), value


@partial(jax.jit, static_argnums=0)
def train(loss, params, x, t, batches, learning_rate):
    """The parameters after one step for each row of batch indices, and every loss on the way."""

    def body(params, batch):
        return step(loss, params, x[batch], t[batch], learning_rate)

    return jax.lax.scan(body, params, batches)
