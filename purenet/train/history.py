"""What a training measured on its way, as arrays."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np


class History(NamedTuple):
    """The loss of every step, and what every validation found, as NumPy arrays.

    Attributes:
        step: the step each loss was taken before, counted from 0: (steps,), int64.
        loss: the loss of its batch, in the loss's dtype: (steps,).
        validation_step: how many steps had been taken at each validation: (validations,), int64.
        validation_loss: the loss on the validation data: (validations,).
        metrics: of each name an array (validations,).
    """

    step: np.ndarray
    loss: np.ndarray
    validation_step: np.ndarray
    validation_loss: np.ndarray
    metrics: dict[str, np.ndarray]


def empty(dtype: np.dtype, metrics: Mapping[str, np.dtype]) -> History:
    """A history of nothing, in the dtypes of the loss and of each metric."""
    no_step, no_loss = np.zeros(0, np.int64), np.zeros(0, dtype)
    return History(
        no_step, no_loss, no_step, no_loss, {name: np.zeros(0, d) for name, d in metrics.items()}
    )


def joined(parts: Sequence[History]) -> History:
    """Histories joined in their order."""
    return History(
        np.concatenate([part.step for part in parts]),
        np.concatenate([part.loss for part in parts]),
        np.concatenate([part.validation_step for part in parts]),
        np.concatenate([part.validation_loss for part in parts]),
        {name: np.concatenate([part.metrics[name] for part in parts]) for name in parts[0].metrics},
    )


def of_steps(like: History, first: int, losses: np.ndarray) -> History:
    """The losses of consecutive steps from the first one on."""
    nothing = _none_of(like)
    return nothing._replace(
        step=np.arange(first, first + len(losses)), loss=np.asarray(losses, like.loss.dtype)
    )


def of_validation(
    like: History, step: int, loss: np.ndarray, metrics: Mapping[str, np.ndarray]
) -> History:
    """What one validation found, with that many steps taken."""
    nothing = _none_of(like)
    return nothing._replace(
        validation_step=np.array([step]),
        validation_loss=np.array([loss], like.loss.dtype),
        metrics={name: np.array([metrics[name]], a.dtype) for name, a in like.metrics.items()},
    )


def _none_of(like: History) -> History:
    return empty(like.loss.dtype, {name: array.dtype for name, array in like.metrics.items()})


def latest(parts: Sequence[History]) -> tuple[float, dict[str, float]]:
    """The last loss, and the last value of each metric."""
    loss = next((float(part.loss[-1]) for part in reversed(parts) if part.loss.size), float("nan"))
    for part in reversed(parts if parts[0].metrics else ()):
        if part.validation_step.size:
            return loss, {name: float(array[-1]) for name, array in part.metrics.items()}
    return loss, {}
