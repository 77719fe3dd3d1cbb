"""Jitted losses whose captured values have changed since they were traced."""

import functools

import jax
import jax.numpy as jnp

from comparisons.measures.purity.programs.program import drawn, drawn_jax, program

CONFIG = {"l2": 0.1}
TEMPERATURE = 1.0


class Net:
    def __init__(self):
        self.scale = 1.0
        self.mean = jnp.zeros(3)

    @functools.partial(jax.jit, static_argnums=0)
    def loss(self, W, x):
        return self.scale * jnp.sum(jnp.tanh(x @ W))


@program(("stale-capture", "scale"))
def a_number_in_a_closure():
    """The variable is assigned again after the first call."""
    scale = 1.0

    @jax.jit
    def loss(w):
        return scale * jnp.sum(w**2)

    w = drawn_jax(1, 3)
    loss(w)
    scale = 2.0
    return loss, (w,)


@program(("stale-capture", "net.mean"))
def an_array_of_an_attribute():
    """The mean of the data is set after the loss was compiled with zeros."""
    net = Net()

    @jax.jit
    def loss(W, x):
        return jnp.sum(jnp.tanh((x - net.mean) @ W))

    W, x = drawn_jax(1, 3, 2), drawn_jax(2, 5, 3)
    loss(W, x)
    net.mean = jnp.mean(x, axis=0)
    return loss, (W, x)


@program(("stale-capture", "self.scale"))
def a_static_self():
    """The object is a static argument, hashed by identity, and has changed since."""
    net = Net()
    W, x = drawn_jax(1, 3, 2), drawn_jax(2, 5, 3)
    net.loss(W, x)
    net.scale = 3.0
    return net.loss, (W, x)


@program(("stale-capture", "CONFIG['l2']"))
def an_entry_of_a_global_dictionary():
    """The strength of the penalty is turned up between two calls."""
    CONFIG["l2"] = 0.1

    @jax.jit
    def loss(w, x):
        return jnp.mean((x @ w) ** 2) + CONFIG["l2"] * jnp.sum(w**2)

    w, x = drawn_jax(1, 3), drawn_jax(2, 5, 3)
    loss(w, x)
    CONFIG["l2"] = 10.0
    return loss, (w, x)


@program(("stale-capture", "TEMPERATURE"))
def a_global_of_a_jitted_helper():
    """The loss itself is not jitted, the helper that reads the global is."""
    global TEMPERATURE
    TEMPERATURE = 1.0

    @jax.jit
    def softened(scores):
        return jax.nn.log_softmax(scores / TEMPERATURE)

    def loss(W, x):
        return -jnp.mean(softened(x @ W)[:, 0])

    W, x = drawn_jax(1, 3, 2), drawn_jax(2, 5, 3)
    loss(W, x)
    TEMPERATURE = 4.0
    return loss, (W, x)


@program(("stale-capture", "mask"))
def a_numpy_array_written_in_place():
    """What NumPy made of the mask in the trace is kept; the mask itself has other contents."""
    mask = drawn(3, 4)

    @jax.jit
    def loss(w):
        return jnp.sum(jnp.sin(w) * (1.0 - mask))

    w = drawn_jax(1, 4)
    loss(w).block_until_ready()
    mask[:2] = 5.0
    return loss, (w,)
