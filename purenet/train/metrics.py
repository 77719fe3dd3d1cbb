"""What is measured on validation data beside the loss."""

from collections.abc import Callable
from typing import Any

import jax.numpy as jnp
from jaxtyping import Array

from purenet.nn.models import Model


def accuracy(model: Model) -> Callable[[Any, Any, Any], Array]:
    """The share of rows whose largest logit is at the label, as a function of (params, x, t).

    Args:
        model: gives logits of shape (..., classes). Targets are integer labels (...), or one-hot
            (..., classes).

    Returns:
        A function for ``fit(metrics={"accuracy": ...})``; its value is a scalar from 0 to 1, in
        JAX's default float.

    Raises:
        TypeError: where model is not a `Model`.
        ValueError: when called, where targets fit neither form.

    >>> from purenet import nn
    >>> of = accuracy(nn.simple_net())
    >>> float(of({"W": jnp.eye(2, 3)}, jnp.array([[1.0, 0.0], [0.0, 1.0]]), jnp.array([0, 2])))
    0.5
    """
    if not isinstance(model, Model):
        raise TypeError(
            f"got a model of type {type(model).__name__}; wanted a purenet.nn.Model; "
            "wrap your two functions: Model(init, apply)"
        )

    def of_params(params: Any, x: Any, t: Any) -> Array:
        logits, t = model.apply(params, x), jnp.asarray(t)
        if t.shape not in (logits.shape, logits.shape[:-1]):
            raise ValueError(
                f"got targets of shape {t.shape} for logits of shape {logits.shape}; wanted "
                f"labels of shape {logits.shape[:-1]} or one-hot rows; reshape the targets"
            )
        labels = jnp.argmax(t, axis=-1) if t.shape == logits.shape else t
        return jnp.mean(jnp.argmax(logits, axis=-1) == labels, dtype=float)

    return of_params
