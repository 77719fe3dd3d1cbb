"""A loss as people write it: with its arguments, and a gradient that somebody got wrong."""

from collections.abc import Callable
from itertools import pairwise
from typing import NamedTuple

import jax
import jax.numpy as jnp

X = jnp.linspace(-1.0, 1.0, 15).reshape(5, 3)
LABELS = jnp.array([0, 1, 1, 0, 1])


class Case(NamedTuple):
    """A loss and what a check of it must say.

    Attributes:
        loss: the loss, of its parameters and data.
        args: its arguments; the first are the parameters.
        mistake: a gradient of the same arguments, with a mistake that is really made.
        where: a regular expression that the paths of the leaves match at which it is wrong, and no
            others.
        verdict: what is to be said of jax.grad.
        has_aux: whether the loss returns ``(value, aux)``.
    """

    loss: Callable
    args: tuple
    mistake: Callable
    where: str
    verdict: str = "agrees"
    has_aux: bool = False


def changed(loss: Callable, part: str, change: Callable, *, has_aux: bool = False) -> Callable:
    """jax.grad of a loss, changed in the leaves that have ``part`` in their paths."""

    def gradient(*args):
        found = jax.grad(loss, has_aux=has_aux)(*args)
        found = found[0] if has_aux else found
        return jax.tree.map_with_path(
            lambda path, g: change(g) if part in jax.tree_util.keystr(path) else g, found
        )

    return gradient


def dense(key: int, *sizes: int) -> list[dict[str, jax.Array]]:
    """The layers of a network: weights scaled by their inputs, small biases."""
    return [
        {
            "W": jax.random.normal(jax.random.key(key + i), (n, m)) / n**0.5,
            "b": 0.1 * jax.random.normal(jax.random.key(key + 100 + i), (m,)),
        }
        for i, (n, m) in enumerate(pairwise(sizes))
    ]


def mlp(layers: list[dict[str, jax.Array]], x: jax.Array) -> jax.Array:
    """The network of `dense`, with tanh between its layers."""
    for layer in layers[:-1]:
        x = jnp.tanh(x @ layer["W"] + layer["b"])
    return x @ layers[-1]["W"] + layers[-1]["b"]
