"""The planted loss, in each library: its parameters pass an identity whose backward pass errs."""

from collections.abc import Callable
from importlib import import_module
from typing import Any, Protocol

import jax
import numpy as np

from comparisons.measures.detection.plants import IGNORED, Change, Plant
from comparisons.measures.speed import libraries
from comparisons.measures.speed.networks import Network, Parameters


class Differentiating(libraries.Library, Protocol):
    """A library that differentiates, and lets an operation bring its own backward pass."""

    def identity(self, change: Change, leaf: Any) -> Any:
        """The leaf, whose gradient is handed on changed."""
        ...


class Jax(libraries.Jax):
    """JAX, by its custom_vjp."""

    def identity(self, change: Change, leaf: Any) -> Any:
        """The leaf, whose gradient is handed on changed."""
        identity = jax.custom_vjp(lambda x: x)
        identity.defvjp(lambda x: (x, None), lambda _, g: (change.of(self, g),))
        return identity(leaf)


class Torch(libraries.Torch):
    """PyTorch, by its autograd.Function."""

    def identity(self, change: Change, leaf: Any) -> Any:
        """The leaf, whose gradient is handed on changed."""

        class Identity(self.torch.autograd.Function):
            """PyTorch wants a class of two static methods."""

            @staticmethod
            def forward(_, x: Any) -> Any:
                """A copy, since a leaf handed out again would be the leaf itself."""
                return x.clone()

            @staticmethod
            def backward(_, g: Any) -> Any:
                """The gradient, changed."""
                return change.of(self, g)

        return Identity.apply(leaf)


class Autograd:
    """autograd, by its primitive; its NumPy is a peer that may be missing."""

    def __init__(self):
        self.module, self.extend = map(import_module, ("autograd.numpy", "autograd.extend"))
        self.exp, self.log, self.tanh = self.module.exp, self.module.log, self.module.tanh

    def array(self, x: np.ndarray) -> Any:
        """An array as it is: autograd takes NumPy's own."""
        return np.asarray(x)

    def sum(self, x: Any, axis: int) -> Any:
        """The sum along an axis, which is kept."""
        return self.module.sum(x, axis=axis, keepdims=True)

    def largest(self, x: Any, axis: int) -> Any:
        """The maximum along an axis, which is kept and held constant."""
        held = import_module("autograd.tracer").getval(x)
        return np.max(held, axis=axis, keepdims=True)

    def convolve(self, x: Any, kernel: Any) -> Any:
        """By one matrix product for each of the nine places; autograd's own knows no batch."""
        height, width = x.shape[1:3]
        padded = self.module.pad(x, ((0, 0), (1, 1), (1, 1), (0, 0)), "constant")
        return sum(
            padded[:, i : i + height, j : j + width] @ kernel[i, j]
            for i in range(3)
            for j in range(3)
        )

    def identity(self, change: Change, leaf: Any) -> Any:
        """The leaf, whose gradient is handed on changed."""
        identity = self.extend.primitive(lambda x: x)
        self.extend.defvjp(identity, lambda *_: lambda g: change.of(self, g))
        return identity(leaf)


def loss_of(
    network: Network, plant: Plant, library: Differentiating
) -> tuple[Callable[[Parameters, tuple], Any], Parameters, tuple]:
    """The planted loss, ``loss(parameters, data)``, and the two arguments to call it with."""
    at, captured = (
        {name: library.array(p) for name, p in network.parameters.items()} for _ in range(2)
    )
    data = tuple(map(library.array, network.data))
    right = {name: Change(np.ones((), p.dtype)) for name, p in network.parameters.items()}
    changes = right | plant.changes

    def loss(parameters: Parameters, data: tuple) -> Any:
        if plant.kind == IGNORED:
            parameters = captured  # copies: PyTorch's gradcheck moves its arguments in place
        else:
            parameters = {k: library.identity(changes[k], p) for k, p in parameters.items()}
        return network.loss(library, parameters, data)

    return loss, at, data
