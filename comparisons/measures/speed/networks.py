"""The five networks: one loss each, written once for NumPy, JAX and PyTorch."""

from collections.abc import Callable
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np

from comparisons.measures.speed.libraries import Library, gelu, sigmoid, softmax

Parameters = dict[str, Any]


class Network(NamedTuple):
    """A loss and a place to differentiate it.

    Attributes:
        name: as the tables show it.
        description: its sizes, and the batch.
        loss: ``loss(library, parameters, data) -> scalar``, mean over the batch.
        parameters: float64 arrays by name.
        data: arrays that the loss reads beside them.
        exponentials: for each parameter, how many exponentials and hyperbolic tangents depend on
            one coordinate of it: what no exact evaluation can avoid.
    """

    name: str
    description: str
    loss: Callable[[Library, Parameters, tuple], Any]
    parameters: dict[str, np.ndarray]
    data: tuple[np.ndarray, ...]
    exponentials: dict[str, int]

    @property
    def coordinates(self) -> int:
        """The number of parameters."""
        return sum(p.size for p in self.parameters.values())

    @property
    def all_exponentials(self) -> int:
        """The exponentials of two evaluations a coordinate."""
        return sum(2 * p.size * self.exponentials[name] for name, p in self.parameters.items())

    def cast(self, dtype: type) -> "Network":
        """The network in another floating-point type."""
        return self._replace(
            parameters={name: p.astype(dtype) for name, p in self.parameters.items()},
            data=tuple(x.astype(dtype) if x.dtype.kind == "f" else x for x in self.data),
        )


def two_layer_net(hidden: int = 50, inputs: int = 784, classes: int = 10) -> Network:
    """The book's network, on a batch of 100."""
    rng, batch = np.random.default_rng(0), 100
    parameters = {
        "W1": rng.normal(size=(inputs, hidden)) * 0.01,
        "b1": np.zeros(hidden),
        "W2": rng.normal(size=(hidden, classes)) * 0.01,
        "b2": np.zeros(classes),
    }

    def loss(library, p, data):
        x, t = data
        hidden_layer = sigmoid(library, x @ p["W1"] + p["b1"])
        return _cross_entropy(library, hidden_layer @ p["W2"] + p["b2"], t)

    # the sigmoid's own, one a row, are left out
    exponentials = {"W1": batch * classes, "b1": batch * classes, "W2": batch, "b2": batch}
    data = (rng.uniform(size=(batch, inputs)), _one_hot(rng, batch, classes))
    description = f"two_layer_net {inputs}-{hidden}-{classes}, batch {batch}"
    return Network("book", description, loss, parameters, data, exponentials)


def mlp() -> Network:
    """Three layers, 784-256-128-10, on a batch of 32; tanh, since a kink has no derivative."""
    rng, batch = np.random.default_rng(1), 32
    sizes = (784, 256, 128, 10)
    parameters = {}
    for layer, (inputs, outputs) in enumerate(pairwise(sizes), 1):
        parameters[f"W{layer}"] = rng.normal(size=(inputs, outputs)) * inputs**-0.5
        parameters[f"b{layer}"] = np.zeros(outputs)

    def loss(library, p, data):
        x, t = data
        x = library.tanh(x @ p["W1"] + p["b1"])
        x = library.tanh(x @ p["W2"] + p["b2"])
        return _cross_entropy(library, x @ p["W3"] + p["b3"], t)

    exponentials = {
        **dict.fromkeys(("W1", "b1"), batch * (1 + 128 + 10)),
        **dict.fromkeys(("W2", "b2"), batch * (1 + 10)),
        **dict.fromkeys(("W3", "b3"), batch),
    }
    data = (rng.uniform(size=(batch, 784)), _one_hot(rng, batch, 10))
    return Network("mlp", "784-256-128-10, tanh, batch 32", loss, parameters, data, exponentials)


