"""The line that a finding names: where the call reads or writes, not where the object was made."""

import inspect

import numpy as np

from purenet import audit

X = np.array([[1.0, 2.0]])


class Net:
    def __init__(self, W):
        self.W = W  # made
        self.grad = np.zeros_like(W)
        self.params = {"b": np.zeros(3)}

    def save(self):
        return self.W, self.params  # never called by a loss

    def predict(self, x):
        return x @ self.W + self.params["b"]  # read

    def loss(self, x):
        return np.sum(self.predict(x) ** 2)

    def backward(self, x):
        self.grad = self.grad + x.sum()  # accumulated
        return self.loss(x)

    def step(self, x):
        self.params["b"] -= 0.1 * x.sum()  # moved
        return self.loss(x)


class Wrapped:
    def __init__(self, net):
        self.net = net

    def __call__(self, x):
        return self.net.loss(x)


def line(comment):
    """The line of this file that ends in a comment, as a finding names it."""
    lines, start = inspect.getsourcelines(Net)
    at = [i for i, text in enumerate(lines, start) if text.endswith(f"  # {comment}\n")]
    return f"test_places.py:{at[0]}"


def place(function, *args, kind):
    (finding,) = [f for f in audit(function, *args).findings if f.kind == kind]
    return finding.where


def test_a_captured_array_is_named_where_it_is_read():
    net = Net(np.ones((2, 3)))
    assert place(lambda W: net.loss(X), net.W, kind="aliased-state") == line("read")
    assert place(lambda W: net.loss(X), net.W.copy(), kind="captured-array") == line("read")


def test_through_a_call_of_an_object():
    wrapped = Wrapped(Net(np.ones((2, 3))))
    assert place(lambda W: wrapped(X), wrapped.net.W, kind="aliased-state") == line("read")


def test_an_item_is_named_where_what_holds_it_is_read():
    net = Net(np.ones((2, 3)))
    assert place(lambda b: net.loss(X), net.params["b"], kind="aliased-state") == line("read")


def test_an_attribute_of_an_item_is_named_where_the_attribute_is_read():
    nets = [Net(np.ones((2, 3)))]
    assert place(lambda W: nets[0].loss(X), nets[0].W, kind="aliased-state") == line("read")


def test_what_changes_is_named_where_the_call_stores_it():
    net = Net(np.ones((2, 3)))
    assert place(net.backward, X, kind="mutates-state") == line("accumulated")
    assert place(net.step, X, kind="mutates-state") == line("moved")


def test_a_generator_is_named_where_it_is_drawn_from():
    def noisy(w):
        scale = 0.1
        return np.sum(w) + scale * np.random.normal()  # noqa: NPY002

    first = inspect.getsourcelines(noisy)[1]
    assert place(noisy, np.ones(2), kind="global-random") == f"test_places.py:{first + 2}"
