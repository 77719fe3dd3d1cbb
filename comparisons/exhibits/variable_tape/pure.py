"""The pure twin: plain functions of arrays; jax.vjp is the tape, made anew for each derivative."""

import jax

from purenet import nn


def composed(x):
    """(e^(x²))²: Square, Exp and Square again."""
    return nn.square(nn.exp(nn.square(x)))


def sum_of_squares(x0, x1):
    """x0² + x1²."""
    return nn.add(nn.square(x0), nn.square(x1))


def backward(f, *xs):
    """The gradients of f at xs, as a value: nothing is written anywhere."""
    y, pull_back = jax.vjp(f, *xs)
    return pull_back(jax.numpy.ones_like(y))
