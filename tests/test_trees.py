"""Paths and names as people read them, what is a tree, and which leaves can be differentiated."""

import dataclasses
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


class Nameless:
    __name__ = 7
    __qualname__ = "Nameless"

    def __call__(self, x):
        return x


class Unwilling(Nameless):
    @property
    def __name__(self):
        raise RuntimeError("nobody asks for my name")


def test_the_name_of_a_function_is_text():
    named = {"sin": jnp.sin, "partial": functools.partial(jnp.sin), "Nameless": Nameless()}
    for name, function in {**named, "Unwilling": Unwilling()}.items():
        assert trees.function_name(function) == name

        @trees.named_after(function)
        def twin(x):
            return x

        assert (twin.__name__, twin.__wrapped__) == (name, function)
    assert trees.argument_name(Unwilling(), 0) == "args[0]"


def cyclic(container):
    container["again" if isinstance(container, dict) else slice(1, 1)] = (
        container if isinstance(container, dict) else [container]
    )
    return container


def nested(depth):
    return functools.reduce(lambda inner, _: [inner], range(depth), 1.0)


@jax.tree_util.register_pytree_node_class
class Broken:
    def tree_flatten(self):
        raise RuntimeError("no parts")

    @classmethod
    def tree_unflatten(cls, *_):
        return cls()


@pytest.mark.parametrize(
    ("tree", "error", "message"),
    [
        (cyclic({"w": 1.0}), ValueError, r"got p\['again'\], which is p once more; wanted a tree"),
        ([cyclic([1.0])], ValueError, r"got p\[0\]\[1\], which is p\[0\] once more"),
        (nested(600), ValueError, "got p with more than 500 containers within each other; wanted"),
        ({"a": 1, 1: 2}, ValueError, "got p with keys of type int and str; .*; use text for all"),
        ([Broken()], ValueError, r"got p\[0\] of type Broken, which cannot be flattened.*no parts"),
        ([iter([1])], TypeError, r"got p\[0\] of type list_iterator, which.*pass list\(p\[0\]\)"),
    ],
)
def test_what_is_no_tree_is_refused_with_its_path(tree, error, message):
    with pytest.raises(error, match=message):
        trees.require_tree(tree, "p")


def test_a_tree_may_share_its_parts_and_be_deep():
    part = {"w": np.ones(2), "none": None}
    trees.require_tree([part, part, nested(400), jax.random.key(0), "text", object()], "p")


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


def test_a_dataclass_is_told_how_to_become_a_tree():
    @dataclasses.dataclass
    class Params:
        W: np.ndarray

    message = "got p of type Params; wanted an array .*; register its class by jax.tree_util.regis"
    with pytest.raises(TypeError, match=message):
        trees.require_differentiable([Params(np.ones(2))], ["p"])


def test_a_random_key_is_refused_with_a_hint():
    with pytest.raises(TypeError, match=r"dtype key<fry>.*keep random keys in an argument"):
        trees.require_differentiable([jax.random.key(0)], ["key"])
