"""Captured arrays: read in place of a parameter, beside one, or as data."""

import jax.numpy as jnp
import numpy as np

from purenet.purity import audit
from tests.purity.found import found, line, places


class Net:
    def __init__(self, W):
        self.W = W

    def loss(self, x):
        return (x @ self.W).sum()  # reads


x = np.ones((1, 2))
IGNORED = ("ignored-parameter", "W")


def test_the_books_idiom_is_aliased_state():
    net = Net(np.ones((2, 3)))
    assert found(lambda W: net.loss(x), net.W) == {IGNORED, ("aliased-state", "net.W")}
    assert places(lambda W: net.loss(x), net.W)["aliased-state"] == line(Net, "# reads")


def test_a_copy_is_a_captured_array():
    net = Net(np.ones((2, 3)))
    assert found(lambda W: net.loss(x), net.W.copy()) == {IGNORED, ("captured-array", "net.W")}


def test_arrays_of_jax_are_never_aliased():
    net = Net(jnp.ones((2, 3)))
    assert found(lambda W: net.loss(x), net.W) == {IGNORED, ("captured-array", "net.W")}


def test_a_view_of_another_shape_is_aliased():
    theta = np.arange(12.0).reshape(4, 3)
    assert found(lambda W: float(theta.sum()), theta[1]) == {IGNORED, ("aliased-state", "theta")}


def test_what_is_captured_and_not_read_is_not_accused():
    net, other = Net(np.ones((2, 3))), np.ones((2, 3))
    kinds = found(lambda W: net.loss(x) if len(other) else 0.0, net.W)
    assert kinds == {IGNORED, ("aliased-state", "net.W")}


def test_the_parameter_itself_read_beside_the_argument():
    p = jnp.ones(3)
    assert found(lambda q: jnp.sum(q**2) + jnp.sum(p), p) == {("captured-array", "p")}


def test_data_of_the_parameters_shape_is_a_note():
    targets = jnp.zeros(3)
    report = audit(lambda p: jnp.sum((p - targets) ** 2), jnp.ones(3))
    assert report.ok
    assert [(n.kind, n.subject) for n in report.notes] == [("captured-array", "targets")]


def test_names_are_as_one_would_write_them():
    from typing import NamedTuple

    class Model(NamedTuple):
        W: np.ndarray

    model = Model(np.ones(3))
    assert ("aliased-state", "model.W") in found(lambda W: float(model.W.sum()), model.W)
    nested = {"layers": [Model(np.ones(3))]}
    assert ("aliased-state", "nested['layers'][0].W") in found(
        lambda W: float(nested["layers"][0].W.sum()), nested["layers"][0].W
    )
