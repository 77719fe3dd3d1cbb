"""The mutating original: TwoLayerNet, its two gradients, and training by writing into params."""

import numpy as np


def sigmoid(x):
    """The logistic function."""
    return 1 / (1 + np.exp(-x))


def softmax(x):
    """The softmax of each row."""
    x = x - np.max(x, axis=-1, keepdims=True)
    return np.exp(x) / np.sum(np.exp(x), axis=-1, keepdims=True)


def cross_entropy_error(y, t):
    """The mean cross-entropy of rows of probabilities and integer labels."""
    return -np.mean(np.log(y[np.arange(len(t)), t]))


def numerical_gradient(f, x):
    """Central differences by writing into x, one element after the other."""
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
        x[idx] = tmp_val
        it.iternext()
    return grad


def captured_loss(net, x, t):
    """The book's idiom: a function of W that never looks at W."""
    return lambda W: net.loss(x, t)


class Affine:
    """x W + b; remembers its input and writes its gradients into itself."""

    def __init__(self, W, b):
        self.W = W
        self.b = b

    def forward(self, x):
        """The input times W, plus b."""
        self.x = x
        return np.dot(x, self.W) + self.b

    def backward(self, dout):
        """The gradient of the input; those of W and b are kept."""
        self.dW = np.dot(self.x.T, dout)
        self.db = np.sum(dout, axis=0)
        return np.dot(dout, self.W.T)


class Sigmoid:
    """The logistic function; remembers its output."""

    def forward(self, x):
        """The logistic function of x."""
        self.out = sigmoid(x)
        return self.out

    def backward(self, dout):
        """The gradient of the input."""
        return dout * (1.0 - self.out) * self.out


class Relu:
    """The positive part; remembers where its input was not positive."""

    def forward(self, x):
        """The positive part of x."""
        self.mask = x <= 0
        out = x.copy()
        out[self.mask] = 0
        return out

    def backward(self, dout):
        """The gradient of the input, written into what it is given."""
        dout[self.mask] = 0
        return dout


class SoftmaxWithLoss:
    """The last layer: softmax and cross-entropy in one."""

    def forward(self, x, t):
        """The loss."""
        self.t = t
        self.y = softmax(x)
        return cross_entropy_error(self.y, t)

    def backward(self):
        """The gradient of the scores."""
        dx = self.y.copy()
        dx[np.arange(len(self.t)), self.t] -= 1
        return dx / len(self.t)


class TwoLayerNet:
    """Affine, sigmoid, affine, softmax with loss; its params are there to be written."""

    def __init__(self, params, dtype=float):
        self.params = {name: np.array(value, dtype) for name, value in params.items()}
        self.affine1 = Affine(self.params["W1"], self.params["b1"])
        self.activation = Sigmoid()
        self.affine2 = Affine(self.params["W2"], self.params["b2"])
        self.last_layer = SoftmaxWithLoss()

    def predict(self, x):
        """The scores of each row of x."""
        return self.affine2.forward(self.activation.forward(self.affine1.forward(x)))

    def loss(self, x, t):
        """The loss at the net's own parameters."""
        return self.last_layer.forward(self.predict(x), t)

    def accuracy(self, x, t):
        """The share of rows whose highest score is the label's."""
        return np.mean(np.argmax(self.predict(x), axis=1) == t)

    def numerical_gradient(self, x, t):
        """The gradient of each parameter, by a lambda that ignores W."""
        loss_W = captured_loss(self, x, t)
        return {name: numerical_gradient(loss_W, self.params[name]) for name in self.params}

    def gradient(self, x, t):
        """The gradient of each parameter, layer by layer backwards."""
        self.loss(x, t)
        dout = self.affine2.backward(self.last_layer.backward())
        self.affine1.backward(self.activation.backward(dout))
        return {
            "W1": self.affine1.dW,
            "b1": self.affine1.db,
            "W2": self.affine2.dW,
            "b2": self.affine2.db,
        }

    def step(self, x, t, learning_rate):
        """One step of gradient descent, written into the parameters; the loss before it."""
        grads = self.gradient(x, t)
        for name in self.params:
            self.params[name] -= learning_rate * grads[name]
        return cross_entropy_error(self.last_layer.y, t)


class MultiLayerNet:
    """Affine layers with relu between them, softmax with loss; its params are written into."""

    def __init__(self, params, dtype=float):
        self.params = {name: np.array(value, dtype) for name, value in params.items()}
        self.affines = [
            Affine(self.params[f"W{i}"], self.params[f"b{i}"])
            for i in range(1, len(self.params) // 2 + 1)
        ]
        self.layers = [self.affines[0]]
        for affine in self.affines[1:]:
            self.layers += [Relu(), affine]
        self.last_layer = SoftmaxWithLoss()

    def step(self, x, t, learning_rate):
        """One step of gradient descent, written into the parameters; the loss before it."""
        for layer in self.layers:
            x = layer.forward(x)
        loss = self.last_layer.forward(x, t)
        dout = self.last_layer.backward()
        for layer in reversed(self.layers):
            dout = layer.backward(dout)
        for affine in self.affines:
            affine.W -= learning_rate * affine.dW
            affine.b -= learning_rate * affine.db
        return loss
