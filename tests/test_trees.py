"""Paths as people read them, and which leaves can be differentiated."""

import functools
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from purenet import trees


def test_paths_of_nested_trees():
    tree = {"W1": 1.0, "layers": [(2.0, 3.0), {"b": 4.0}]}
    assert trees.leaf_paths(tree, "params") == [
        "params['W1']",
        "params['layers'][0][0]",
        "params['layers'][0][1]",
        "params['layers'][1]['b']",
    ]


def test_a_bare_leaf_has_the_trees_name():
    assert trees.leaf_paths(1.0, "x") == ["x"]


def test_coordinates_are_row_major():
    assert trees.coordinate_path("W", (2, 3), 4) == "W[1, 1]"
    assert trees.coordinate_path("b", (5,), 4) == "b[4]"
    assert trees.coordinate_path("c", (), 0) == "c"


@pytest.mark.parametrize(
    ("function", "position", "name"),
    [
        (lambda params, x: params * x, 1, "x"),
        (lambda *weights: weights, 0, "args[0]"),
        (functools.partial(lambda a, b: a + b, 1), 0, "b"),
        (dict, 2, "args[2]"),
        (jnp.sin, 0, "x"),
    ],
)
def test_argument_names(function, position, name):
    assert trees.argument_name(function, position) == name


@pytest.mark.parametrize("leaf", [1.0, 1j, np.float16(1), jnp.ones(2), np.ones(2, np.complex64)])
def test_floating_point_can_move(leaf):
    trees.require_differentiable([leaf], ["x"])


@pytest.mark.parametrize(
    ("leaf", "message"),
    [
        (3, r"got p\['n'\] of dtype int32; wanted a floating-point dtype.*allow_int=True"),
        (True, r"got p\['n'\] of dtype bool"),
        (np.array([1, 2]), r"got p\['n'\] of dtype int64"),
        ("W1", r"got p\['n'\] of type str; wanted an array or a number"),
        (np.array(["a"], object), r"got p\['n'\] of type ndarray; wanted an array or a number"),
    ],
)
def test_other_leaves_are_refused_with_their_path(leaf: Any, message):
    with pytest.raises(TypeError, match=message):
        trees.require_differentiable([1.0, leaf], ["p['W']", "p['n']"])


def test_a_random_key_is_refused_with_a_hint():
    with pytest.raises(TypeError, match=r"dtype key<fry>.*keep random keys in an argument"):
        trees.require_differentiable([jax.random.key(0)], ["key"])
