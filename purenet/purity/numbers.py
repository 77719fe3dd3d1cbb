"""Other numbers, to call a function at."""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np


def other(value: Any) -> Any:
    """Other numbers of the same shape and dtype, about as large.

    Every element moves by another amount: a softmax does not see what moves all of its logits
    alike, as one number added to a bias of zeros would.
    """
    if isinstance(value, jax.Array):  # by NumPy: JAX would compile for each shape
        return jnp.asarray(other(np.asarray(value)))
    if jnp.issubdtype(jnp.result_type(value), np.integer):
        return value + 1
    factor = 1.25 + 0.25j if jnp.iscomplexobj(value) else 1.25
    changed = value * factor + 0.125 * _uneven(np.shape(value))
    return changed if np.ndim(value) == 0 else changed.astype(value.dtype)


def _uneven(shape: tuple[int, ...]) -> Any:
    """Numbers from 0.5 to 1.5, all of them different; 1 for a scalar."""
    turns = 0.6180339887498949 * np.arange(np.prod(shape, dtype=int))  # by the golden section
    return 0.5 + np.modf(turns + 0.5)[0].reshape(shape) if shape else 1.0
