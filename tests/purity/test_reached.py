"""What a function can reach, each thing by the name that it has inside of the function."""

import functools
import weakref

import numpy as np

from purenet.purity.members import attributes, declared
from purenet.purity.object_graph import is_jax_code, of_function, own_functions, reached

X = np.ones(1)


def named(function):
    return {thing.name for thing in of_function(function) if isinstance(thing.value, np.ndarray)}


def test_weak_references_and_proxies():
    class Node:
        pass

    node = Node()
    node.W = np.ones(1)
    pointer = weakref.ref(node)
    assert named(lambda: pointer()) == {"pointer().W"}


def test_classes_with_what_they_derive_from():
    class Base:
        W = np.ones(1)

    class Derived(Base):
        pass

    assert named(lambda: Derived.W) == {"Base.W"}


def test_what_stands_behind_a_very_long_list():
    many, net = [0.0] * 100_000, {"W": np.ones(1)}
    assert named(lambda: (many, net)) == {"net['W']"}
    # cells come in the order of their names: lines before net
    lines = [np.zeros(1)] * 2 + [np.ones(1) for _ in range(30_000)]
    assert "net['W']" in named(lambda: (lines, net))


def test_objects_that_make_up_or_refuse_any_attribute():
    class Any_(dict):  # noqa: N801
        __getattr__ = dict.__getitem__

    thing = Any_(W=np.ones(1))
    assert named(lambda: thing.W) == {"thing['W']"}


def test_functions_of_the_callers_own():
    def inner():
        return X

    outer = functools.partial(lambda: inner())
    assert {function.__name__ for function in own_functions(outer)} == {"<lambda>", "inner"}
    assert own_functions(np.sum) == []


def test_whether_code_has_to_do_with_jax():
    import jax.numpy as jnp

    assert is_jax_code(lambda: jnp.ones(1))
    assert not is_jax_code(lambda: X)


def test_each_thing_once():
    shared = [1]
    names = [thing.name for thing in reached({"a": shared, "b": [shared]}) if thing.value is shared]
    assert names == ["a"]


class Loud:
    __slots__ = ("__dict__", "__hidden", "slot")

    def __init__(self):
        self.__hidden, self.slot, self.plain = 1, 2, 3

    def __getattr__(self, name):
        raise RuntimeError(name)

    @property
    def broken(self):
        raise RuntimeError("broken")


def test_dictionaries_and_slots():
    named = {key.name: value for key, value in attributes(Loud()).items()}
    assert named == {"_Loud__hidden": 1, "slot": 2, "plain": 3}
    assert attributes(3) == {}


def test_what_is_declared_and_what_would_be_made_up():
    assert declared(Loud(), "plain") == 3
    assert declared(Loud(), "__wrapped__") is None
    assert declared(Loud(), "broken") is None
