"""Values compared, summed up, and moved: other numbers, to call a function at."""

import math
from collections.abc import Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np


def perturbed(value: Any) -> Any:
    """Other numbers of the same shape and dtype, about as large.

    Every element moves by another amount: a softmax does not see what moves all of its logits
    alike, as one number added to a bias of zeros would.
    """
    if isinstance(value, jax.Array):  # by NumPy: JAX would compile for each shape
        return jnp.asarray(perturbed(np.asarray(value)))
    if jnp.issubdtype(jnp.result_type(value), np.integer):
        return value + 1
    factor = 1.25 + 0.25j if jnp.iscomplexobj(value) else 1.25
    changed = value * factor + 0.125 * _uneven(np.shape(value))
    return changed if np.ndim(value) == 0 else changed.astype(value.dtype)


def _uneven(shape: tuple[int, ...]) -> Any:
    """Numbers from 0.5 to 1.5, all of them different; 1 for a scalar."""
    turns = 0.6180339887498949 * np.arange(np.prod(shape, dtype=int))  # by the golden section
    return 0.5 + np.modf(turns + 0.5)[0].reshape(shape) if shape else 1.0


def differ(one: list[np.ndarray], two: list[np.ndarray]) -> bool:
    """Whether two values of a function differ in a single bit."""
    return len(one) != len(two) or any(
        x.shape != y.shape or x.tobytes() != y.tobytes() for x, y in zip(one, two, strict=True)
    )


def close(one: Sequence[Any], two: Sequence[Any], atol: float = 0.0) -> bool:
    """Whether two values differ by no more than the order of their operations can make them."""
    return len(one) == len(two) and all(
        np.allclose(x, y, rtol=_roundings(x), atol=atol, equal_nan=True)
        if jnp.issubdtype(jnp.result_type(x), np.inexact)
        else np.array_equal(x, y)
        for x, y in zip(one, two, strict=True)
    )


def _roundings(x: Any) -> float:
    return float(jnp.finfo(jnp.result_type(x)).eps) ** 0.75


def summary(outputs: list[np.ndarray]) -> float:
    """A value in one number: a scalar itself, the Euclidean norm of more."""
    parts = [np.asarray(out, complex if np.iscomplexobj(out) else float) for out in outputs]
    if len(parts) == 1 and parts[0].size == 1:
        return float(np.real(parts[0]).ravel()[0])
    return float(np.sqrt(sum(np.sum(np.abs(part) ** 2) for part in parts)))


def outputs_of(output: Any) -> list[Any]:
    """The numbers among the leaves of an output."""
    return [_bounded(out) for out in jax.tree.leaves(output) if _is_number(out)]


def _bounded(out: Any) -> Any:
    """A number; a whole one beyond NumPy's dtypes as a float, or as infinity."""
    if not isinstance(out, int) or abs(out) < 2**63:
        return out
    try:
        return float(out)
    except OverflowError:
        return math.inf if out > 0 else -math.inf


def _is_number(out: Any) -> bool:
    dtype = getattr(out, "dtype", None)
    if dtype is not None and jnp.issubdtype(dtype, jax.dtypes.extended):
        return True
    return isinstance(out, bool | int | float | complex) or (
        dtype is not None and np.dtype(dtype) != np.dtype(object)
    )


def as_numpy(out: Any) -> np.ndarray:
    """An output as an array of NumPy; of a random key, its data."""
    if jnp.issubdtype(getattr(out, "dtype", np.float64), jax.dtypes.prng_key):
        return np.asarray(jax.random.key_data(out))
    return np.asarray(out)
