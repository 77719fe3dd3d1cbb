"""Derivatives put into the trees, shapes and dtypes of JAX's own results."""

from collections.abc import Callable, Sequence
from typing import Any

import jax
import jax.numpy as jnp

from purenet.fd.numbers import namespace, numbers
from purenet.fd.setup import Setup


def in_tree(
    setup: Setup,
    derivatives: Sequence[Sequence[Any]],
    *,
    holomorphic: bool = False,
) -> Any:
    """The tree of jax.jacobian, which for a scalar output is that of jax.grad.

    Args:
        setup: the point.
        derivatives: ``derivatives[leaf][output]`` of shape (coordinates, *output shape); a complex
            leaf's imaginary coordinates follow its real ones.
        holomorphic: whether the derivative along the real axis is the whole derivative.

    Returns:
        For each output a tree of the differentiated arguments' leaves, of shape
        (*output shape, *leaf shape), in the leaf's dtype. For a complex leaf z = x + iy and a real
        output L, JAX's convention: dL/dx - i dL/dy.
    """

    def arranged(leaf: int, output: int) -> Any:
        derivative = numbers(derivatives[leaf][output])
        xp = namespace(derivative)
        x, dtype = setup.evaluator.leaves[leaf], setup.input_dtypes[leaf]
        if jnp.iscomplexobj(x):
            by_real, by_imaginary = xp.split(derivative, 2)
            derivative = by_real if holomorphic else by_real - 1j * by_imaginary
        derivative = xp.moveaxis(derivative, 0, -1)
        shape = (*setup.outputs[output].shape, *x.shape)
        return jnp.asarray(derivative.reshape(shape).astype(dtype))

    return assembled(setup, arranged)


def assembled(setup: Setup, arranged: Callable[[int, int], Any]) -> Any:
    """``arranged(leaf, output)`` of every pair, in the tree of outputs of trees of leaves."""
    leaves = range(len(setup.evaluator.leaves))
    return jax.tree.unflatten(
        setup.output_tree,
        [
            setup.assemble([arranged(leaf, output) for leaf in leaves])
            for output in range(len(setup.outputs))
        ],
    )
