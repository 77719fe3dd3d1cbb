"""A call made a few times: as it is, at other parameters and with other captured values."""

import jax.numpy as jnp
import numpy as np
import pytest

from purenet.purity.arguments import point_of
from purenet.purity.experiment import Experiment
from purenet.purity.object_graph import captured_arrays, captured_numbers
from purenet.purity.values import perturbed

W, rate = np.ones(2), 3.0


def loss(p):
    return float((p * W).sum() * rate)


def experiment(function, p):
    return Experiment(point_of(function, (p,), 0))


def test_at_other_parameters():
    run = experiment(loss, np.ones(2))
    assert run.outputs() == [6.0]
    assert run.outputs([np.zeros(2)]) == [0.0]


def test_with_another_captured_array_or_number():
    run = experiment(loss, np.ones(2))
    assert run.outputs(replaced=[(captured_arrays(loss)[0], np.zeros(2))]) == [0.0]
    assert run.outputs(replaced=[(captured_numbers(loss)[0], 1.0)]) == [2.0]
    assert (W.sum(), rate) == (2.0, 3.0)


def test_by_its_program_where_it_is_for_jax():
    traced = experiment(lambda p: jnp.sum(p * W), jnp.ones(2))
    assert traced.traces
    assert not experiment(loss, np.ones(2)).traces
    assert not experiment(lambda p: jnp.sum(p) * float(p[0]), jnp.ones(2)).traces


@pytest.mark.parametrize("value", [1.0, 2, 1 + 1j, np.ones(2, np.float16), jnp.arange(3)])
def test_other_numbers_keep_shape_and_dtype_and_differ(value):
    changed = perturbed(value)
    assert np.shape(changed) == np.shape(value)
    assert np.all(np.asarray(changed) != np.asarray(value))
    if hasattr(value, "dtype"):
        assert changed.dtype == value.dtype


def test_three_calls_one_after_the_other_and_nothing_left_of_them():
    history = []

    def counting(p):
        history.append(1)
        return p * 2.0

    made = experiment(counting, 1.0)
    assert [[change.name for change in run.state] for run in made.runs] == [["history"]] * 3
    assert history == []
