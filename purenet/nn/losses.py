"""Losses: mean squared error and cross-entropy, and loss_fn, which joins one to a model."""

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
from jaxtyping import Array, ArrayLike, Float, Num, PyTree

from purenet.nn.models import Model


def mean_squared_error(
    predictions: Float[ArrayLike, "*shape"], targets: Num[ArrayLike, "*shape"]
) -> Float[Array, ""]:
    """The mean of (prediction - target)² over every element.

    Args:
        predictions: any shape, floating point.
        targets: the same shape.

    Returns:
        A scalar in the promoted dtype. (The book's chapter 4 has half the *sum* under this name;
        this is the mean, as in PyTorch and scikit-learn.)

    Raises:
        ValueError: where the shapes differ: broadcasting would average over the wrong elements.

    >>> float(mean_squared_error(jnp.array([1.0, 2.0]), jnp.array([1.0, 4.0])))
    2.0
    """
    if jnp.shape(predictions) != jnp.shape(targets):
        raise ValueError(
            f"got predictions of shape {jnp.shape(predictions)} and targets of shape "
            f"{jnp.shape(targets)}; wanted equal shapes; reshape one of them"
        )
    return jnp.mean(jnp.square(jnp.subtract(predictions, targets)))


def cross_entropy(
    probabilities: Float[ArrayLike, "*batch classes"],
    targets: Num[ArrayLike, "..."],
    *,
    delta: Float[ArrayLike, ""] = 0.0,
) -> Float[Array, ""]:
    """The cross-entropy of probabilities, averaged over the batch: -mean log(p_target + delta).

    Args:
        probabilities: shape (..., classes), each row summing to one (the output of softmax).
        targets: one-hot or soft targets of shape (..., classes), or integer labels of shape (...).
        delta: added inside the logarithm; the book uses 1e-7, the exact cross-entropy 0 (default).

    Returns:
        A scalar in the dtype of the probabilities. Infinite where a target's probability is 0 and
        delta is 0: with logits at hand, `softmax_cross_entropy` has no such edge.

    Raises:
        ValueError: where targets fit neither form.

    Source: Deep Learning from Scratch, section 4.2.2 and its ``cross_entropy_error``.

    >>> p = jnp.array([[0.25, 0.5, 0.25]])
    >>> round(float(cross_entropy(p, jnp.array([1]))), 6)
    0.693147
    """
    one_hot = _as_distribution(targets, jnp.asarray(probabilities), "probabilities")
    # where a target is 0 its term is 0, also when the probability is 0: log 0 must not leak in
    log_p = jnp.log(jnp.where(one_hot != 0, jnp.add(probabilities, delta), 1.0))
    return -jnp.mean(jnp.sum(one_hot * log_p, axis=-1))


def softmax_cross_entropy(
    logits: Float[ArrayLike, "*batch classes"], targets: Num[ArrayLike, "..."]
) -> Float[Array, ""]:
    """The cross-entropy of softmax(logits), averaged over the batch, finite for any finite logits.

    Args:
        logits: shape (..., classes), any finite values (±1e4 is fine in every float dtype).
        targets: one-hot or soft targets of shape (..., classes), or integer labels of shape (...).

    Returns:
        A scalar in the dtype of the logits.

    Raises:
        ValueError: where targets fit neither form.

    Source: Deep Learning from Scratch, section 5.6.3 (``SoftmaxWithLoss``), by log-sum-exp.

    >>> float(softmax_cross_entropy(jnp.array([[1e4, -1e4]]), jnp.array([1])))
    20000.0
    """
    logits = jnp.asarray(logits)
    one_hot = _as_distribution(targets, logits, "logits")
    return -jnp.mean(jnp.sum(one_hot * jax.nn.log_softmax(logits), axis=-1))


def loss_fn(model: Model, loss: Callable[[Any, Any], Array]) -> Callable[[PyTree, Any, Any], Array]:
    """The pure loss of a model: a function of (params, x, t) that reads nothing else.

    Args:
        model: the model whose ``apply(params, x)`` gives the predictions.
        loss: a function of (predictions, targets).

    Returns:
        ``f(params, x, t) = loss(model.apply(params, x), t)``, ready for jax.grad and fd.grad.

    Raises:
        TypeError: where model is not a `Model`, or loss cannot be called.

    >>> from purenet import nn
    >>> f = nn.loss_fn(nn.linear_model(), nn.mean_squared_error)
    >>> x, t = jnp.array([[1.0], [2.0], [3.0]]), jnp.array([[2.0], [4.0], [6.0]])
    >>> float(f({"W": jnp.array([[0.5]])}, x, t))
    10.5
    """
    if not isinstance(model, Model):
        raise TypeError(
            f"got a model of type {type(model).__name__}; wanted a purenet.nn.Model; "
            "wrap your two functions: Model(init, apply)"
        )
    if not callable(loss):
        raise TypeError(
            f"got a loss of type {type(loss).__name__}; wanted a function of "
            "(predictions, targets); pass nn.softmax_cross_entropy, not its result"
        )

    def model_loss(params, x, t):
        return loss(model.apply(params, x), t)

    return model_loss


def _as_distribution(targets, predictions: Array, name: str) -> Array:
    """Targets in the shape and dtype of the predictions: labels become one-hot rows."""
    targets = jnp.asarray(targets)
    if predictions.ndim == 0:
        raise ValueError(
            f"got {name} of shape (); wanted shape (..., classes); pass one row of {name} at least"
        )
    if targets.shape == predictions.shape:
        return targets.astype(predictions.dtype)
    if targets.shape == predictions.shape[:-1] and jnp.issubdtype(targets.dtype, jnp.integer):
        return jax.nn.one_hot(targets, predictions.shape[-1], dtype=predictions.dtype)
    raise ValueError(
        f"got targets of shape {targets.shape} and dtype {targets.dtype} for {name} of shape "
        f"{predictions.shape}; wanted one-hot targets of shape {predictions.shape} or integer "
        f"labels of shape {predictions.shape[:-1]}; reshape the targets, or cast labels to int32"
    )
