"""Small work on numbers: by NumPy where they are known, so that nothing is compiled for it."""

from collections.abc import Sequence
from typing import Any

import jax.numpy as jnp
import numpy as np

from purenet import jaxprs


def namespace(*arrays: Any) -> Any:
    """The module to compute with: NumPy, or jax.numpy where one of the arrays is a tracer."""
    return jnp if any(map(jaxprs.is_traced, arrays)) else np


def numbers(x: Any) -> Any:
    """A NumPy array where the numbers are known, the tracer itself where they are not."""
    return x if jaxprs.is_traced(x) else np.asarray(x)


def side_by_side(outputs: Sequence[Any], points: int) -> np.ndarray:
    """Outputs with a leading axis of points as one float64 matrix, a column for each number."""
    return np.concatenate([np.array(out, float).reshape(points, -1) for out in outputs], axis=1)
