"""A function with another value at one captured place: along one path, the rest as it was."""

import collections
import functools
from typing import NamedTuple

import jax
import numpy as np
import pytest

from purenet.purity.object_graph import captured_arrays, captured_numbers
from purenet.purity.substitution import CannotReplaceError, auditing, in_place, with_other

SHARED, rate = np.ones(2), 3.0


class Pair(NamedTuple):
    W: np.ndarray
    other: list


class Layer:
    __slots__ = ("W", "beside")

    def __init__(self):
        self.W, self.beside = np.ones(2), [1.0]

    def __call__(self, p):
        return float((self.W * p).sum())


class Net:
    def __init__(self):
        self.layers, self.beside = [Layer()], [2.0]

    def loss(self, p):
        return self.layers[0](p)


class Reader:
    def loss(self, p):
        return float((SHARED * p).sum())


def holders():
    W = np.ones(2)
    net, pair = Net(), Pair(W, [])
    table = collections.OrderedDict(a=[1], W=W)
    user, proxied, tail = collections.UserDict(W=W), {"W": W}, collections.deque([W], maxlen=3)
    return {
        "cell": lambda p: float((W * p).sum()),
        "default": lambda p, W=W: float((W * p).sum()),
        "keyword": functools.partial(lambda p, W: float((W * p).sum()), W=W),
        "attribute": net.loss,
        "object": lambda p: net.loss(p),
        "method": Reader().loss,
        "tuple": lambda p: float((pair.W * p).sum()),
        "dict": lambda p: float((table["W"] * p).sum()),
        "user": lambda p: float((user["W"] * p).sum()),
        "nested": lambda p: float((proxied["W"] * p).sum()),
        "deque": lambda p: float((tail[0] * p).sum()),
        "global": lambda p: float((SHARED * p).sum()),
    }


@pytest.mark.parametrize("holder", holders())
def test_the_copy_reads_the_other_array_and_the_original_its_own(holder):
    function = holders()[holder]
    arrays = {array.name: array for array in captured_arrays(function)}
    array = arrays.get("SHARED") or next(iter(arrays.values()))
    made = with_other(function, [(array, np.full(2, 5.0))])
    assert (made(np.ones(2)), function(np.ones(2))) == (10.0, 2.0)


def test_what_does_not_lead_there_is_shared():
    net = Net()
    array = captured_arrays(net.loss)[0]
    made = with_other(net.loss, [(array, np.zeros(2))])
    copy = made.__self__  # pyright: ignore
    assert copy is not net
    assert copy.layers is not net.layers
    assert copy.beside is net.beside
    assert copy.layers[0].beside is net.layers[0].beside


def test_functions_that_share_a_global_number_still_do():
    def inner(p):
        return p * rate

    def outer(p):
        return inner(p) + rate

    number = next(number for number in captured_numbers(outer) if number.name == "rate")
    assert with_other(outer, [(number, 1.0)])(2.0) == 3.0
    assert outer(2.0) == 9.0


def test_a_function_that_names_itself():
    W = np.ones(2)

    def loss(p, depth=1):
        return float((W * p).sum()) if depth == 0 else loss(p, depth - 1)

    (array,) = captured_arrays(loss)
    assert with_other(loss, [(array, np.zeros(2))])(np.ones(2)) == 0.0


def test_what_jit_has_frozen_is_looked_through():
    weights = jax.numpy.ones(2)
    loss = jax.jit(lambda p: (weights * p).sum())
    loss(np.ones(2))
    (array,) = captured_arrays(loss)
    assert with_other(loss, [(array, jax.numpy.zeros(2))])(np.ones(2)) == 0.0


def test_what_is_written_to_is_apart():
    history = []
    made = with_other(lambda p: history.append(p), [], apart=[id(history)])
    made(1.0)
    assert history == []


def test_what_cannot_be_copied():
    class Refuses:
        def __init_subclass__(cls):
            raise RuntimeError

        def loss(self, p):
            return float((SHARED * p).sum())

    loss = Refuses().loss
    (array,) = captured_arrays(loss)
    with pytest.raises(CannotReplaceError, match="the class Refuses cannot be copied"):
        with_other(loss, [(array, np.zeros(2))])


def test_in_place_for_one_call_while_no_other_audit_runs():
    array = np.ones(2)
    assert in_place(array, np.zeros(2), lambda: array.sum()) == 0.0
    assert array.sum() == 2.0
    with pytest.raises(ZeroDivisionError):
        in_place(array, np.zeros(2), lambda: 1 / 0)
    assert array.sum() == 2.0
    with auditing(), auditing(), pytest.raises(CannotReplaceError, match="another audit is runn"):
        in_place(array, np.zeros(2), lambda: None)
    array.flags.writeable = False
    with pytest.raises(CannotReplaceError, match="it cannot be written to"):
        in_place(array, np.zeros(2), lambda: None)
