"""Pytrees as people read them: paths such as params['W1'][3, 4], names, what cannot be a tree."""

import dataclasses
import inspect
import itertools
import sys
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from purenet import kinds

_DEEPEST = 500  # containers within each other: JAX, Python and this library recurse into them


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
    except Exception:  # a callable may answer anything when asked about itself
        return f"args[{position}]"
    positional = [p for p in parameters if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)]
    if position < len(positional):
        return positional[position].name
    return f"args[{position}]"


def function_name(function: Callable) -> str:
    """The name of a function; of what has none, or one that is no text, the name of its type.

    >>> function_name(abs), function_name(type("Loss", (), {"__name__": 7})())
    ('abs', 'Loss')
    """
    return _text(function, "__name__")


def named_after(function: Callable) -> Callable[[Callable], Callable]:
    """A decorator: as functools.wraps, of a name that is text and of nothing else."""

    def renamed(wrapper: Callable) -> Callable:
        wrapper.__name__ = function_name(function)
        wrapper.__qualname__ = _text(function, "__qualname__")
        vars(wrapper)["__wrapped__"] = function
        return wrapper

    return renamed


def require_tree(tree: Any, name: str) -> None:
    """Raise where JAX cannot take a tree apart and put it together again, call after call.

    Raises:
        ValueError: where a container holds itself, lies too deep, or has keys without an order.
        TypeError: where a leaf is an iterator, which the first call uses up.
    """
    pending: list[tuple[Any, str, dict[int, str]]] = [(tree, name, {})]
    while pending:
        node, path, above = pending.pop()
        if isinstance(node, np.ndarray | jax.Array | int | float | complex | str):
            continue
        if id(node) in above or len(above) > _DEEPEST:
            got = (
                f"{path}, which is {above[id(node)]} once more"
                if id(node) in above
                else f"{name} with more than {_DEEPEST} containers within each other"
            )
            raise ValueError(
                f"got {got}; wanted a tree, which ends in its leaves; pass a container of the "
                "arrays alone"
            )
        if isinstance(node, Iterator):
            raise TypeError(
                f"got {path} of type {type(node).__name__}, which the first call uses up; wanted "
                f"what every call can read anew; pass list({path}), or an array"
            )
        above = {**above, id(node): path}
        pending += [(child, path + key, above) for key, child in _children(node, path)]


def _text(function: Callable, attribute: str) -> str:
    try:
        text = getattr(function, attribute)
    except Exception:  # a property may raise anything
        text = None
    return text if isinstance(text, str) else type(function).__name__


def _children(node: Any, path: str) -> list[tuple[str, Any]]:
    """What a container holds, by key; nothing for a leaf."""
    asked = itertools.count()  # first about the container itself, then about what it holds
    try:
        found, _ = jax.tree_util.tree_flatten_with_path(node, is_leaf=lambda _: next(asked) > 0)
    except Exception as error:
        if isinstance(node, dict):
            types = " and ".join(sorted({type(key).__name__ for key in node}))
            got, wanted = f"with keys of type {types}", "keys that can be sorted"
            mend = "use text for all of them"
        else:
            got, wanted = f"of type {type(node).__name__}, which cannot be flattened", "a pytree"
            mend = f"correct how its class is registered with JAX ({error!r})"
        raise ValueError(f"got {path} {got}; wanted {wanted}; {mend}") from error
    return [(jax.tree_util.keystr(key), child) for key, child in found if key]


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
            mend = (
                "register its class by jax.tree_util.register_dataclass"
                if dataclasses.is_dataclass(leaf)
                else "take it out of the differentiated argument"
            )
            raise TypeError(
                f"got {path} of type {type(leaf).__name__}; wanted an array or a number of a "
                f"floating-point dtype; {mend}"
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
