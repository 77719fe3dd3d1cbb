"""Which steps there are, which rows each takes, and how far one call may go."""

from collections.abc import Sequence
from functools import lru_cache
from typing import Any, NamedTuple

import jax
import numpy as np

from purenet.data.batching import epoch_order, key_numbers, require_batches
from purenet.train.state import TrainState, require_state

LONGEST = 256  # steps of one call

_order = lru_cache(2)(epoch_order)  # a long epoch takes many calls


class Plan(NamedTuple):
    """A training of a number of epochs, each over every row once.

    Attributes:
        key_numbers: of the state's key; they give the order of every epoch.
        rows: of the data.
        batch_size: rows of a batch; the last of an epoch has what is left.
        epochs: in all, counted from step 0.
        validates: whether something is evaluated at the end of each epoch.
        every: steps between checkpoints; 0 for none.
    """

    key_numbers: tuple[int, ...]
    rows: int
    batch_size: int
    epochs: int
    validates: bool
    every: int

    @property
    def batches(self) -> int:
        """The number of batches in an epoch."""
        return -(-self.rows // self.batch_size)

    @property
    def total(self) -> int:
        """The number of steps of all epochs."""
        return self.epochs * self.batches

    def stop(self, step: int, length: int) -> int:
        """Where a call from a step on has to stop, having taken ``length`` steps at most.

        Stops are at the ends of epochs that are validated, where a checkpoint is due, and on both
        sides of a last batch that is smaller than the others.
        """
        end_of_epoch = (step // self.batches + 1) * self.batches
        stops = [self.total, step + length]
        if self.validates:
            stops.append(end_of_epoch)
        if self.every:
            stops.append((step // self.every + 1) * self.every)
        if self.rows % self.batch_size:
            last = end_of_epoch - 1
            stops.append(end_of_epoch if step == last else last)
        return min(stops)

    def saves(self, step: int) -> bool:
        """Whether a checkpoint is due with this many steps taken."""
        return bool(self.every) and (step % self.every == 0 or step == self.total)

    def ends_epoch(self, step: int) -> bool:
        """Whether an epoch ends with this many steps taken."""
        return step % self.batches == 0

    def indices(self, step: int, stop: int) -> np.ndarray:
        """The rows of each step from one to another, filled up with zeros to LONGEST steps.

        Of shape (LONGEST, batch_size); (1, what is left) for an epoch's smaller last batch.
        """
        size = self.batch_size
        full = self.rows // size
        if step % self.batches == full:
            return _order(self.key_numbers, step // self.batches, self.rows)[None, full * size :]
        indices = np.zeros((LONGEST, size), np.int32)
        at = step
        while at < stop:
            epoch, first = divmod(at, self.batches)
            order = _order(self.key_numbers, epoch, self.rows)
            taken = min(stop - at, full - first)
            rows = order[first * size : (first + taken) * size]
            indices[at - step : at - step + taken] = rows.reshape(taken, size)
            at += taken
        return indices


def planned(
    state: TrainState,
    data: Sequence[Any],
    epochs: int,
    batch_size: int,
    validates: bool,
    saves: bool,
    every: int | None,
) -> Plan:
    """The plan of a training; with ``every`` None it saves at every end of an epoch.

    Raises:
        TypeError: where state is not a `TrainState`.
        ValueError: where the data, the numbers, or the state's step do not fit.
    """
    require_state(state)
    rows = require_rows(data, "data")
    require_batches(rows, batch_size)
    _require_count("epochs", epochs)
    if every is not None:
        _require_count("checkpoint_every", every)
        if not saves:
            raise ValueError(
                f"got checkpoint_every={every} and no checkpoint; wanted a folder to write to; "
                "pass checkpoint='run', say"
            )
    batches = -(-rows // batch_size)
    every = int(every or batches) if saves else 0
    plan = Plan(key_numbers(state.key), rows, int(batch_size), int(epochs), validates, every)
    require_within(plan, int(state.step))
    return plan


def require_within(plan: Plan, step: int) -> None:
    """Raise where so many steps are more than the plan has."""
    if step > plan.total:
        raise ValueError(
            f"got a state of {step} steps and epochs={plan.epochs} of {plan.batches} steps, "
            f"{plan.total} in all; wanted epochs counted from step 0; "
            f"pass epochs={-(-step // plan.batches) + 1}, say"
        )


def require_rows(arrays: Sequence[Any], name: str) -> int:
    """The number of rows that arrays have in common, or an error that says which differs."""
    if not isinstance(arrays, tuple | list) or not len(arrays):
        raise ValueError(
            f"got {name} of type {type(arrays).__name__}; wanted a tuple of one array or more, "
            f"rows first; pass {name}=(x, t)"
        )
    for number, array in enumerate(arrays):
        if not isinstance(array, np.ndarray | jax.Array) or not array.ndim:
            raise ValueError(
                f"got {name}[{number}] of type {type(array).__name__} and shape "
                f"{np.shape(array)}; wanted an array with rows first; pass numpy.asarray of it"
            )
    lengths = [len(array) for array in arrays]
    if len(set(lengths)) > 1:
        raise ValueError(
            f"got {name} of {', '.join(map(str, lengths))} rows; wanted as many in each; "
            f"pass {name}=(x, t), both of the same rows"
        )
    if not lengths[0]:
        raise ValueError(f"got {name} of 0 rows; wanted 1 or more; check how it was read")
    return lengths[0]


def _require_count(name: str, number: Any) -> None:
    if isinstance(number, bool) or not isinstance(number, int | np.integer) or number < 1:
        raise ValueError(
            f"got {name}={number!r}; wanted a whole number of 1 or more; pass {name}=10, say"
        )
