"""Plans: every coordinate is taken, by whatever axes, in chunks that need not divide them."""

import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from purenet.fd.incremental.choice import plans
from purenet.fd.incremental.patch import take
from purenet.fd.incremental.plan import Plan, Sample


@st.composite
def any_plan(draw):
    shape = tuple(draw(st.lists(st.integers(1, 4), max_size=3)))
    axes = [axis for axis, n in enumerate(shape) if n > 1]
    chosen = tuple(sorted(draw(st.sets(st.sampled_from(axes))))) if axes else ()
    together = int(np.prod([shape[axis] for axis in chosen]))
    return Plan(shape, chosen, draw(st.integers(1, together)))


@pytest.mark.full
@settings(max_examples=25, deadline=None)
@given(any_plan())
def test_the_rounds_take_every_coordinate_and_come_back_in_order(plan):
    numbers = jnp.arange(int(np.prod(plan.shape))).reshape(plan.shape)
    rounds = []
    for number in range(plan.rounds):
        taken = jnp.broadcast_to(
            take(numbers, plan.where(number)), (*[1] * len(plan.shape), 1, plan.lanes)
        ).ravel()
        np.testing.assert_array_equal(taken, plan.coordinates(number))
        rounds.append(taken)
    assert set(np.ravel(rounds)) == set(range(numbers.size))
    np.testing.assert_array_equal(plan.arranged(jnp.stack(rounds)), jnp.ravel(numbers))


def test_candidates_are_each_axis_the_last_two_and_all():
    assert [plan.axes for plan in plans((3, 1, 4, 5))] == [(0,), (2,), (3,), (2, 3), (0, 2, 3)]
    assert [plan.axes for plan in plans((7,))] == [(0,)]
    assert [plan.axes for plan in plans(())] == [()]


@pytest.mark.parametrize("shape", [(40,), (10, 50), (3, 1, 4)])
def test_a_sample_has_each_coordinate_at_every_point(shape):
    sample = Sample(shape, 3, 4)
    numbers = jnp.arange(int(np.prod(shape))).reshape(shape)
    lanes = np.ravel(take(numbers, sample.where(0)))
    assert lanes.shape == (12,)
    assert len(set(lanes)) == 3
    assert np.all(lanes.reshape(3, 4) == lanes.reshape(3, 4)[:, :1])
    assert sample.arranged(jnp.zeros((1, 12, 1, 7))).shape == (3, 4, 7)


def test_a_sample_meets_different_places_of_each_axis():
    where = Sample((50, 80), 16, 1).where(0)
    for index in where:
        assert len(set(np.asarray(index.positions).tolist())) > 8


@settings(max_examples=50, deadline=None)
@given(any_plan(), st.data())
def test_the_round_of_a_coordinate_takes_it(plan, data):
    coordinate = data.draw(st.integers(0, int(np.prod(plan.shape)) - 1))
    (number,), (lane,) = plan.places_of(np.array([coordinate]))
    assert plan.coordinates(int(number))[lane] == coordinate
