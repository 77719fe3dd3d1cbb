"""Copies of what a function reaches: shared where it was shared, and apart from the original."""

import collections
import contextvars
import dataclasses
import enum
import functools
import threading
import weakref

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from purenet.purity.copies import Copies


class Plain:
    def __init__(self, **held):
        vars(self).update(held)


class Slotted:
    __slots__ = ("__private", "public")

    def __init__(self):
        self.__private, self.public = [1], [2]

    def both(self):
        return self.__private, self.public


class Refuses(Plain):
    def __copy__(self):
        raise RuntimeError("no")

    def __deepcopy__(self, memo):
        raise RuntimeError("no")

    def __reduce_ex__(self, protocol):
        raise RuntimeError("no")

    def __getattr__(self, name):
        raise KeyError(name)


def test_one_thing_has_one_copy():
    array, copies = np.ones(2), Copies()
    one, two = copies.copied([array, array])
    assert one is two
    assert one is not array
    assert copies.copied(array) is one


def test_views_look_into_the_copy_of_what_they_look_into():
    base, copies = np.arange(12.0).reshape(3, 4), Copies()
    views = [base[1], base[:, ::2], base.T, base[::-1]]
    made, copied = copies.copied(base), [copies.copied(view) for view in views]
    made += 100.0
    for view, new in zip(views, copied, strict=True):
        np.testing.assert_array_equal(new, view + 100.0)
        assert not np.shares_memory(new, base)


def test_read_only_stays_read_only():
    array = np.ones(2)
    array.flags.writeable = False
    assert not Copies().copied(array).flags.writeable


def test_arrays_of_other_classes_keep_class_and_attributes():
    class Tagged(np.ndarray):
        pass

    tagged = np.ones(2).view(Tagged)
    tagged.tag = ["x"]
    made = Copies().copied(tagged)
    assert type(made) is Tagged
    assert made.tag == ["x"]
    assert made.tag is not tagged.tag
    masked = np.ma.masked_array(np.ones(3), [0, 1, 0])
    assert Copies().copied(masked).sum() == 2.0
    held = np.array([Plain(n=1)], dtype=object)
    assert Copies().copied(held)[0] is not held[0]


@pytest.mark.parametrize("cls", [Plain, Refuses])
def test_objects_are_made_without_asking_their_class(cls):
    thing = cls(items=[1])
    made = Copies().copied(thing)
    assert type(made) is cls
    assert vars(made) == {"items": [1]}
    assert vars(made)["items"] is not thing.items


def test_a_class_that_gives_itself_for_its_copy():
    class Shared(Plain):
        def __copy__(self):
            return self

    shared = Shared(n=0)
    Copies().copied(shared).n += 1
    assert shared.n == 0


def test_slots_private_ones_too():
    slotted = Slotted()
    made = Copies().copied(slotted)
    assert made.both() == ([1], [2])
    assert all(new is not old for new, old in zip(made.both(), slotted.both(), strict=True))


def test_proxies_that_pass_everything_on():
    class Proxy:
        def __init__(self, behind):
            vars(self)["behind"] = behind

        def __getattr__(self, name):
            return getattr(vars(self)["behind"], name)

    plain = Plain(items=[])
    Copies().copied(Proxy(plain)).items.append(1)
    assert plain.items == []


def test_keys_and_elements_are_copied_with_what_they_are_compared_with():
    layer = Plain()
    table, members, copies = {layer: 1, (layer, 2): 3}, {layer}, Copies()
    made = copies.copied(layer)
    assert made is not layer
    assert copies.copied(table) == {made: 1, (made, 2): 3}
    assert copies.copied(members) == {made}
    assert copies.copied(frozenset(members)) == {made}
    assert (table, members) == ({layer: 1, (layer, 2): 3}, {layer})


def test_containers_keep_their_class_and_their_ways():
    class Own(dict):
        def __setitem__(self, key, value):
            raise RuntimeError("not to be called")

    default = collections.defaultdict(list, a=[1])
    ordered, tail = collections.OrderedDict(b=1, a=2), collections.deque([[1]], maxlen=3)
    copies = Copies()
    assert copies.copied(default)["new"] == []
    assert list(default) == ["a"]
    assert list(copies.copied(ordered)) == ["b", "a"]
    assert copies.copied(tail).maxlen == 3
    assert type(copies.copied(Own(a=1))) is Own

    class Pair(tuple):
        def __new__(cls, one, two):
            return super().__new__(cls, (one, two))

    pair = copies.copied(Pair([1], 2))
    assert type(pair) is Pair
    assert pair == ([1], 2)


def test_mappings_of_the_callers_own_are_not_written_to():
    registry = collections.UserDict(a=[1])
    item = registry["a"]
    Copies().copied(registry)["a"].append(2)
    assert registry["a"] is item
    assert item == [1]


def test_what_stands_for_itself_stays():
    class Mode(enum.Enum):
        ON = 1

    for thing in (Mode.ON, dataclasses.MISSING, None, 3, "a", jnp.ones(2), np.float64(1), jax):
        assert Copies().copied(thing) is thing


def test_things_that_hold_one_another():
    node = Plain()
    node.other, node.items = node, [node]
    made = Copies().copied(node)
    assert made.other is made
    assert made.items == [made]


def test_long_chains():
    first = last = Plain()
    for _ in range(500):
        last.next = last = Plain()
    assert Copies().copied(first).next is not first.next


def test_functions_share_cells_and_globals_as_they_did():
    n = 0

    def count():
        nonlocal n
        n += 1
        return n

    def read():
        return n

    copies = Copies()
    counted, reader = copies.copied(count), copies.copied(read)
    assert (counted(), reader(), read()) == (1, 1, 0)


def test_functions_behind_others():
    weights = [1.0]

    def scaled(p, scale):
        weights[0] += 1.0
        return p * weights[0] * scale

    for function in (functools.partial(scaled, scale=2.0), jax.jit(lambda p: scaled(p, 2.0))):
        assert Copies().copied(function)(1.0) == 4.0
        assert weights == [1.0]
    weights_of = functools.lru_cache(lambda: weights)
    assert Copies().copied(weights_of)() is not weights
    assert weights_of.cache_info().currsize == 0


def test_locks_threads_and_contexts():
    lock, local = threading.Lock(), threading.local()
    local.n, copies = [0], Copies()
    with lock:
        assert copies.copied(lock).acquire(blocking=False)
    copies.copied(local).n.append(1)
    assert local.n == [0]
    variable = contextvars.ContextVar("variable")
    variable.set([0])
    copies.copied(variable).get().append(1)
    assert variable.get() == [0]


def test_weak_references_follow_the_copy():
    node, copies = Plain(items=[]), Copies()
    made = copies.copied(weakref.ref(node))
    assert made() is copies.copied(node)


def test_references_of_jax_are_apart():
    reference = jax.new_ref(jnp.zeros(2))
    made = Copies().copied(reference)
    made[...] = jnp.ones(2)
    np.testing.assert_array_equal(reference[...], np.zeros(2))
