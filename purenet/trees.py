"""Pytrees as people read them: paths such as params['W1'][3, 4], argument names, dtype checks."""

import inspect
import sys
from collections.abc import Callable, Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from purenet import kinds


def leaf_paths(tree: Any, name: str) -> list[str]:
    """The path of every leaf, in the order of jax.tree.leaves, behind the tree's name.

    >>> leaf_paths({"W1": 1.0, "layers": [2.0]}, "params")
    ["params['W1']", "params['layers'][0]"]
    """
    paths = jax.tree_util.tree_leaves_with_path(tree)
    return [name + jax.tree_util.keystr(path) for path, _ in paths]


def coordinate_path(path: str, shape: Sequence[int], index: int) -> str:
    """The path of one coordinate of a leaf, given its index in row-major order.

    >>> coordinate_path("params['W1']", (784, 50), 154)
    "params['W1'][3, 4]"
    >>> coordinate_path("x", (), 0)
    'x'
    """
    position = np.unravel_index(index, tuple(shape))
    return path + f"[{', '.join(str(int(i)) for i in position)}]" if len(shape) else path


def argument_name(function: Callable, position: int) -> str:
    """The name of a function's positional argument; ``args[0]`` where it has none.

    >>> argument_name(lambda W: W, 0)
    'W'
    """
    try:
        parameters = list(inspect.signature(function).parameters.values())
    except (TypeError, ValueError):
        return f"args[{position}]"
    positional = [p for p in parameters if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)]
    if position < len(positional):
        return positional[position].name
    return f"args[{position}]"


def is_differentiable(leaf: Any) -> bool:
    """Whether a leaf is real or complex floating point, and so can be perturbed.

    >>> is_differentiable(1.0), is_differentiable(1)
    (True, False)
    """
    dtype = dtype_of(leaf)
    return dtype is not None and jnp.issubdtype(dtype, np.inexact)


def is_numeric(leaf: Any) -> bool:
    """Whether a leaf is an array or a number of any dtype: no text, no other object.

    >>> is_numeric(1), is_numeric("one")
    (True, False)
    """
    return dtype_of(leaf) is not None


def held_leaves(tree: Any) -> list[bool]:
    """For each leaf, whether the library that made the object holds it constant.

    Where functions are among the leaves of a tree, or where it is a module of Equinox or Flax NNX,
    all is held that is not an array of floating-point numbers, as by eqx.filter_grad; of NNX, also
    what is not an nnx.Param, as by nnx.grad.

    >>> held_leaves({"activation": abs, "w": np.ones(2)}), held_leaves({"count": 1, "w": 2.0})
    ([True, False], [False, False])
    """
    leaves = jax.tree.leaves(tree)
    variable = _class_of("flax.nnx", "Variable")
    tops = jax.tree.leaves(tree, is_leaf=lambda x: isinstance(x, variable))
    states = [
        isinstance(top, variable) and not isinstance(top, _class_of("flax.nnx", "Param"))
        for top in tops
        for _ in jax.tree.leaves(top)
    ]
    modules = (_class_of("equinox", "Module"), _class_of("flax.nnx", "Module"))
    is_module = any(
        isinstance(node, modules)
        for node in jax.tree.leaves(tree, is_leaf=lambda x: isinstance(x, modules))
    )
    if not is_module and not any(callable(leaf) and dtype_of(leaf) is None for leaf in leaves):
        return [False] * len(leaves)
    return [
        is_state or not (hasattr(leaf, "dtype") and is_differentiable(leaf))
        for leaf, is_state in zip(leaves, states, strict=True)
    ]


def _class_of(module: str, name: str) -> Any:
    """A class of a library that is imported already; else none, which nothing is an instance of."""
    return getattr(sys.modules.get(module), name, ())


def require_differentiable(leaves: Sequence[Any], paths: Sequence[str]) -> None:
    """Raise TypeError, with the leaf's path, where a leaf cannot be perturbed."""
    for leaf, path in zip(leaves, paths, strict=True):
        if is_differentiable(leaf):
            continue
        dtype = dtype_of(leaf)
        if dtype is None:
            raise TypeError(
                f"got {path} of type {type(leaf).__name__}; wanted an array or a number of a "
                "floating-point dtype; take it out of the differentiated argument"
            )
        fix = (
            "keep random keys in an argument that is not differentiated"
            if jnp.issubdtype(dtype, jax.dtypes.prng_key)
            else f"cast it ({path} * 1.0, or .astype(float)), or pass allow_int=True to skip it"
        )
        raise TypeError(
            f"got {path} of dtype {dtype}; wanted a floating-point dtype, since a derivative "
            f"needs values that move by a little; {fix}"
        )


def zero_tangent(leaf: Any) -> np.ndarray:
    """The derivative JAX gives for an integer leaf: zeros of dtype float0 in the leaf's shape."""
    return np.zeros(np.shape(leaf), jax.dtypes.float0)


def dtype_of(leaf: Any) -> Any:
    """The dtype of an array or a number; None where it is neither."""
    if isinstance(leaf, str | bytes) or leaf is None:
        return None
    if kinds.is_torch(leaf):
        return kinds.torch_dtype(leaf)
    dtype = getattr(leaf, "dtype", None)
    if dtype is not None:
        return None if dtype == np.dtype(object) else dtype
    return jnp.result_type(leaf) if isinstance(leaf, bool | int | float | complex) else None
