"""What changes below some named things, and what is put back."""

import collections
import random

import jax
import numpy as np
import pytest

from purenet.purity.findings import Finding
from purenet.purity.snapshots import Snapshot

THINGS = {
    "array": (lambda: np.zeros(3), lambda a: a.__setitem__(1, 2.0), "thing"),
    "nan": (lambda: np.full(2, np.nan), lambda a: a.__setitem__(0, 1.0), "thing"),
    "list": (lambda: [1], lambda a: a.append(2), "thing"),
    "dict": (lambda: {"a": 1}, lambda a: a.__setitem__("a", 2), "thing['a']"),
    "key": (lambda: {"a": 1}, lambda a: a.__setitem__("b", 2), "thing"),
    "set": (lambda: {1}, lambda a: a.add(2), "thing"),
    "deque": (lambda: collections.deque([1]), lambda a: a.append(2), "thing"),
    "bytes": (lambda: bytearray(2), lambda a: a.__setitem__(0, 1), "thing"),
    "random": (lambda: random.Random(0), lambda a: a.random(), "thing"),
    "generator": (lambda: np.random.default_rng(0), lambda a: a.random(), "thing"),
    "nested": (lambda: {"a": [{"b": 1}]}, lambda a: a["a"][0].update(b=2), "thing['a'][0]['b']"),
    "attribute": (lambda: Holder(), lambda a: setattr(a, "n", 1), "thing.n"),
}


class Holder:
    n = None

    def __init__(self):
        self.n = 0


@pytest.mark.parametrize("kind", THINGS)
def test_a_change_is_named_and_put_back(kind):
    make, change, name = THINGS[kind]
    thing = make()
    snapshot = Snapshot({"thing": thing})
    assert snapshot.changes() == []
    change(thing)
    assert [c.name for c in snapshot.changes()] == [name]
    snapshot.put_back()
    assert snapshot.changes() == []


def test_arrays_that_share_memory_changed_once():
    base = np.zeros((2, 2))
    snapshot = Snapshot({"base": base, "view": base[0]})
    base[0, 0] = 1.0
    assert [change.name for change in snapshot.changes()] == ["base"]


def test_things_that_cannot_be_compared():
    class Odd:
        def __eq__(self, other):
            raise RuntimeError("no")

        __hash__ = None

    held = [Odd()]
    snapshot = Snapshot({"held": held})
    assert snapshot.changes() == []
    held[0] = Odd()
    assert [change.name for change in snapshot.changes()] == ["held"]


def test_what_belongs_to_another_package_counts_by_its_value():
    def made(number):
        return Finding("mutates-state", "a", "", "", "", {"number": number, "array": np.ones(2)})

    kept = {"made": made(1.0), "tree": jax.tree.structure([1])}
    snapshot = Snapshot({"kept": kept})
    kept["made"] = made(1.0)
    assert snapshot.changes() == []
    kept |= {"made": made(2.0), "tree": jax.tree.structure([1])}  # what a tree holds is not seen
    assert [change.name for change in snapshot.changes()] == ["kept['made']", "kept['tree']"]


def test_an_equal_array_in_the_place_is_a_change_an_equal_number_is_none():
    held = {"array": np.zeros(2), "number": 1.5, "shape": (2, 3)}
    snapshot = Snapshot({"held": held})
    held |= {"array": np.zeros(2), "number": float("1.5"), "shape": (2, 4 - 1)}
    assert [change.name for change in snapshot.changes()] == ["held['array']"]
