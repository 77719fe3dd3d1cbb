"""Batches by permutation: every row once, by key and epoch, and what cannot be shared out."""

import jax
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from purenet import data

KEY = jax.random.key(3)


@given(rows=st.integers(1, 60), batch_size=st.integers(1, 60), epoch=st.integers(0, 5))
def test_every_row_comes_once_and_only_the_last_batch_may_be_smaller(rows, batch_size, epoch):
    batch_size = min(batch_size, rows)
    batches = data.batches(KEY, epoch, rows, batch_size)
    assert sorted(np.concatenate(batches)) == list(range(rows))
    assert {len(batch) for batch in batches[:-1]} <= {batch_size}
    assert len(batches[-1]) == (rows % batch_size or batch_size)


def test_the_order_is_of_the_key_and_the_epoch():
    def order(key, epoch):
        return np.concatenate(data.batches(key, epoch, 50, 10)).tolist()

    assert order(KEY, 1) == order(KEY, 1)
    assert order(KEY, 0) != order(KEY, 1)
    assert order(KEY, 0) != order(jax.random.key(4), 0)
    assert order(KEY, 0) != list(range(50))


def test_a_raw_key_gives_the_order_of_the_key_it_is():
    raw = jax.random.PRNGKey(3)
    for ours, theirs in zip(data.batches(raw, 0, 9, 4), data.batches(KEY, 0, 9, 4), strict=True):
        np.testing.assert_array_equal(ours, theirs)


@pytest.mark.parametrize(
    ("rows", "batch_size", "message"),
    [
        (0, 1, "got data of 0 rows; wanted 1 or more; check how it was read"),
        (-1, 4, "got data of -1 rows; wanted 1 or more"),
        ("5", 4, "got data of '5' rows; wanted 1 or more"),
        (5, 6, "got batch_size=6 for 5 rows; wanted 1 to 5; pass batch_size=5, say"),
        (5, 0, "got batch_size=0 for 5 rows; wanted 1 to 5"),
        (500, True, "got batch_size=True; wanted a whole number; pass batch_size=100, say"),
    ],
)
def test_what_cannot_be_shared_out_is_refused(rows, batch_size, message):
    with pytest.raises(ValueError, match=message):
        data.batches(KEY, 0, rows, batch_size)


@pytest.mark.parametrize("key", ["x", None, 1.5])
def test_what_is_no_key_is_refused(key):
    with pytest.raises(TypeError, match=r"got a key of type .*; wanted a random key; pass jax.ran"):
        data.batches(key, 0, 5, 2)


@pytest.mark.parametrize("epoch", ["first", -1, 0.5])
def test_what_is_no_epoch_is_refused(epoch):
    with pytest.raises(ValueError, match=f"got epoch={epoch!r}; wanted a whole number from 0"):
        data.batches(KEY, epoch, 5, 2)
