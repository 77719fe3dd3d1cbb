"""A call taken apart: its parameters, their names, and which of them can move."""

import jax.numpy as jnp
import numpy as np
import pytest

from purenet.purity import audit
from purenet.purity.arguments import arguments_by_name, numeric, point_of


def loss(params, x):
    return params["w"] * x


def test_leaves_and_paths():
    point = point_of(loss, ({"n": 2, "w": jnp.ones(2)}, 3.0), 0)
    assert point.paths == ["params['n']", "params['w']"]
    assert (point.movable, numeric(point)) == ([1], [0, 1])
    assert list(arguments_by_name(point, point.args)) == ["params", "x"]
    assert point.name == "loss"


def test_the_last_argument():
    assert point_of(loss, ({"w": 1.0}, 3.0), -1).paths == ["x"]


def test_leaves_of_which_none_is_a_number():
    message = r"got params\['w'\] of type str; wanted an array or a number .*; take it out"
    with pytest.raises(TypeError, match=message):
        point_of(loss, ({"w": "ones"}, np.ones(2)), 0)
    assert point_of(loss, ({"w": 1.0, "name": "ones"}, 3.0), 0).movable == [1]


class Boxed:
    def __init__(self, data):
        self.data = data


def test_a_parameter_without_a_number_is_refused_rather_than_called_pure():
    with pytest.raises(TypeError, match=r"got box of type Boxed; wanted an array or a number"):
        audit(lambda box: box.data**2, Boxed(np.array(2.0)))
    assert audit(lambda box, w: box.data * w, Boxed(2.0), np.ones(1), argnums=1).ok
    assert audit(lambda boxes: boxes[0].data * boxes[1], (Boxed(2.0), 3.0)).ok
