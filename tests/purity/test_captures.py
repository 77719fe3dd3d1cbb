"""Captured arrays by name, through every way in which a function can hold one."""

import functools

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from purenet.purity import captured_arrays

W = np.ones((2, 3))
CONFIG = {"w": np.ones(3), "layers": [np.zeros(2)]}


class Net:
    def __init__(self):
        self.W = np.ones((2, 3))
        self.params = {"b": np.zeros(3)}

    def loss(self, x):
        return float((x @ self.W + self.params["b"]).sum())

    def __call__(self, x):
        return self.loss(x)


def names(function):
    return [captured.name for captured in captured_arrays(function)]


def test_closure_cells_and_attributes():
    net, x = Net(), np.ones((1, 2))
    assert names(lambda W: net.loss(x)) == ["net.W", "net.params['b']", "x"]


def test_globals_that_the_code_mentions_and_their_items():
    assert names(lambda p: CONFIG["w"] @ W.T) == ["CONFIG['w']", "CONFIG['layers'][0]", "W"]


def test_defaults():
    def loss(p, scale=W, *, shift=CONFIG["w"]):
        return p

    assert names(loss) == ["scale", "shift"]


def test_bound_methods_and_callable_objects():
    assert names(Net().loss) == ["self.W", "self.params['b']"]
    assert names(Net()) == ["self.W", "self.params['b']"]


def test_partials():
    partial = functools.partial(lambda a, p, b: p, np.ones(2), b=np.ones(3))
    assert names(partial) == ["<partial argument 0>", "b"]


def test_nested_functions():
    inner_weights = jnp.ones(3)

    def predict(x):
        return x @ inner_weights

    assert names(lambda p: predict(p)) == ["inner_weights"]


@pytest.mark.parametrize(
    "wrap", [jax.jit, jax.custom_jvp, jax.checkpoint, jax.value_and_grad, jax.vmap]
)
def test_what_jax_wraps(wrap):
    weights = jnp.ones(3)
    assert names(wrap(lambda p: jnp.sum(p * weights))) == ["weights"]


def test_a_function_that_captures_nothing():
    assert names(lambda p: jnp.sum(p)) == []
    assert names(jnp.sin) == []


def test_things_that_hold_each_other():
    class Node:
        def __init__(self):
            self.other = self
            self.array = np.ones(2)

    node = Node()
    assert names(lambda p: node) == ["node.array"]