def cnn() -> Network:
    """Two convolutions with tanh and average pooling, then a matrix, on 28x28, batch 16."""
    rng, batch = np.random.default_rng(2), 16
    parameters = {
        "K1": rng.normal(size=(3, 3, 1, 8)) * 0.3,
        "b1": np.zeros(8),
        "K2": rng.normal(size=(3, 3, 8, 16)) * 0.1,
        "b2": np.zeros(16),
        "W": rng.normal(size=(784, 10)) * 0.03,
        "b": np.zeros(10),
    }

    def loss(library, p, data):
        x, t = data
        x = _pooled(library.tanh(library.convolve(x, p["K1"]) + p["b1"]))
        x = _pooled(library.tanh(library.convolve(x, p["K2"]) + p["b2"]))
        return _cross_entropy(library, x.reshape(batch, -1) @ p["W"] + p["b"], t)

    exponentials = {
        **dict.fromkeys(("K1", "b1"), batch * (784 + 196 * 16 + 10)),
        **dict.fromkeys(("K2", "b2"), batch * (196 + 10)),
        **dict.fromkeys(("W", "b"), batch),
    }
    data = (rng.uniform(size=(batch, 28, 28, 1)), _one_hot(rng, batch, 10))
    description = "28x28, two convolutions of 8 and 16 channels, batch 16"
    return Network("cnn", description, loss, parameters, data, exponentials)


def transformer_block() -> Network:
    """One block with four heads and a causal mask, width 64, 32 tokens."""
    rng, tokens, width, heads = np.random.default_rng(3), 32, 64, 4
    shapes = {"Q": (64, 64), "K": (64, 64), "V": (64, 64), "O": (64, 64)}
    shapes |= {"U": (64, 256), "D": (256, 64)}
    parameters = {name: rng.normal(size=s) * s[0] ** -0.5 for name, s in shapes.items()}
    parameters |= {"u": np.zeros(256), "d": np.zeros(64)}
    for norm in ("1", "2"):
        parameters |= {f"gain{norm}": np.ones(width), f"shift{norm}": np.zeros(width)}
    mask = np.where(np.tril(np.ones((tokens, tokens))) > 0, 0.0, -1e9)

    def normalised(library, x, p, number):
        centred = x - library.sum(x, -1) / width
        variance = library.sum(centred * centred, -1) / width
        return centred * (variance + 1e-5) ** -0.5 * p[f"gain{number}"] + p[f"shift{number}"]

    def split(x):
        return x.reshape(tokens, heads, -1).swapaxes(0, 1)

    def loss(library, p, data):
        x, target, mask = data
        y = normalised(library, x, p, "1")
        query, key, value = (split(y @ p[name]) for name in "QKV")
        scores = query @ key.swapaxes(1, 2) * (width / heads) ** -0.5 + mask
        attended = (softmax(library, scores) @ value).swapaxes(0, 1).reshape(tokens, width)
        x = x + attended @ p["O"]
        y = normalised(library, x, p, "2")
        x = x + gelu(library, y @ p["U"] + p["u"]) @ p["D"] + p["d"]
        return ((x - target) * (x - target)).mean()

    gelus, weights = tokens * 256, tokens * tokens
    exponentials = {
        **dict.fromkeys(("Q", "K"), weights + gelus),
        **dict.fromkeys(("V", "O", "gain2", "shift2"), gelus),
        **dict.fromkeys(("gain1", "shift1"), heads * weights + gelus),
        **dict.fromkeys(("U", "u"), tokens),
        **dict.fromkeys(("D", "d"), 0),
    }
    data = (rng.normal(size=(tokens, width)), rng.normal(size=(tokens, width)), mask)
    description = "one transformer block, width 64, four heads, 32 tokens"
    return Network("block", description, loss, parameters, data, exponentials)


def softmax_regression() -> Network:
    """One matrix, 784-10, on a batch of 100."""
    rng, batch = np.random.default_rng(4), 100
    parameters = {"W": rng.normal(size=(784, 10)) * 0.01, "b": np.zeros(10)}

    def loss(library, p, data):
        x, t = data
        return _cross_entropy(library, x @ p["W"] + p["b"], t)

    data = (rng.uniform(size=(batch, 784)), _one_hot(rng, batch, 10))
    exponentials = {"W": batch, "b": batch}
    description = "softmax regression 784-10, batch 100"
    return Network("softmax", description, loss, parameters, data, exponentials)


NETWORKS = (two_layer_net, mlp, cnn, transformer_block, softmax_regression)


def _cross_entropy(library, logits, one_hot):
    """The mean cross-entropy of logits, by log-sum-exp."""
    shifted = logits - library.largest(logits, -1)
    log_sum = library.log(library.sum(library.exp(shifted), -1))
    return -((shifted - log_sum) * one_hot).sum() / len(one_hot)


def _pooled(x):
    """The mean of each 2x2 square."""
    return (x[:, ::2, ::2] + x[:, 1::2, ::2] + x[:, ::2, 1::2] + x[:, 1::2, 1::2]) / 4


def _one_hot(rng, batch: int, classes: int) -> np.ndarray:
    return np.eye(classes)[rng.integers(0, classes, batch)]
