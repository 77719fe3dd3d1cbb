"""The losses whose first check is timed: small ones of every kind, and two that are not small."""

from collections.abc import Callable
from itertools import pairwise
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax


class Loss(NamedTuple):
    """A loss in float32, and what it is called with.

    Attributes:
        function: ``function(params, *data) -> scalar``.
        params: its parameters.
        data: its data.
    """

    function: Callable
    params: Any
    data: tuple


def softmax_regression() -> Loss:
    """Softmax regression of 8 inputs and 5 classes."""
    return _mlp((8, 5), batch=16)


def two_layers() -> Loss:
    """A network of two layers, 20-10-5."""
    return _mlp((20, 10, 5), batch=16)


def five_layers() -> Loss:
    """A network of five layers of 16 units."""
    return _mlp((16,) * 6, batch=16)


def lstm() -> Loss:
    """An LSTM of 8 units over 6 steps, by scan."""
    draw, units, inputs = _normal(3), 8, 5
    params = {
        "Wx": draw(inputs, 4 * units) / 2,
        "Wh": draw(units, 4 * units) / 3,
        "b": np.zeros(4 * units, np.float32),
        "W": draw(units, 3),
    }

    def loss(params, xs, targets):
        def step(carry, x):
            h, c = carry
            gates = x @ params["Wx"] + h @ params["Wh"] + params["b"]
            i, f, g, o = jnp.split(gates, 4, axis=-1)
            c = jax.nn.sigmoid(f) * c + jax.nn.sigmoid(i) * jnp.tanh(g)
            h = jax.nn.sigmoid(o) * jnp.tanh(c)
            return (h, c), h

        start = jnp.zeros((xs.shape[1], units))
        (h, _), _ = lax.scan(step, (start, start), xs)
        return _cross_entropy(h @ params["W"], targets)

    return Loss(loss, params, (draw(6, 4, inputs), np.arange(4) % 3))


def convolutions() -> Loss:
    """Two convolutions and a matrix, on images of 8 by 8."""
    draw = _normal(4)
    params = {
        "K1": draw(3, 3, 1, 4) / 3,
        "K2": draw(3, 3, 4, 4) / 6,
        "W": draw(4 * 4 * 4, 3) / 8,
        "b": np.zeros(3, np.float32),
    }

    def loss(params, images, targets):
        x = jnp.tanh(_convolved(images, params["K1"], stride=2))
        x = jnp.tanh(_convolved(x, params["K2"]))
        return _cross_entropy(x.reshape(len(x), -1) @ params["W"] + params["b"], targets)

    return Loss(loss, params, (draw(4, 8, 8, 1), np.arange(4) % 3))


def transformer(
    width: int = 32, blocks: int = 2, length: int = 16, words: int = 40, batch: int = 4
) -> Loss:
    """A language model; by default of two blocks, 28,000 parameters."""
    draw, heads = _normal(5), 4
    into, down = np.float32(np.sqrt(width)), np.float32(np.sqrt(4 * width))

    def block():
        return {
            "qkv": draw(width, 3 * width) / into,
            "out": draw(width, width) / into,
            "up": draw(width, 4 * width) / into,
            "down": draw(4 * width, width) / down,
            "g1": np.ones(width, np.float32),
            "g2": np.ones(width, np.float32),
        }

    params = {
        "words": draw(words, width) / into,
        "places": draw(length, width) / into,
        "blocks": [block() for _ in range(blocks)],
        "head": draw(width, words) / into,
    }

    def normalised(x, gain):
        x = x - x.mean(-1, keepdims=True)
        return gain * x / jnp.sqrt(jnp.mean(x**2, -1, keepdims=True) + 1e-5)

    def attended(x, p):
        q, k, v = (
            part.reshape(*x.shape[:2], heads, -1).swapaxes(1, 2)
            for part in jnp.split(x @ p["qkv"], 3, axis=-1)
        )
        scores = q @ k.swapaxes(-1, -2) / np.sqrt(width / heads)
        scores = jnp.where(np.tri(length, dtype=bool), scores, -1e9)
        mixed = (jax.nn.softmax(scores) @ v).swapaxes(1, 2).reshape(x.shape)
        return mixed @ p["out"]

    def loss(params, tokens):
        x = params["words"][tokens] + params["places"]
        for p in params["blocks"]:
            x = x + attended(normalised(x, p["g1"]), p)
            x = x + jax.nn.gelu(normalised(x, p["g2"]) @ p["up"]) @ p["down"]
        logits = x @ params["head"]
        return _cross_entropy(logits[:, :-1], tokens[:, 1:])

    return Loss(loss, params, (np.random.default_rng(6).integers(0, words, (batch, length)),))


