"""Losses that print, write files, log, or call back."""

import functools
import logging
import os
import sys

import jax
import jax.numpy as jnp
import numpy as np
from jax.experimental import io_callback

from comparisons.measures.purity.programs.program import drawn, drawn_jax, program

logger = logging.getLogger("comparisons.purity")


def reported(function):
    """A decorator that prints the name of what is called."""

    @functools.wraps(function)
    def wrapped(*args):
        print("calling", function.__name__)
        return function(*args)

    return wrapped


def report(value):
    """A helper that logs."""
    logger.warning("loss %s", value)


@program(("side-effect", "print"))
def print_in_numpy():
    """The loss is printed at each evaluation."""

    def loss(w):
        value = np.sum(w**2)
        print("loss:", value)
        return value

    return loss, (drawn(1, 3),)


@program(("side-effect", "print"))
def print_inside_jit():
    """Printed once a trace, and not a second time."""

    @jax.jit
    def loss(w):
        print("tracing with", w.shape)
        return jnp.sum(w**2)

    return loss, (drawn_jax(1, 3),)


@program(("side-effect", "print"))
def print_in_a_decorator():
    """The function is silent, what wraps it is not."""
    wrapped = reported(lambda w: jnp.sum(jnp.sin(w)))
    return lambda w: wrapped(w), (drawn_jax(1, 3),)


@program(("side-effect", "print"))
def print_in_a_branch_of_cond():
    """Both branches are traced, and so both print."""

    def small(w):
        print("small", file=sys.stderr)
        return jnp.sum(w**2)

    def loss(w):
        return jax.lax.cond(jnp.sum(w) < 1, small, lambda w: jnp.sum(jnp.abs(w)), w)

    return loss, (drawn_jax(1, 3),)


@program(("side-effect", "print"))
def print_under_another_name():
    """The closure calls it say."""
    say = print

    def loss(w):
        say("evaluating")
        return np.sum(w**2)

    return loss, (drawn(1, 3),)


@program(("side-effect", "logging"))
def logging_in_numpy():
    """A message a call, of a logger that is looked up by its name."""

    def loss(w):
        value = float(np.sum(w**2))
        logging.getLogger("comparisons").warning("loss %s", value)
        return value

    return loss, (drawn(1, 3),)


@program(("side-effect", "logging"))
def a_logger_in_a_helper():
    """A module's logger, called by a helper, in JAX code."""

    def loss(w):
        value = jnp.sum(jnp.cos(w))
        report(value.shape)
        return value

    return loss, (drawn_jax(1, 3),)


@program(("side-effect", "jax.debug.print"))
def debug_print_in_a_scan():
    """Deep inside: a scan in a jit."""

    @jax.jit
    def loss(w):
        def step(h, _):
            jax.debug.print("h = {}", h)
            return jnp.tanh(h + w), None

        return jnp.sum(jax.lax.scan(step, jnp.zeros(3), None, length=2)[0])

    return loss, (drawn_jax(1, 3),)


@program(("side-effect", "jax.debug.callback"))
def a_debug_callback():
    """A callback that nobody waits for."""

    def loss(w):
        value = jnp.sum(w**2)
        jax.debug.callback(lambda value: None, value)
        return value

    return loss, (drawn_jax(1, 3),)


@program(("side-effect", "io_callback"))
def an_io_callback():
    """A reading from outside takes part in the value."""

    def loss(w):
        offset = io_callback(lambda: np.ones((), w.dtype), jax.ShapeDtypeStruct((), w.dtype))
        return jnp.sum(w**2) * offset

    return loss, (drawn_jax(1, 3),)


@program(("side-effect", "open"))
def a_file_in_numpy():
    """The loss is appended to a file."""

    def loss(w):
        value = np.sum(w**2)
        with open(os.devnull, "a") as log:
            log.write(f"{value}\n")
        return value

    return loss, (drawn(1, 3),)


@program(("side-effect", "open"))
def a_file_in_jax():
    """A file is opened while the loss is traced."""

    def loss(w):
        with open(os.devnull, "w") as log:
            log.write("traced")
        return jnp.sum(jnp.tanh(w))

    return loss, (drawn_jax(1, 3),)


@program(("side-effect", "sys.stdout.write"))
def written_to_standard_output():
    """A progress dot, without print."""

    def loss(w):
        sys.stdout.write(".")
        return np.sum(w**2)

    return loss, (drawn(1, 3),)
