"""The pure twin: one broadcast expression; there is no loop whose variables could be captured."""

import jax.numpy as jnp

from purenet import nn


def embed(x, freqs):
    """sin and cos of x at every frequency, along a new last axis."""
    return nn.positional_encoding(x, freqs)


def feature(x, freq):
    """sin(x freq): the frequency is an argument."""
    return jnp.sin(x * freq)
