"""The plan: every step once whatever the lengths of calls, and the rows that data.batches gives."""

import jax
import numpy as np
import optax
import pytest
from hypothesis import given
from hypothesis import strategies as st

from purenet import data, train
from purenet.data.batching import key_numbers
from purenet.train.plan import LONGEST, Plan
from tests.train.problem import KEY, LOSS, params, rows


def plan_of(rows=10, batch_size=3, epochs=4, validates=False, every=0):
    return Plan(key_numbers(KEY), rows, batch_size, epochs, validates, every)


@given(
    rows=st.integers(1, 30),
    batch_size=st.integers(1, 30),
    validates=st.booleans(),
    every=st.integers(0, 7),
    draw=st.data(),
)
def test_calls_of_any_length_take_the_batches_of_every_epoch(
    rows, batch_size, validates, every, draw
):
    plan = plan_of(rows, min(batch_size, rows), 3, validates, every)
    taken, step = [], 0
    while step < plan.total:
        stop = plan.stop(step, draw.draw(st.integers(1, LONGEST)))
        assert step < stop <= plan.total
        indices = plan.indices(step, stop)
        taken += list(indices[: stop - step])
        if every:
            assert stop // every == step // every or stop % every == 0
        if validates:
            assert (stop - 1) // plan.batches == step // plan.batches
        step = stop
    expected = [
        batch for epoch in range(3) for batch in data.batches(KEY, epoch, rows, plan.batch_size)
    ]
    assert len(taken) == len(expected) == plan.total
    for ours, theirs in zip(taken, expected, strict=True):
        np.testing.assert_array_equal(ours, theirs)


def test_indices_have_one_shape_but_for_the_smaller_last_batch():
    plan = plan_of()
    assert plan.indices(0, 2).shape == (LONGEST, 3)
    assert plan.indices(4, 5).shape == (LONGEST, 3)
    assert plan.indices(3, 4).shape == (1, 1)


def test_a_checkpoint_is_due_at_multiples_and_at_the_end():
    plan = plan_of(every=5)
    assert [step for step in range(1, 17) if plan.saves(step)] == [5, 10, 15, 16]
    assert not any(map(plan_of().saves, range(17)))


X, T = rows(10)
STATE = train.init(params(), optax.sgd(0.1), KEY)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"data": ()}, r"got data of type tuple; wanted a tuple of one array or more"),
        ({"data": X}, r"got data of type ndarray; wanted a tuple .* pass data=\(x, t\)"),
        ({"data": (X, T[:9])}, "got data of 10, 9 rows; wanted as many in each; pass"),
        ({"data": (X[:0], T[:0])}, "got data of 0 rows; wanted 1 or more"),
        ({"data": (X, 3)}, r"got data\[1\] of type int and shape \(\); wanted an array"),
        ({"batch_size": 11}, "got batch_size=11 for 10 rows; wanted 1 to 10; pass batch_size=10"),
        ({"epochs": 0}, "got epochs=0; wanted a whole number of 1 or more; pass epochs=10, say"),
        ({"checkpoint_every": 0, "checkpoint": "x"}, "got checkpoint_every=0; wanted a whole"),
        (
            {"state": STATE._replace(step=jax.numpy.int32(9))},
            "got a state of 9 steps and epochs=2 of 4 steps, 8 in all; .* pass epochs=4, say",
        ),
    ],
    ids=lambda value: next(iter(value)) if isinstance(value, dict) else "",
)
def test_what_cannot_be_planned_is_refused(changes, message, unchecked):
    options = {"state": STATE, "data": (X, T), "epochs": 2, "batch_size": 3} | changes
    with pytest.raises(ValueError, match=message):
        train.fit(LOSS, optax.sgd(0.1), **options)


def test_parameters_are_no_state(unchecked):
    with pytest.raises(TypeError, match="got a state of type dict; wanted a TrainState; pass"):
        train.fit(LOSS, optax.sgd(0.1), params(), (X, T), epochs=1, batch_size=2)
