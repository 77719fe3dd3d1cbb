"""JAX losses that change what they captured: when traced, and with tracers left behind."""

import functools
from typing import Any

import jax
import jax.numpy as jnp

from comparisons.measures.purity.programs.program import drawn_jax, program

CALLS = 0
LAST = None
SEEN: dict[str, Any] = {"h": None}


class Net:
    def __init__(self):
        self.count = 0
        self.last = None
        self.key = jax.random.key(0)
        self.running_mean = jnp.zeros(2)
        self.W = drawn_jax(1, 3, 2)

    def counted(self, W, x):
        self.count += 1
        return jnp.mean((x @ W) ** 2)

    def remembering(self, W, x):
        self.last = jnp.tanh(x @ W)
        return jnp.mean(self.last**2)

    def normalised(self, W, x):
        h = x @ W
        self.running_mean = 0.9 * self.running_mean + 0.1 * jnp.mean(h, axis=0)
        return jnp.mean(jnp.tanh(h - jnp.mean(h, axis=0)) ** 4)

    def dropped(self, W, x):
        self.key, key = jax.random.split(self.key)
        return jnp.mean(jnp.where(jax.random.bernoulli(key, 0.5, x.shape), x, 0) @ W)

    @functools.partial(jax.jit, static_argnums=0)
    def compiled(self, W, x):
        self.last = x @ W
        return jnp.sum(self.last**2)

    def loss(self, x):
        return jnp.mean((x @ self.W) ** 2)


@program(("mutates-state", "self.count"))
def a_counter_in_an_attribute():
    """A Python integer: once compiled, it would count traces rather than calls."""
    return Net().counted, (drawn_jax(2, 3, 2), drawn_jax(3, 5, 3))


@program(("mutates-state", "CALLS"))
def a_global_counter():
    """The same in a global of the module."""

    def loss(w):
        global CALLS
        CALLS += 1
        return jnp.sum(w**2)

    return loss, (drawn_jax(2, 3),)


@program(("mutates-state", "shapes"))
def a_list_of_shapes():
    """What is appended is no tracer: the list grows all the same."""
    shapes, x = [], drawn_jax(3, 5, 3)

    def loss(w):
        h = x @ w
        shapes.append(h.shape)
        return jnp.sum(h**2)

    return loss, (drawn_jax(2, 3),)


@program(("leaked-tracer", "self.last"), ("mutates-state", "self.last"))
def an_output_remembered():
    """The layer keeps its output for later; after a trace that is a tracer."""
    return Net().remembering, (drawn_jax(2, 3, 2), drawn_jax(3, 5, 3))


@program(("leaked-tracer", "self.last"), ("mutates-state", "self.last"))
def an_output_remembered_by_a_jitted_method():
    """The same from inside jit, where even a plain call leaves a tracer."""
    return Net().compiled, (drawn_jax(2, 3, 2), drawn_jax(3, 5, 3))


@program(("leaked-tracer", "net.running_mean"), ("mutates-state", "net.running_mean"))
def a_running_mean():
    """Batch normalisation of the object-style kind, carried over to JAX."""
    net, x = Net(), drawn_jax(3, 5, 3)
    return lambda W: net.normalised(W, x), (drawn_jax(2, 3, 2),)


@program(("leaked-tracer", "self.key"), ("mutates-state", "self.key"))
def a_key_that_the_object_splits():
    """The object hides the key and splits it at each call."""
    return Net().dropped, (drawn_jax(2, 3, 2), drawn_jax(3, 5, 3))


@program(("leaked-tracer", "net.W"), ("mutates-state", "net.W"))
def assigned_before_the_call():
    """The published fix of the lambda, in JAX."""
    net, x = Net(), drawn_jax(3, 5, 3)

    def loss(W):
        net.W = W
        return net.loss(x)

    return loss, (drawn_jax(2, 3, 2),)


@program(("leaked-tracer", "history"), ("mutates-state", "history"))
def a_history_of_losses():
    """The list fills with tracers."""
    history = []

    def loss(w):
        value = jnp.sum(w**2)
        history.append(value)
        return value

    return loss, (drawn_jax(2, 3),)


@program(("leaked-tracer", "LAST"), ("mutates-state", "LAST"))
def a_global_left_behind():
    """An intermediate value in a global, to look at it later."""
    global LAST
    LAST = None

    def loss(w, x):
        global LAST
        LAST = x @ w
        return jnp.sum(LAST**2)

    return loss, (drawn_jax(2, 3), drawn_jax(3, 5, 3))


@program(("leaked-tracer", "SEEN['h']"), ("mutates-state", "SEEN['h']"))
def left_behind_by_a_scan():
    """The tracer is that of the loop's body."""
    SEEN["h"] = None

    def loss(w):
        def step(h, _):
            SEEN["h"] = jnp.sin(h + w)
            return SEEN["h"], None

        return jnp.sum(jax.lax.scan(step, jnp.ones(3), None, length=4)[0])

    return loss, (drawn_jax(2, 3),)


@program(("leaked-tracer", "hidden"), ("mutates-state", "hidden"))
def a_nonlocal_left_behind():
    """A variable of the enclosing function, assigned by one helper of two."""
    hidden, x = None, drawn_jax(3, 5, 3)

    def predicted(w):
        nonlocal hidden
        hidden = jnp.tanh(x @ w)
        return hidden

    def loss(w):
        return jnp.mean(predicted(w) ** 2)

    return loss, (drawn_jax(2, 3),)
