"""The mutating original: a define-by-run tape, its backward completed for many inputs."""

import numpy as np


def as_array(x):
    """A NumPy array, also of the scalar that NumPy makes of a 0-d array on the way."""
    return np.array(x) if np.isscalar(x) else x


class Variable:
    """Data, the gradient that backward writes, and the function that made it."""

    def __init__(self, data):
        self.data = data
        self.grad = None
        self.creator = None

    def set_creator(self, func):
        """Remember where the value came from."""
        self.creator = func

    def backward(self):
        """Walk the tape backwards and write into the grad of everything on the way."""
        if self.grad is None:
            self.grad = np.ones_like(self.data)
        for f in reversed(_tape_of(self.creator, [])):
            gxs = f.backward(*[output.grad for output in f.outputs])
            if not isinstance(gxs, tuple):
                gxs = (gxs,)
            for x, gx in zip(f.inputs, gxs, strict=True):
                x.grad = gx if x.grad is None else x.grad + gx


def _tape_of(f, tape):
    """The functions a result came from, each after all that it needs."""
    if f is not None and f not in tape:
        for x in f.inputs:
            _tape_of(x.creator, tape)
        tape.append(f)
    return tape


class Function:
    """Called with a list of Variables, returns a list of Variables, and remembers both."""

    def __call__(self, inputs):
        """Compute forward and lay the outputs on the tape."""
        xs = [x.data for x in inputs]
        ys = self.forward(xs)
        outputs = [Variable(as_array(y)) for y in ys]
        for output in outputs:
            output.set_creator(self)
        self.inputs = inputs
        self.outputs = outputs
        return outputs

    def forward(self, xs):
        """The values of the outputs, a list."""
        raise NotImplementedError

    def backward(self, *gys):
        """The gradients of the inputs, given those of the outputs."""
        raise NotImplementedError


class Add(Function):
    """The sum of two inputs."""

    def forward(self, xs):
        """x0 + x1."""
        x0, x1 = xs
        return [x0 + x1]

    def backward(self, *gys):
        """The gradient goes to both."""
        return gys[0], gys[0]


class Square(Function):
    """The square of one input."""

    def forward(self, xs):
        """x²."""
        return [xs[0] ** 2]

    def backward(self, *gys):
        """2 x times the gradient."""
        return 2 * self.inputs[0].data * gys[0]


class Exp(Function):
    """The exponential of one input."""

    def forward(self, xs):
        """eˣ."""
        return [np.exp(xs[0])]

    def backward(self, *gys):
        """eˣ times the gradient."""
        return np.exp(self.inputs[0].data) * gys[0]


def numerical_diff(f, x, eps=1e-4):
    """The central difference of a function of one Variable."""
    y0 = f(Variable(as_array(x.data - eps)))
    y1 = f(Variable(as_array(x.data + eps)))
    return (y1.data - y0.data) / (2 * eps)
