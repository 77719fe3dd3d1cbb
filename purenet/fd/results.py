"""Derivatives in the shapes and dtypes that JAX's own transformations give."""

from typing import Any

import jax.numpy as jnp
from jaxtyping import Array


def in_leaf_dtype(
    derivative: Array, shape: tuple[int, ...], dtype: Any, *, holomorphic: bool
) -> Array:
    """A scalar's derivative by the real coordinates of a leaf, in its shape and dtype.

    For a complex leaf z = x + iy and a real loss, JAX's convention: dL/dx - i dL/dy. For a
    holomorphic function the derivative along x alone is the whole derivative.
    """
    if not jnp.issubdtype(dtype, jnp.complexfloating):
        return derivative.reshape(shape).astype(dtype)
    by_real, by_imaginary = jnp.split(derivative, 2)
    combined = by_real if holomorphic else by_real - 1j * by_imaginary
    return combined.reshape(shape).astype(dtype)