def residual_network() -> Loss:
    """Three residual blocks with batch normalisation, 4,100 parameters."""
    draw, width = _normal(7), 8

    def block():
        return {
            "K1": draw(3, 3, width, width) / 8,
            "K2": draw(3, 3, width, width) / 8,
            "gain": np.ones(width, np.float32),
            "shift": np.zeros(width, np.float32),
        }

    params = {
        "first": draw(3, 3, 3, width) / 5,
        "blocks": [block(), block(), block()],
        "head": draw(width, 10) / 3,
    }

    def loss(params, images, targets):
        x = _convolved(images, params["first"])
        for p in params["blocks"]:
            y = _convolved(x, p["K1"])
            y = (y - y.mean((0, 1, 2))) / jnp.sqrt(y.var((0, 1, 2)) + 1e-5)
            y = jax.nn.relu(p["gain"] * y + p["shift"])
            x = x + _convolved(y, p["K2"])
        return _cross_entropy(x.mean((1, 2)) @ params["head"], targets)

    return Loss(loss, params, (draw(8, 8, 8, 3), np.arange(8) % 10))


SMALL = {
    "softmax regression 8-5": softmax_regression,
    "two layers 20-10-5": two_layers,
    "five layers of 16": five_layers,
    "LSTM by scan": lstm,
    "two convolutions and a matrix": convolutions,
}
LARGE = {"transformer of two blocks": transformer, "residual network": residual_network}


def mlp_of(parameters: int) -> Loss:
    """Two hidden layers of equal width, about so many parameters in all."""
    width = max(2, round((np.sqrt(12**2 + 8 * parameters) - 12) / 4))
    return _mlp((width, width, width, 10), batch=8)


def distinct(number: int) -> Loss:
    """One of any number of losses that differ in their equations."""
    draw = _normal(8)
    functions = (jnp.sin, jnp.tanh, jnp.exp, jax.nn.softplus, jnp.arctan, jnp.cos, jnp.sinh)

    def loss(w):
        x, rest = w, number
        for _ in range(4):
            x = functions[rest % len(functions)](0.5 * x)
            rest //= len(functions)
        return jnp.sum(x * x)

    return Loss(loss, draw(3), ())


def _mlp(widths: tuple[int, ...], batch: int) -> Loss:
    draw = _normal(1)
    params = [
        {"W": draw(n, m) / np.float32(np.sqrt(n)), "b": np.zeros(m, np.float32)}
        for n, m in pairwise(widths)
    ]

    def loss(params, x, targets):
        for i, layer in enumerate(params):
            x = (jnp.tanh(x) if i else x) @ layer["W"] + layer["b"]
        return _cross_entropy(x, targets)

    return Loss(loss, params, (draw(batch, widths[0]), np.arange(batch) % widths[-1]))


def _cross_entropy(logits: Any, targets: Any) -> Any:
    chosen = jnp.take_along_axis(jax.nn.log_softmax(logits), targets[..., None], axis=-1)
    return -jnp.mean(chosen)


def _convolved(images: Any, kernel: Any, stride: int = 1) -> Any:
    layout = ("NHWC", "HWIO", "NHWC")
    strides = (stride, stride)
    return lax.conv_general_dilated(images, kernel, strides, "SAME", dimension_numbers=layout)


def _normal(seed: int) -> Callable:
    rng = np.random.default_rng(seed)
    return lambda *shape: rng.standard_normal(shape).astype(np.float32)
