"""What is read in place of an ignored argument: by experiment on copies of what is captured."""

import functools

import jax
import jax.numpy as jnp
import numpy as np

from purenet.purity import read_instead as of_call
from purenet.purity.arguments import point_of


def read_instead(function, args):
    point = point_of(function, args, 0)
    return of_call(point, point.paths[0])


class Net:
    def __init__(self):
        self.W = np.arange(6.0).reshape(2, 3)
        self.unused = np.ones((2, 3))
        self.calls = 0

    def loss(self, x):
        self.calls += 1
        return float((x @ self.W).sum())


def test_the_books_idiom():
    net, x = Net(), np.ones((1, 2))
    before = net.W.copy()
    assert read_instead(lambda W: net.loss(x), (net.W,)) == ["net.W"]
    np.testing.assert_array_equal(net.W, before)
    assert net.calls == 0


def test_an_array_that_is_captured_but_not_read_is_not_accused():
    net, x = Net(), np.ones((1, 2))
    assert "net.unused" not in read_instead(lambda W: net.loss(x), (net.W,))


def test_all_that_is_read_where_no_shape_is_alike():
    a, b = np.ones(2), np.ones(3)
    assert read_instead(lambda p: float(a.sum() * b.sum()), (1.0,)) == ["a", "b"]


def test_through_jit_which_has_frozen_it():
    weights = jnp.ones(3)

    @jax.jit
    def loss(p):
        return jnp.sum(weights**2)

    loss(jnp.ones(3))
    assert read_instead(loss, (jnp.ones(3),)) == ["weights"]


def test_methods_partials_nested_functions_and_globals():
    net = Net()
    assert read_instead(net.loss, (np.ones((1, 2)),)) == ["self.W"]
    weights = np.ones(3)
    partial = functools.partial(lambda w, p: jnp.sum(w * 2.0), weights)
    assert read_instead(partial, (weights,)) == ["<partial argument 0>"]

    def predict(x):
        return jnp.sum(x * weights)

    assert read_instead(lambda p: predict(2.0), (weights,)) == ["weights"]
    assert read_instead(lambda p: jnp.sum(GLOBAL), (weights,)) == ["GLOBAL"]


def test_a_class_that_refuses_to_be_copied_is_not_asked():
    class Stubborn:
        def __init__(self):
            self.W = np.ones(3)

        def __copy__(self):
            raise TypeError("not to be copied")

    stubborn = Stubborn()
    assert read_instead(lambda p: float(stubborn.W.sum()), (np.ones(3),)) == ["stubborn.W"]


def test_what_raises_is_not_accused():
    weights = np.ones(3)

    def loss(p):
        if weights[0] != 1.0:
            raise ValueError("only ones")
        return float(weights.sum())

    assert read_instead(loss, (np.ones(3),)) == []


GLOBAL = np.ones(3)
