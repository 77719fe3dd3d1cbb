"""The few operations that the networks need, by the same names in NumPy, JAX and PyTorch."""

import math
from importlib import import_module
from types import ModuleType
from typing import Any, Protocol

import jax
import jax.numpy as jnp
import numpy as np


class Library(Protocol):
    """An array library; arrays of each have ``@``, arithmetic, ``reshape`` and ``swapaxes``."""

    def array(self, x: np.ndarray) -> Any:
        """A library's own array."""
        ...

    def exp(self, x: Any) -> Any:
        """The exponential."""
        ...

    def tanh(self, x: Any) -> Any:
        """The hyperbolic tangent."""
        ...

    def sum(self, x: Any, axis: int) -> Any:
        """The sum along an axis, which is kept."""
        ...

    def largest(self, x: Any, axis: int) -> Any:
        """The maximum along an axis, which is kept; held constant by those that differentiate."""
        ...

    def convolve(self, x: Any, kernel: Any) -> Any:
        """A 3x3 convolution that keeps the size: (n, y, x, in) by (3, 3, in, out)."""
        ...


class _Arrays:
    """What NumPy and JAX share."""

    def __init__(self, module: ModuleType):
        self.module = module
        self.exp, self.log, self.tanh = module.exp, module.log, module.tanh

    def array(self, x: np.ndarray) -> Any:
        """An array of the library."""
        return self.module.asarray(x)

    def sum(self, x: Any, axis: int) -> Any:
        """The sum along an axis, which is kept."""
        return self.module.sum(x, axis=axis, keepdims=True)


class Numpy(_Arrays):
    """The operations of the networks in NumPy."""

    def __init__(self):
        super().__init__(np)

    def largest(self, x: Any, axis: int) -> Any:
        """The maximum along an axis, which is kept."""
        return np.max(x, axis=axis, keepdims=True)

    def convolve(self, x: Any, kernel: Any) -> Any:
        """By a view of all windows and one matrix product."""
        padded = np.pad(x, ((0, 0), (1, 1), (1, 1), (0, 0)))
        windows = np.lib.stride_tricks.sliding_window_view(padded, (3, 3), axis=(1, 2))
        return np.tensordot(windows, kernel, axes=((4, 5, 3), (0, 1, 2)))


class Jax(_Arrays):
    """The operations of the networks in JAX."""

    def __init__(self):
        super().__init__(jnp)

    def largest(self, x: Any, axis: int) -> Any:
        """The maximum along an axis, which is kept and held constant."""
        return jax.lax.stop_gradient(jnp.max(x, axis=axis, keepdims=True))

    def convolve(self, x: Any, kernel: Any) -> Any:
        """A convolution, by XLA."""
        return jax.lax.conv_general_dilated(
            x, kernel, (1, 1), "SAME", dimension_numbers=("NHWC", "HWIO", "NHWC")
        )


class Torch:
    """PyTorch, on two threads like the others."""

    def __init__(self):
        torch = import_module("torch")  # an extra, which a type checker need not find

        self.torch = torch
        self.exp, self.log, self.tanh = torch.exp, torch.log, torch.tanh

    def array(self, x: np.ndarray) -> Any:
        """A tensor."""
        return self.torch.tensor(x)

    def sum(self, x: Any, axis: int) -> Any:
        """The sum along an axis, which is kept."""
        return self.torch.sum(x, dim=axis, keepdim=True)

    def largest(self, x: Any, axis: int) -> Any:
        """The maximum along an axis, which is kept and held constant."""
        return self.torch.amax(x, dim=axis, keepdim=True).detach()

    def convolve(self, x: Any, kernel: Any) -> Any:
        """By PyTorch's own, which wants channels first."""
        y = self.torch.nn.functional.conv2d(
            x.permute(0, 3, 1, 2), kernel.permute(3, 2, 0, 1), padding=1
        )
        return y.permute(0, 2, 3, 1)


def sigmoid(library: Library, x: Any) -> Any:
    """The logistic function."""
    return 1 / (1 + library.exp(-x))


def gelu(library: Library, x: Any) -> Any:
    """The tanh form of the Gaussian error linear unit."""
    return 0.5 * x * (1 + library.tanh(math.sqrt(2 / math.pi) * (x + 0.044715 * x * x * x)))


def softmax(library: Library, x: Any) -> Any:
    """The softmax along the last axis."""
    e = library.exp(x - library.largest(x, -1))
    return e / library.sum(e, -1)
