"""Batches by permutation: every row once an epoch, in an order that a key gives."""

from typing import Any

import jax
import numpy as np


def batches(key: Any, epoch: int, rows: int, batch_size: int) -> list[np.ndarray]:
    """The batches of one epoch, as indices: every row once, in an order that key and epoch give.

    `purenet.train.fit` takes these batches, in this order, with the key of its state.

    Args:
        key: one random key, from ``jax.random.key``, or a raw one.
        epoch: from 0.
        rows: how many there are to share out.
        batch_size: how many a batch holds; the last one holds what is left.

    Returns:
        Integer arrays of shape (batch_size,), the last one perhaps shorter.

    Raises:
        TypeError: where key is none.
        ValueError: where there is no row, a batch would be empty or larger than all rows, or epoch
            is no whole number from 0.

    The order is NumPy's ``default_rng([*key_data, epoch]).permutation(rows)``: on the host it takes
    a hundredth of what ``jax.random.permutation``, which sorts, takes on a CPU.

    >>> [batch.tolist() for batch in batches(jax.random.key(0), 0, rows=5, batch_size=2)]
    [[2, 4], [3, 0], [1]]
    """
    require_batches(rows, batch_size)
    if not _is_whole(epoch) or epoch < 0:
        raise ValueError(f"got epoch={epoch!r}; wanted a whole number from 0; pass 0 for the first")
    order = epoch_order(key_numbers(key), epoch, rows)
    return [order[start : start + batch_size] for start in range(0, rows, batch_size)]


def key_numbers(key: Any) -> tuple[int, ...]:
    """The whole numbers that a random key is made of."""
    typed = isinstance(key, jax.Array) and jax.numpy.issubdtype(key.dtype, jax.dtypes.prng_key)
    numbers = np.ravel(np.asarray(jax.random.key_data(key) if typed else key))
    if numbers.dtype.kind not in "ui":
        raise TypeError(
            f"got a key of type {type(key).__name__}; wanted a random key; pass jax.random.key(0), "
            "say"
        )
    return tuple(map(int, numbers))


def epoch_order(key_numbers: tuple[int, ...], epoch: int, rows: int) -> np.ndarray:
    """The rows in the order of an epoch, int32 where that holds them."""
    order = np.random.default_rng([*key_numbers, epoch]).permutation(rows)
    return order.astype(np.int32 if rows <= np.iinfo(np.int32).max else np.int64)


def require_batches(rows: int, batch_size: int) -> None:
    """Raise where rows cannot be shared out in batches of that size."""
    if not _is_whole(rows) or rows < 1:
        raise ValueError(f"got data of {rows!r} rows; wanted 1 or more; check how it was read")
    if not _is_whole(batch_size):
        raise ValueError(
            f"got batch_size={batch_size!r}; wanted a whole number; pass batch_size=100, say"
        )
    if not 1 <= batch_size <= rows:
        raise ValueError(
            f"got batch_size={batch_size} for {rows} rows; wanted 1 to {rows}; "
            f"pass batch_size={min(100, rows)}, say"
        )


def _is_whole(number: Any) -> bool:
    return isinstance(number, int | np.integer) and not isinstance(number, bool)
