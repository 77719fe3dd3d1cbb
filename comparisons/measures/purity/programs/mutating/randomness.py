"""Losses that draw from captured generators, from global ones, or from what nobody can seed."""

import functools
import os
import random
import time
import uuid
from datetime import datetime
from random import gauss

import jax
import jax.numpy as jnp
import numpy as np
from numpy.random import rand

from comparisons.measures.purity.programs.program import drawn, drawn_jax, program


def rows(count):
    """A helper that draws a random half of the rows."""
    return np.random.permutation(count)[: count // 2]


@program(("mutates-state", "rng"))
def noise_from_a_captured_generator():
    """The generator was seeded once, outside; each call takes the next numbers."""
    rng, x = np.random.default_rng(0), drawn(3, 5, 3)

    def loss(w):
        noisy = x + 0.1 * rng.standard_normal(x.shape)
        return np.mean((noisy @ w) ** 2)

    return loss, (drawn(2, 3),)


@program(("mutates-state", "rng"))
def a_sample_from_a_captured_random():
    """The same with Python's generator: a random row a call."""
    rng, x = random.Random(0), drawn(3, 50, 3)

    def loss(w):
        return (x[rng.randrange(50)] @ w) ** 2

    return loss, (drawn(2, 3),)


@program(("global-random", "numpy.random"))
def noise_in_numpy():
    """Gaussian noise on the inputs."""
    x = drawn(1, 5, 3)

    def loss(w):
        return np.mean(((x + 0.1 * np.random.randn(5, 3)) @ w) ** 2)

    return loss, (drawn(2, 3),)


@program(("global-random", "numpy.random"))
def dropout_in_jax():
    """A NumPy mask in JAX code: drawn once a trace, and frozen by jit."""
    x = drawn_jax(1, 5, 3)

    @jax.jit
    def loss(W):
        mask = np.random.uniform(size=(5, 2)) < 0.5
        return jnp.sum(jnp.where(mask, jnp.tanh(x @ W), 0.0))

    return loss, (drawn_jax(2, 3, 2),)


@program(("global-random", "numpy.random"))
def seeded_at_each_call():
    """The value is always the same, and so are everybody else's numbers from then on."""

    def loss(w):
        np.random.seed(0)
        return np.sum((w + 0.1 * np.random.rand(3)) ** 2)

    return loss, (drawn(2, 3),)


@program(("global-random", "numpy.random"))
def a_function_imported_by_name():
    """Nothing in the function says numpy.random."""

    def loss(w):
        return np.sum((w * rand(3)) ** 2)

    return loss, (drawn(2, 3),)


@program(("global-random", "numpy.random"))
def a_batch_drawn_by_a_helper():
    """The helper draws, the loss only calls it."""
    x, t = drawn(1, 8, 3), drawn(3, 8)

    def loss(w):
        batch = rows(len(x))
        return np.mean((x[batch] @ w - t[batch]) ** 2)

    return loss, (drawn(2, 3),)


@program(("global-random", "random"))
def a_coin_of_python():
    """Python's own generator chooses between two losses."""

    def loss(w):
        return np.sum(w**2) if random.random() < 0.5 else np.sum(np.abs(w))

    return loss, (drawn(2, 3),)


@program(("global-random", "random"))
def rows_shuffled_by_python():
    """random.shuffle of a list of its own: the list is local, the generator is not."""
    x = drawn_jax(1, 6, 3)

    def loss(w):
        order = list(range(6))
        random.shuffle(order)
        return jnp.mean((x[jnp.array(order[:3])] @ w) ** 2)

    return loss, (drawn_jax(2, 3),)


@program(("global-random", "random"))
def gauss_in_jax():
    """A Python number in JAX code leaves no trace in the program."""

    def loss(w):
        return jnp.sum((w + gauss(0.0, 0.1)) ** 2)

    return loss, (drawn_jax(2, 3),)


@program(("nondeterministic", "loss"))
def the_clock():
    """The value follows the time of day."""

    def loss(w):
        return np.sum(w**2) * (1.0 + time.perf_counter_ns() % 1_000_003 * 1e-6)

    return loss, (drawn(2, 3),)


@program(("nondeterministic", "loss"))
def a_key_made_of_the_clock():
    """The key is typed and explicit; its seed is the time."""
    x = drawn_jax(1, 5, 3)

    def loss(w):
        key = jax.random.key(time.time_ns() % 2**31)
        return jnp.mean(((x + jax.random.normal(key, x.shape)) @ w) ** 2)

    return loss, (drawn_jax(2, 3),)


@program(("nondeterministic", "loss"))
def a_generator_without_a_seed():
    """default_rng() asks the operating system."""
    x = drawn(1, 5, 3)

    def loss(w):
        rng = np.random.default_rng()
        return np.mean(((x + rng.standard_normal(x.shape)) @ w) ** 2)

    return loss, (drawn(2, 3),)


@program(("nondeterministic", "loss"))
def a_generator_without_a_seed_in_jax():
    """The same in JAX code, in a helper's default."""

    def noise(shape, rng=None):
        return (rng or np.random.default_rng()).standard_normal(shape)

    def loss(w):
        return jnp.sum((w + noise(w.shape)) ** 2)

    return loss, (drawn_jax(2, 3),)


@program(("nondeterministic", "loss"))
def bytes_of_the_system():
    """os.urandom seeds a generator of the function's own."""

    def loss(w):
        rng = random.Random(os.urandom(8))
        return float(np.sum(w**2)) + rng.random()

    return loss, (drawn(2, 3),)


@program(("nondeterministic", None))
def a_partial_of_what_is_random():
    """A unique identifier becomes a number, behind functools.partial."""

    def loss(w, scale):
        return np.sum(w**2) * scale + uuid.uuid4().int / 2**128

    return functools.partial(loss, scale=0.1), (drawn(2, 3),)


@program(("nondeterministic", "loss"))
def the_date():
    """The microseconds of now, in JAX code."""

    def loss(w):
        return jnp.sum(w**2) + (datetime.now().microsecond + 1) * 1e-3

    return loss, (drawn_jax(2, 3),)
