"""The positional encoding: sines and cosines of the coordinates at a list of frequencies."""

from collections.abc import Sequence

import jax.numpy as jnp
from jaxtyping import Array, ArrayLike, Float


def positional_encoding(
    x: Float[ArrayLike, "*shape"],
    frequencies: Sequence[float] | Float[ArrayLike, " frequencies"],
    *,
    include_input: bool = False,
) -> Float[Array, "*shape features"]:
    """sin(f x) and cos(f x) for every frequency f, along a new last axis, in one broadcast.

    Args:
        x: coordinates, any shape.
        frequencies: shape (n,), at least one.
        include_input: put x itself first.

    Returns:
        Shape (*x.shape, 2 n), or (*x.shape, 1 + 2 n) with the input:
        ``[x,] sin(f_1 x), cos(f_1 x), sin(f_2 x), cos(f_2 x), ...``.

    Raises:
        ValueError: where frequencies is not a list of at least one number.

    Source: Mildenhall et al., NeRF, ECCV 2020, equation 4.

    >>> positional_encoding(jnp.array(0.0), [1.0, 2.0]).tolist()
    [0.0, 1.0, 0.0, 1.0]
    """
    x, frequencies = jnp.asarray(x), jnp.asarray(frequencies)
    if frequencies.ndim != 1 or frequencies.size == 0:
        raise ValueError(
            f"got frequencies of shape {frequencies.shape}; wanted a list of one number or more; "
            "pass [1.0, 2.0, 4.0], say"
        )
    angles = x[..., None] * frequencies
    waves = jnp.stack([jnp.sin(angles), jnp.cos(angles)], axis=-1)
    waves = waves.reshape(*x.shape, 2 * frequencies.size)
    return jnp.concatenate([x[..., None], waves], axis=-1) if include_input else waves
