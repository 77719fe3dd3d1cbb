"""The mutating original: one weight, two ways to hand it over, and a gradient with a bug."""

import numpy as np


class LinearModel:
    """One 1x1 weight without a bias."""

    def __init__(self, W=0.5):
        self.W = np.array([[W]])

    def predict(self, x):
        """x W."""
        return np.dot(x, self.W)

    def loss(self, x, t):
        """The mean squared error."""
        return np.mean((self.predict(x) - t) ** 2)


def captured_loss(model, x, t):
    """The lambda: it takes W and reads model.W."""
    return lambda W: model.loss(x, t)


def assigning_loss(model, x, t):
    """The def that is said to be equivalent: it puts its W into the model first."""

    def loss_W(W):
        model.W = W
        return model.loss(x, t)

    return loss_W


def numerical_gradient(f, x):
    """Central differences as published: the loop counts elements but indexes the first axis."""
    h = 1e-4
    grad = np.zeros_like(x)
    for idx in range(x.size):
        tmp_val = x[idx]  # of a matrix, a view: it moves with what is written below
        x[idx] = tmp_val + h
        fxh1 = f(x)
        x[idx] = tmp_val - h
        fxh2 = f(x)
        grad[idx] = (fxh1 - fxh2) / (2 * h)
        x[idx] = tmp_val
    return grad
