"""The mutating original: module, loss, optimizer and trainer as objects that write into each other.

The same training is done by real PyTorch where it is installed (`train_with_torch`).
"""

import importlib
import importlib.util
import math
from typing import Any

import numpy as np

MOMENTUM = 0.9
_recording = True


class no_grad:  # noqa: N801 - its name everywhere
    """A region in which nothing is remembered for backward."""

    def __enter__(self):
        """Switch recording off, for everybody."""
        global _recording
        self.before, _recording = _recording, False

    def __exit__(self, *error):
        """Switch it back."""
        global _recording
        _recording = self.before


class Parameter:
    """An array, and the gradient that backward adds to."""

    def __init__(self, data):
        self.data = data
        self.grad = np.zeros_like(data)


class Linear:
    """x Wᵀ + b with a weight of shape (out, in); remembers its input."""

    def __init__(self, weight, bias):
        self.weight = Parameter(np.array(weight, float))
        self.bias = Parameter(np.array(bias, float))

    def parameters(self):
        """What there is to train."""
        return [self.weight, self.bias]

    def __call__(self, x):
        """The outputs."""
        self.x = x if _recording else None
        return x @ self.weight.data.T + self.bias.data

    def backward(self, dout):
        """Add to the gradients."""
        self.weight.grad += dout.T @ self.x
        self.bias.grad += dout.sum(axis=0)


class MeanSquaredError:
    """The loss of a module's output, as an object with a value and a backward."""

    def __init__(self, module, x, t):
        self.module = module
        self.difference = module(x) - t
        self.value = np.mean(self.difference**2)
        self.recorded = _recording

    def backward(self):
        """Send the gradient of the value into the module's parameters."""
        if not self.recorded:
            raise RuntimeError("the loss was computed in a no_grad region")
        self.module.backward(2 * self.difference / self.difference.size)


class SGD:
    """Gradient descent with momentum, writing into the parameters."""

    def __init__(self, parameters, lr, momentum=MOMENTUM):
        self.parameters = parameters
        self.lr = lr
        self.momentum = momentum
        self.velocity = [np.zeros_like(p.data) for p in parameters]

    def zero_grad(self):
        """Forget the gradients: backward adds, so this must not be forgotten."""
        for p in self.parameters:
            p.grad[...] = 0

    def step(self):
        """Move the parameters."""
        for p, v in zip(self.parameters, self.velocity, strict=True):
            v *= self.momentum
            v += p.grad
            p.data -= self.lr * v


class Trainer:
    """The training step of the object style: each line changes something somewhere else."""

    def __init__(self, module, base_lr):
        self.module = module
        self.base_lr = base_lr
        self.optimizer = SGD(module.parameters(), base_lr)

    def update_learning_rate(self, iteration):
        """Halve the rate every twenty iterations, in the optimizer."""
        self.optimizer.lr = self.base_lr * 0.5 ** (iteration // 20)

    def optimize_parameters(self, x, t, iteration):
        """One step; the loss before it."""
        self.update_learning_rate(iteration)
        self.optimizer.zero_grad()
        loss = MeanSquaredError(self.module, x, t)
        loss.backward()
        self.optimizer.step()
        return loss.value


def captured_loss(module, x, t):
    """A function of a weight that never looks at it."""
    return lambda weight: MeanSquaredError(module, x, t).value


def train(weight, bias, x, t, base_lr, iterations):
    """The loss, learning rate and weight of every step, by the objects above."""
    trainer = Trainer(Linear(weight, bias), base_lr)
    losses, rates, weights = [], [], []
    for iteration in range(iterations):
        losses.append(trainer.optimize_parameters(x, t, iteration))
        rates.append(trainer.optimizer.lr)
        weights.append(trainer.module.weight.data.copy())
    return np.array(losses), np.array(rates), np.array(weights)


def torch_if_installed() -> Any:
    """The module torch, or None."""
    if importlib.util.find_spec("torch") is None:
        return None
    return importlib.import_module("torch")


def train_with_torch(torch, weight, bias, x, t, base_lr, iterations):
    """The same by PyTorch: torch.nn.Linear, MSELoss and optim.SGD."""
    module = torch.nn.Linear(weight.shape[1], weight.shape[0], dtype=torch.float64)
    with torch.no_grad():
        module.weight.copy_(torch.tensor(weight))
        module.bias.copy_(torch.tensor(bias))
    x, t = torch.tensor(x), torch.tensor(t)
    optimizer = torch.optim.SGD(module.parameters(), lr=base_lr, momentum=MOMENTUM)
    losses, rates, weights = [], [], []
    for iteration in range(iterations):
        for group in optimizer.param_groups:
            group["lr"] = base_lr * 0.5 ** (iteration // 20)
        optimizer.zero_grad()
        loss = torch.nn.functional.mse_loss(module(x), t)
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
        rates.append(optimizer.param_groups[0]["lr"])
        weights.append(module.weight.detach().numpy().copy())
    return np.array(losses), np.array(rates), np.array(weights)


def uniform_(array, draw, limit):
    """Write uniform numbers from [-limit, limit) into an array."""
    array[...] = draw.uniform(-limit, limit, array.shape)


def normal_(array, draw, std):
    """Write normal numbers into an array."""
    array[...] = std * draw.standard_normal(array.shape)


def xavier_uniform_(array, draw):
    """Glorot's law for a weight (out, in)."""
    uniform_(array, draw, math.sqrt(6 / (array.shape[0] + array.shape[1])))


def kaiming_normal_(array, draw):
    """He's law for a weight (out, in): only its inputs count."""
    normal_(array, draw, math.sqrt(2 / array.shape[1]))


def constant_(array, value):
    """Write one number into an array: zeros with 0."""
    array[...] = value
