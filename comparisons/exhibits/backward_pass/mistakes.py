"""Classic mistakes, each one change to what a right backward pass gives."""

from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import numpy as np

from comparisons.exhibits.backward_pass.cases import Arrays, Case, Gradients
from comparisons.exhibits.backward_pass.mutating import col2im


class Passed(NamedTuple):
    """A layer that has gone forward and backward, and what is right."""

    layer: Any
    dout: Any
    params: Arrays
    inputs: Arrays


Change = Callable[[Passed], Arrays]


class Mistake(NamedTuple):
    """One mistake in the backward pass of one layer.

    Attributes:
        what: in a few words.
        layer: the layer's class.
        change: the wrong gradients, by name.
        pattern: what purenet says of them; empty where there is no pattern to see.
    """

    what: str
    layer: str
    change: Change
    pattern: str = ""

    def wrong(self, case: Case, params: Arrays, inputs: Arrays, cotangent: Any) -> Gradients:
        """The layer's backward with the mistake in it."""
        layer, right = case.went_back(params, inputs, cotangent)
        changed = self.change(Passed(layer, cotangent, right[0], right[1]))
        of_params, of_inputs = ({n: changed.get(n, g) for n, g in part.items()} for part in right)
        return of_params, of_inputs

    def leaves(self, case: Case) -> set[str]:
        """The paths of the gradients that it spoils."""
        ones = jax.tree.map(np.ones_like, case.forward(case.params, case.inputs))
        layer, right = case.went_back(case.params, case.inputs, ones)
        changed = self.change(Passed(layer, ones, right[0], right[1]))
        return {f"params['{n}']" if n in case.params else f"inputs['{n}']" for n in changed}


def _uncropped(layer: Any) -> np.ndarray:
    """The gradient of a convolution's input, cut out of the padded image at its corner."""
    N, C, H, W = layer.x.shape
    padded = (N, C, H + 2 * layer.pad, W + 2 * layer.pad)
    return col2im(layer.dcol, padded, layer.W.shape[2], layer.W.shape[3], layer.stride)[
        :, :, :H, :W
    ]


def _without_mean(layer: Any, dout: np.ndarray) -> np.ndarray:
    """The gradient of batch normalization's input, but for the mean's part in it."""
    dxn = layer.gamma * dout
    dstd = -np.sum(dxn * layer.xc / layer.std**2, axis=0)
    return dxn / layer.std + layer.xc * dstd / layer.std / layer.batch_size


def _without_epsilon(layer: Any, dout: np.ndarray) -> np.ndarray:
    """The gradient of batch normalization's scale, but for what keeps the root from zero."""
    return np.sum(dout * layer.xc / np.sqrt(np.mean(layer.xc**2, axis=0)), axis=0)


def _tanh_twice(layer: Any, dout: np.ndarray) -> np.ndarray:
    """The gradient of a recurrent step's bias, tanh differentiated at what it has given."""
    return np.sum(dout * (1 - np.tanh(layer.cache[2]) ** 2), axis=0)


def _swapped_gates(layer: Any) -> np.ndarray:
    """The forget gate's and the input gate's gradients in one another's place."""
    f, g, i, o = np.split(layer.dA, 4, axis=1)
    return np.hstack((i, g, f, o))


MISTAKES = [  # first the one that PyTorch's gradcheck passes
    Mistake(
        "the 1e-6 under the root is left out",
        "BatchNormalization",
        lambda p: {"gamma": _without_epsilon(p.layer, p.dout)},
    ),
    Mistake(
        "the bias is summed over the wrong axis",
        "Affine",
        lambda p: {"b": p.dout.sum(axis=1)},
    ),
    Mistake(
        "the weight is not transposed",
        "Affine",
        lambda p: {"x": p.dout @ p.layer.W},
        "inputs and outputs exchanged",
    ),
    Mistake(
        "the gradient of the weight is transposed",
        "Affine",
        lambda p: {"W": p.params["W"].T},
        "the finite difference transposed",
    ),
    Mistake(
        "a factor y of y (1 - y) is forgotten",
        "Sigmoid",
        lambda p: {"x": p.dout * (1 - p.layer.out)},
    ),
    Mistake(
        "the mask has the wrong sign",
        "Relu",
        lambda p: {"x": p.dout * p.layer.mask},
    ),
    Mistake(
        "the batch size is forgotten",
        "SoftmaxWithLoss",
        lambda p: {"x": p.inputs["x"] * 3},
        "3 times the finite difference: perhaps a mean was taken for a sum",
    ),
    Mistake(
        "the term of the mean is left out",
        "BatchNormalization",
        lambda p: {"x": _without_mean(p.layer, p.dout)},
    ),
    Mistake(
        "the mask is forgotten on the way back",
        "Dropout",
        lambda p: {"x": p.dout},
    ),
    Mistake(
        "im2col is off by the padding",
        "Convolution",
        lambda p: {"x": _uncropped(p.layer)},
    ),
    Mistake(
        "the gradient of the maximum is spread over its window",
        "Pooling",
        lambda p: {"x": p.dout.repeat(2, axis=2).repeat(2, axis=3) / 4},
    ),
    Mistake(
        "tanh is differentiated at the output of the step",
        "RNN",
        lambda p: {"b": _tanh_twice(p.layer, p.dout)},
    ),
    Mistake(
        "gradients are overwritten at each time step, not added",
        "TimeRNN",
        lambda p: {name: getattr(p.layer.layers[0], f"d{name}") for name in p.params},
    ),
    Mistake(
        "two gates are swapped",
        "LSTM",
        lambda p: {"b": _swapped_gates(p.layer).sum(axis=0)},
    ),
]
