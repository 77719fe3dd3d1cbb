"""Leaves in the caller's own kind: NumPy, JAX, PyTorch, Python numbers; to NumPy and back."""

import sys
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax.core import Tracer
from jax.sharding import AxisType


def is_torch(leaf: Any) -> bool:
    """Whether a leaf is a PyTorch tensor; PyTorch is never imported for it."""
    tensor = getattr(sys.modules.get("torch"), "Tensor", None)
    return tensor is not None and isinstance(leaf, tensor)


def torch_dtype(leaf: Any) -> np.dtype:
    """NumPy's dtype of the name that the dtype of a PyTorch tensor has."""
    return jnp.dtype(str(leaf.dtype).removeprefix("torch."))


def numbers_of(leaf: Any) -> Any:
    """A leaf as something that NumPy takes: a copy of a tensor's numbers, all else as it is.

    An array sharded over explicit mesh axes is gathered: in its type is where its parts lie, which
    would have to be so for every displaced copy, and every derivative.
    """
    if _is_explicitly_sharded(leaf):
        return np.asarray(leaf)
    if not is_torch(leaf):
        return leaf
    dtype, plain = torch_dtype(leaf), leaf.detach().cpu().resolve_conj()
    return (plain.float() if dtype == jnp.bfloat16 else plain).numpy().astype(dtype)


def _is_explicitly_sharded(leaf: Any) -> bool:
    if not isinstance(leaf, jax.Array) or isinstance(leaf, Tracer):
        return False
    mesh = getattr(leaf.sharding, "mesh", None)
    return mesh is not None and AxisType.Explicit in mesh.axis_types


def like(original: Any, x: np.ndarray) -> Any:
    """Numbers as a fresh leaf of the kind of another: a writable array, a tensor, a number.

    >>> like(1.0, np.array(2.0)), like(np.zeros(2), np.array(2.0))
    (2.0, array(2.))
    """
    if type(original) is np.ndarray:
        return x.copy()
    if isinstance(original, jax.Array):
        return jnp.asarray(x)
    if isinstance(original, np.generic):
        return x.dtype.type(x)
    if is_torch(original):
        torch = sys.modules["torch"]
        plain = torch.from_numpy(np.array(x, float if x.dtype == jnp.bfloat16 else x.dtype))
        dtype = getattr(torch, x.dtype.name)
        tensor = plain.to(dtype=dtype, device=original.device)
        return tensor.requires_grad_(original.requires_grad)
    if isinstance(original, int | float | complex) and np.ndim(x) == 0:
        return x.item()
    return np.array(x)


def cotangent_like(arguments: list[Any], x: np.ndarray) -> Any:
    """Numbers in the kind of the arrays among arguments: PyTorch's, or JAX's; else NumPy's."""
    for argument in arguments:
        if is_torch(argument) and argument.is_floating_point():
            return like(argument.detach(), x)
    is_jax = any(isinstance(argument, jax.Array) for argument in arguments)
    return jnp.asarray(x) if is_jax else np.array(x)


def read_only(leaf: Any) -> Any:
    """A NumPy array as a view that cannot be written through; anything else as it is.

    An array sharded over explicit mesh axes is gathered; see `numbers_of`.
    """
    if _is_explicitly_sharded(leaf):
        return jnp.asarray(np.asarray(leaf))
    if not isinstance(leaf, np.ndarray):
        return leaf
    view = leaf.view()
    view.flags.writeable = False
    return view


def copied(leaf: Any, *, double: bool = False) -> Any:
    """A fresh copy of an argument that is not moved; what is not an array is handed on as it is.

    PyTorch does not mix its dtypes: with ``double`` its tensors of fewer digits are widened.
    """
    if isinstance(leaf, np.ndarray):
        return leaf.copy()
    if not is_torch(leaf):
        return leaf
    fresh = leaf.detach().clone()
    if double and fresh.is_floating_point():
        fresh = fresh.double()
    return fresh.requires_grad_(leaf.requires_grad)
