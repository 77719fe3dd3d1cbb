"""The affine layer in its two conventions: x W + b of the book, x Wᵀ + b of the object style."""

import jax.numpy as jnp
from jaxtyping import Array, ArrayLike, Float, Num


def linear(
    x: Num[ArrayLike, "*batch inputs"],
    W: Float[ArrayLike, "inputs outputs"],
    b: Float[ArrayLike, " outputs"] | None = None,
) -> Float[Array, "*batch outputs"]:
    """The affine layer x W + b: one column of W an output.

    Args:
        x: input of shape (..., inputs); any real dtype.
        W: weight of shape (inputs, outputs).
        b: bias of shape (outputs,), or None for no bias.

    Returns:
        The outputs, shape (..., outputs), in the promoted dtype.

    Raises:
        ValueError: where the last axis of x is not the first of W, or b does not fit W.

    Source: Deep Learning from Scratch, chapter 3, ``np.dot(X, W1) + B1``.

    >>> linear(jnp.array([1.0, 2.0]), jnp.array([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]])).tolist()
    [9.0, 12.0, 15.0]
    """
    _require_fit(
        x,
        W,
        b,
        inputs_axis=0,
        convention="linear: x W + b with W of shape (inputs, outputs)",
        fix="transpose W, or use linear_transposed",
    )
    y = jnp.matmul(x, W)
    return y if b is None else y + b


def linear_transposed(
    x: Num[ArrayLike, "*batch inputs"],
    W: Float[ArrayLike, "outputs inputs"],
    b: Float[ArrayLike, " outputs"] | None = None,
) -> Float[Array, "*batch outputs"]:
    """The affine layer x Wᵀ + b: one row of W an output, as PyTorch's ``nn.Linear`` keeps it.

    Args:
        x: input of shape (..., inputs); any real dtype.
        W: weight of shape (outputs, inputs).
        b: bias of shape (outputs,), or None for no bias.

    Returns:
        The outputs, shape (..., outputs), in the promoted dtype.

    Raises:
        ValueError: where the last axis of x is not the last of W, or b does not fit W.

    Source: PyTorch, ``torch.nn.functional.linear``.

    >>> linear_transposed(jnp.array([1.0, 2.0]), jnp.array([[1.0, 4.0], [2.0, 5.0]])).tolist()
    [9.0, 12.0]
    """
    _require_fit(
        x,
        W,
        b,
        inputs_axis=1,
        convention="linear_transposed: x Wᵀ + b with W of shape (outputs, inputs)",
        fix="transpose W, or use linear",
    )
    y = jnp.matmul(x, jnp.swapaxes(W, 0, 1))
    return y if b is None else y + b


def _require_fit(x, W, b, *, inputs_axis: int, convention: str, fix: str) -> None:
    x_shape, W_shape = jnp.shape(x), jnp.shape(W)
    if len(W_shape) != 2 or not x_shape or x_shape[-1] != W_shape[inputs_axis]:
        raise ValueError(
            f"got x of shape {x_shape} and W of shape {W_shape}; "
            f"wanted {convention}, inputs being the last axis of x; "
            f"{fix} if W is stored the other way round"
        )
    outputs = W_shape[1 - inputs_axis]
    if b is not None and jnp.shape(b) != (outputs,):
        raise ValueError(
            f"got b of shape {jnp.shape(b)} for W of shape {W_shape}; "
            f"wanted shape ({outputs},), one number an output; reshape b, or pass b=None"
        )
