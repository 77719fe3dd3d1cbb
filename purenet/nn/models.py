"""Models as two pure functions: init makes the parameters, apply uses them."""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, PyTree

from purenet.nn.activations import sigmoid
from purenet.nn.initializers import he_normal, normal
from purenet.nn.layers import linear


class Model(NamedTuple):
    """A model: ``init(key) -> params`` and ``apply(params, x) -> predictions``, both pure.

    The parameters are a pytree that the caller keeps; the model holds none. ``init`` takes
    ``dtype=`` (default: JAX's float32, or float64 under x64).

    >>> model = two_layer_net(64, 50, 10)
    >>> params = model.init(jax.random.key(0))
    >>> jax.tree.map(jnp.shape, params)
    {'W1': (64, 50), 'W2': (50, 10), 'b1': (50,), 'b2': (10,)}
    """

    init: Callable[..., PyTree]
    apply: Callable[[Any, Any], Array]


def linear_model() -> Model:
    """One 1x1 weight and no bias: the smallest network.

    ``params = {'W': (1, 1)}``, standard normal; ``apply(params, x)``: (..., 1) to (..., 1).
    """
    return _single_weight(1, 1)


def simple_net(inputs: int = 2, outputs: int = 3) -> Model:
    """The book's simpleNet: logits x W.

    ``params = {'W': (inputs, outputs)}``, standard normal; ``apply``: (..., inputs) to
    (..., outputs), logits without softmax.

    Raises:
        ValueError: where a size is not a positive whole number.

    Source: Deep Learning from Scratch, section 4.4.2.
    """
    return _single_weight(inputs, outputs)


def two_layer_net(inputs: int, hidden: int, outputs: int, *, weight_scale: float = 0.01) -> Model:
    """The book's TwoLayerNet: affine, sigmoid, affine; logits out.

    ``params = {'W1': (inputs, hidden), 'b1': (hidden,), 'W2': (hidden, outputs),
    'b2': (outputs,)}``;
    ``apply``: (..., inputs) to (..., outputs), logits without softmax.

    Args:
        inputs: width of the input.
        hidden: width of the hidden layer.
        outputs: number of classes.
        weight_scale: standard deviation of W1 and W2 (0.01 in the book); biases start at zero.

    Raises:
        ValueError: where a size is not a positive whole number.

    Source: Deep Learning from Scratch, section 4.5.1.
    """
    return _layered((inputs, hidden, outputs), sigmoid, normal(weight_scale))


def mlp(*sizes: int, activation: Callable[[Array], Array] = jax.nn.relu) -> Model:
    """A multi-layer perceptron: affine layers with an activation between them; logits out.

    ``params = {'W1': (sizes[0], sizes[1]), 'b1': (sizes[1],), 'W2': ...}``; weights He-normal,
    biases zero; ``apply``: (..., sizes[0]) to (..., sizes[-1]).

    Args:
        sizes: the widths, input first, two at least: ``mlp(784, 256, 128, 10)``.
        activation: applied after every layer but the last.

    Raises:
        ValueError: where there are fewer than two sizes, or one is not a positive whole number.

    Source: the initialiser is He, Zhang, Ren & Sun, ICCV 2015.
    """
    if len(sizes) < 2:
        raise ValueError(
            f"got sizes {sizes}; wanted two widths or more, input first; "
            "call mlp(784, 128, 10), say"
        )
    return _layered(sizes, activation, he_normal())


def addition_net(weight: float = 100.0) -> Model:
    """A net that only adds: prediction w + x.

    ``params = {'w': (1, 1)}``, always ``[[weight]]`` (the key is not used);
    ``apply``: (...) to (..., 1, 1) by broadcasting.

    >>> model = addition_net()
    >>> float(model.apply(model.init(jax.random.key(0)), 2.0)[0, 0])
    102.0
    """

    def init(key, dtype=None):
        del key
        return {"w": jnp.full((1, 1), weight, dtype=_float(dtype))}

    def apply(params, x):
        return params["w"] + x

    return Model(init, apply)


def _single_weight(inputs: int, outputs: int) -> Model:
    _require_sizes((inputs, outputs))

    def init(key, dtype=None):
        return {"W": jax.random.normal(key, (inputs, outputs), _float(dtype))}

    def apply(params, x):
        return linear(x, params["W"])

    return Model(init, apply)


def _layered(sizes: Sequence[int], activation, weight_initializer) -> Model:
    _require_sizes(sizes)
    layers = range(1, len(sizes))

    def init(key, dtype=None):
        params = {}
        for layer, layer_key in zip(layers, jax.random.split(key, len(layers)), strict=True):
            shape = (sizes[layer - 1], sizes[layer])
            params[f"W{layer}"] = weight_initializer(layer_key, shape, _float(dtype))
            params[f"b{layer}"] = jnp.zeros(sizes[layer], _float(dtype))
        return params

    def apply(params, x):
        for layer in layers:
            x = linear(x, params[f"W{layer}"], params[f"b{layer}"])
            x = activation(x) if layer < len(layers) else x
        return x

    return Model(init, apply)


def _float(dtype):
    return jnp.zeros((), dtype if dtype is not None else float).dtype


def _require_sizes(sizes: Sequence[int]) -> None:
    for size in sizes:
        if isinstance(size, bool) or not isinstance(size, int) or size < 1:
            raise ValueError(
                f"got sizes {tuple(sizes)}; wanted positive whole numbers; {size!r} is not one"
            )
