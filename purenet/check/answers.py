"""What a given derivative returns: of the right tree, kind and shape, or a sentence of what is."""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from purenet import kinds
from purenet.fd.point import Point


class MisshapenError(Exception):
    """A given derivative has other shapes than the parameters; the arguments are sentences."""


def matched(point: Point, said: Any) -> list[Any]:
    """What is said of each leaf of the differentiated arguments, None where nothing is.

    A tree of another kind will do if it names each of them alike, as flax's nnx.State does for a
    module: what can be differentiated, by the names on the way to it.
    """
    wanted = point.assemble(list(range(len(point.leaves))))
    tree = jax.tree.structure(wanted)
    if isinstance(said, tuple | list) and len(said) == 1 and not isinstance(wanted, tuple | list):
        (said,) = said  # one cotangent, as jax.vjp's functions return it
    if isinstance(wanted, tuple) and isinstance(said, list):
        said = tuple(said)
    try:
        return flattened(tree, said, "the differentiated arguments")
    except TypeError:
        names, by_name = list(_by_name(wanted)), _by_name(said)
        if not {names[i] for i in point.movable} <= set(by_name) <= set(names):
            raise
        return [by_name.get(name) for name in names]


def flattened(tree: Any, said: Any, what: str) -> list[Any]:
    """What is said of each leaf of a tree; TypeError where it has another structure."""
    try:
        return tree.flatten_up_to(said)
    except ValueError as error:
        raise TypeError(
            f"got a derivative of structure {jax.tree.structure(said)}; wanted that of {what}, "
            f"{tree}; return an array for each leaf, None for zeros"
        ) from error


def _by_name(tree: Any) -> dict[tuple[str, ...], Any]:
    """The leaves of a tree by the names on the way to them, whatever kinds of nodes have them."""
    return {
        tuple(jax.tree_util.keystr((key,), simple=True) for key in path): leaf
        for path, leaf in jax.tree_util.tree_leaves_with_path(tree)
    }


def numbers(said: Any, what: str, dtype: Any, kind: str) -> np.ndarray:
    """The array that is said to be a derivative; complex only where that of complex numbers."""
    try:
        array = np.asarray(kinds.numbers_of(said))
    except (TypeError, ValueError):  # of a random key, a ragged list
        array = np.array(None)
    is_number = jnp.issubdtype(array.dtype, np.number) or array.dtype == bool
    if not is_number or (np.iscomplexobj(array) and not jnp.issubdtype(dtype, np.complexfloating)):
        got = f"dtype {array.dtype}" if is_number else f"type {type(said).__name__}"
        raise TypeError(
            f"got a given {kind} of {got} for {what}, of dtype {dtype}; wanted numbers that can be "
            "its derivative; return an array of its shape and dtype"
        )
    return array


def misshapen(path: str, array: np.ndarray, wanted: tuple[int, ...], kind: str) -> str:
    """A sentence, with the axis over which a sum is missing where that is what it looks like."""
    sentence = f"the given {kind} has shape {array.shape} for {path}, of shape {wanted}"
    for axis in range(array.ndim):
        if array.shape[:axis] + array.shape[axis + 1 :] == wanted:
            return (
                f"{sentence}: perhaps a sum over axis {axis}, the batch, is missing"
                if (axis == 0)
                else f"{sentence}: perhaps a sum over axis {axis} is missing"
            )
    if array.shape == wanted[::-1]:
        return f"{sentence}: perhaps it is transposed"
    return sentence
