"""How a value depends on each leaf, by its program or by moving it."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from purenet.purity.arguments import point_of
from purenet.purity.dependence import (
    FLAT,
    IGNORED,
    MOVES,
    STEPWISE,
    dependence,
)
from purenet.purity.experiment import Experiment

CASES = {
    "moves": (lambda xp, p: xp.sum(p**2), MOVES),
    "ignored": (lambda xp, p: 1.0, IGNORED),
    "stepwise": (lambda xp, p: xp.sum(xp.floor(p)), STEPWISE),
    "saturated": (lambda xp, p: xp.sum(xp.tanh(p * 1e3 + 1e6)), FLAT),
    "softmax": (lambda xp, p: xp.exp(p) / xp.sum(xp.exp(p)), MOVES),
    "imaginary": (lambda xp, p: xp.abs(xp.sum(p * 1j)), MOVES),
}


@pytest.mark.parametrize("xp", [np, jnp])
@pytest.mark.parametrize("case", CASES)
def test_by_program_and_by_moving_alike(case, xp):
    function, state = CASES[case]
    p = xp.asarray([0.3, 1.6])
    (found,) = dependence(Experiment(point_of(lambda p: function(xp, p), (p,), 0)))
    if case == "saturated" and xp is np:
        assert found.state in (FLAT, IGNORED)  # nothing that is tried shows that it is read
    else:
        assert found.state == state


def test_each_leaf_for_itself():
    def loss(p):
        return p["a"] ** 2 + jax.lax.stop_gradient(p["b"])

    point = point_of(loss, ({"a": 1.0, "b": 2.0, "c": 3.0},), 0)
    assert [one.state for one in dependence(Experiment(point))] == [MOVES, STEPWISE, IGNORED]


def test_a_stationary_point_is_remembered():
    point = point_of(lambda p: jnp.sum(p**2), (jnp.zeros(2),), 0)
    (found,) = dependence(Experiment(point))
    assert (found.state, found.stationary) == (MOVES, True)


def test_a_loop_that_never_ends_beside_the_parameters_ends_the_search_there():
    def loss(params):
        while params["v"] != 0.0:  # as it is given: anywhere else the loop goes round for ever
            pass
        return float(np.maximum(params["w"] - 5.0, 0.0).sum())

    point = point_of(loss, ({"v": np.zeros(()), "w": np.ones(2)},), 0)
    experiment = Experiment(point)
    experiment.limit = 0.05
    assert [one.state for one in dependence(experiment)] == [MOVES, FLAT]


def test_outputs_of_eight_bits_are_asked_like_others():
    w = jnp.ones(2, jnp.float8_e4m3fn)
    point = point_of(lambda w: (jnp.sum(w), jnp.sum(w.astype(jnp.float32))), (w,), 0)
    assert [one.state for one in dependence(Experiment(point))] == [MOVES]
