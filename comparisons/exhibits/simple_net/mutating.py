"""The mutating original: simpleNet, its in-place numerical gradient, and f = lambda W: ..."""

import numpy as np


def softmax(x):
    """The softmax of one row of scores."""
    x = x - np.max(x)
    return np.exp(x) / np.sum(np.exp(x))


def cross_entropy_error(y, t, delta):
    """The cross-entropy of one row of probabilities, delta inside the logarithm."""
    return -np.sum(t * np.log(y + delta))


class SimpleNet:
    """One weight matrix, kept by the object: whoever holds the object can write to it."""

    def __init__(self, W, delta=0.0):
        self.W = np.array(W, float)
        self.delta = delta

    def predict(self, x):
        """The scores of the three classes."""
        return np.dot(x, self.W)

    def loss(self, x, t):
        """The loss at the object's own W."""
        y = softmax(self.predict(x))
        return cross_entropy_error(y, t, self.delta)


def captured_loss(net, x, t):
    """The book's idiom: a function of W that never looks at W."""
    return lambda W: net.loss(x, t)


def puzzle(W, x, t):
    """The three lines of the puzzle: why is this gradient not zero?"""
    net = SimpleNet(W)
    f = lambda W: net.loss(x, t)
    return numerical_gradient(f, net.W)


def numerical_gradient(f, x, trace=None):
    """Central differences by writing into x, one element after the other.

    Appends (f(x+h), f(x-h)) to trace, where one is given.
    """
    h = 1e-4
    grad = np.zeros_like(x)
    it = np.nditer(x, flags=["multi_index"], op_flags=[["readwrite"]])
    while not it.finished:
        idx = it.multi_index
        tmp_val = x[idx]
        x[idx] = tmp_val + h
        fxh1 = f(x)
        x[idx] = tmp_val - h
        fxh2 = f(x)
        grad[idx] = (fxh1 - fxh2) / (2 * h)
        if trace is not None:
            trace.append((fxh1, fxh2))
        x[idx] = tmp_val
        it.iternext()
    return grad
