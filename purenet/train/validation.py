"""What is measured after every epoch: the loss and the metrics on validation data."""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import jax
import numpy as np
from jax.sharding import Mesh

from purenet.train import loop, parallel
from purenet.train.plan import require_rows
from purenet.train.state import require_hashable
from purenet.train.step import require_scalar, requires_key


class Validation(NamedTuple):
    """Data to validate on, and what is taken on them beside the loss."""

    loss: Callable
    metrics: Mapping[str, Callable]
    data: tuple

    def placed(self, mesh: Mesh | None) -> "Validation":
        """This validation with its rows shared out over a mesh."""
        return self._replace(data=parallel.placed_rows(mesh, self.data))

    def measure(self, params: Any) -> tuple[np.ndarray, dict[str, np.ndarray]]:
        """The loss, and each metric by name."""
        program = loop.evaluation(self.loss, tuple(self.metrics.items()))
        loss, metrics = program(params, self.data)
        return np.asarray(loss), {name: np.asarray(metrics[name]) for name in self.metrics}

    def metric_dtypes(self, params: Any) -> dict[str, np.dtype]:
        """The dtype of each metric.

        Raises:
            ValueError, TypeError: where one gives anything but one number.
        """
        shapes = {
            name: jax.eval_shape(metric, params, *self.data)
            for name, metric in self.metrics.items()
        }
        for name, shape in shapes.items():
            require_scalar(shape, f"metrics[{name!r}]")
        return {name: shape.dtype for name, shape in shapes.items()}


def validating(
    loss: Callable, data: Any | None, metrics: Mapping[str, Callable] | None
) -> Validation | None:
    """The validation asked for; None where there are no data for it.

    Raises:
        TypeError: metrics that are not functions by name.
        ValueError: data that are empty or of different lengths; metrics without data; a loss that
            cannot do without its key.
    """
    metrics = {} if metrics is None else metrics
    if not isinstance(metrics, Mapping) or not all(map(callable, metrics.values())):
        raise TypeError(
            f"got metrics {metrics!r}; wanted functions of (params, *validation) by name; "
            "pass metrics={'accuracy': train.accuracy(model)}, say"
        )
    for name, metric in metrics.items():
        require_hashable(f"metrics[{name!r}]", metric)
    if data is None:
        if metrics:
            raise ValueError(
                f"got metrics {', '.join(metrics)} and no validation; wanted data to take them on; "
                "pass validation=(x, t)"
            )
        return None
    require_rows(data, "validation")
    if requires_key(loss):
        raise ValueError(
            "got validation and a loss whose key has no default; wanted one that can do without, "
            "since nothing is random in validation; write key=None, and drop nothing out then"
        )
    return Validation(loss, dict(metrics), tuple(data))
