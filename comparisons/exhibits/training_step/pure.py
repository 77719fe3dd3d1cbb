"""The pure twin: one function from state to state; forward, backward and step in three lines."""

from typing import Any, NamedTuple

import jax
import optax

from purenet import nn

MOMENTUM = 0.9


class State(NamedTuple):
    """All that a step reads and all that it gives back."""

    params: Any
    optimizer: Any


def loss(params, x, t):
    """The mean squared error of x Wᵀ + b."""
    prediction = nn.linear_transposed(x, params["weight"], params["bias"])
    return nn.mean_squared_error(prediction, t)


def learning_rate(base_lr):
    """The rate as a function of the iteration: halved every twenty."""
    return lambda iteration: base_lr * 0.5 ** (iteration // 20)


def sgd(base_lr):
    """Gradient descent with momentum on that schedule."""
    return optax.sgd(learning_rate(base_lr), momentum=MOMENTUM)


def start(optimizer, params):
    """The state before the first step."""
    return State(params, optimizer.init(params))


def step(optimizer, state, x, t):
    """The next state, and the loss before it; the state passed in is what it was."""
    value, grads = jax.value_and_grad(loss)(state.params, x, t)
    updates, next_optimizer = optimizer.update(grads, state.optimizer, state.params)
    return State(optax.apply_updates(state.params, updates), next_optimizer), value


def train(params, x, t, base_lr, iterations):
    """The loss, learning rate and weight of every step."""
    optimizer, rate = sgd(base_lr), learning_rate(base_lr)

    def body(state, iteration):
        state, value = step(optimizer, state, x, t)
        return state, (value, rate(iteration), state.params["weight"])

    _, history = jax.lax.scan(body, start(optimizer, params), jax.numpy.arange(iterations))
    return history
