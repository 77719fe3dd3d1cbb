"""Parameters in every container and dtype, shared, nested, and beside empty ones."""

from dataclasses import dataclass
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from comparisons.measures.purity.programs.program import drawn, drawn_jax, program


class Affine(NamedTuple):
    W: jax.Array
    b: jax.Array


@jax.tree_util.register_dataclass
@dataclass(frozen=True)
class Mlp:
    layers: list[Affine]
    scale: jax.Array

    def __call__(self, x):
        """The network at x."""
        for layer in self.layers:
            x = jnp.tanh(x @ layer.W + layer.b)
        return self.scale * x


def affine(seed, inputs, outputs):
    """A layer of random weights."""
    return Affine(drawn_jax(seed, inputs, outputs), drawn_jax(seed + 1, outputs))


@program()
def a_frozen_dataclass():
    """The model is the parameters."""
    x = drawn_jax(9, 5, 3)

    @jax.jit
    def loss(model):
        return jnp.mean(model(x) ** 2)

    return loss, (Mlp([affine(1, 3, 4), affine(3, 4, 2)], jnp.array(1.5)),)


@program()
def a_method_of_the_parameters():
    """The bound method of a configuration that calls the model it is given."""
    x = drawn_jax(9, 5, 3)
    return lambda model: jnp.sum(Mlp.__call__(model, x) ** 2), (
        Mlp([affine(1, 3, 2)], jnp.array(0.5)),
    )


@program()
def lists_tuples_and_nothing():
    """Empty containers and None among the leaves."""

    def loss(params):
        first, (second, _), _, _ = params
        return jnp.sum(first["W"] ** 2) + jnp.sum(jnp.sin(second))

    return loss, ([{"W": drawn_jax(1, 2), "none": None}, (drawn_jax(2, 3), []), {}, ()],)


@program()
def tied_weights():
    """An autoencoder that decodes by the transposed matrix."""
    x = drawn_jax(1, 5, 3)

    def loss(params):
        W = params["W"]
        return jnp.mean((jnp.tanh(x @ W) @ W.T - x) ** 2)

    return loss, ({"W": drawn_jax(2, 3, 2)},)


@program()
def one_array_under_two_names():
    """Two leaves are the same object, and both are read."""
    W, x = drawn(1, 3, 3), drawn(2, 5, 3)

    def loss(params):
        return np.mean((np.tanh(x @ params["encoder"]) @ params["decoder"] - x) ** 2)

    return loss, ({"encoder": W, "decoder": W},)


@program()
def one_jax_array_under_two_names():
    """The same in JAX."""
    W, x = drawn_jax(1, 3, 3), drawn_jax(2, 5, 3)

    def loss(params):
        return jnp.mean((jnp.tanh(x @ params["encoder"]) @ params["decoder"] - x) ** 2)

    return loss, ({"encoder": W, "decoder": W},)


@program(argnums=(0, 1))
def two_arguments():
    """W and b apart."""

    def loss(W, b, x):
        return jnp.mean((x @ W + b) ** 2)

    return loss, (drawn_jax(1, 3, 2), drawn_jax(2, 2), drawn_jax(3, 5, 3))


@program(argnums=2)
def the_last_argument():
    """Data first, and labels that are integers, which are no parameters."""

    def loss(x, t, W):
        return -jnp.mean(jax.nn.log_softmax(x @ W)[jnp.arange(len(t)), t])

    return loss, (drawn_jax(1, 5, 3), jnp.array([0, 1, 1, 0, 1]), drawn_jax(2, 3, 2))


@program()
def an_argument_that_is_no_parameter_and_unused():
    """The second argument is ignored, as an interface wants it."""

    def loss(w, step):
        return jnp.sum(w**2)

    return loss, (drawn_jax(1, 3), 0)


@program()
def a_scalar_of_python():
    """The parameter is a Python float, the data are JAX arrays."""

    def loss(w, x, t):
        return jnp.mean((x * w - t) ** 2)

    return loss, (0.5, drawn_jax(1, 5), drawn_jax(2, 5))


@program()
def half_precision():
    """float16 throughout."""
    x = drawn_jax(1, 5, 3).astype(jnp.float16)
    return lambda w: jnp.mean((x @ w) ** 2), (drawn_jax(2, 3).astype(jnp.float16),)


@program()
def computed_in_bfloat16():
    """Mixed precision: cast down, multiplied, cast up."""
    x = drawn_jax(1, 5, 3)

    def loss(params):
        low = jax.tree.map(lambda p: p.astype(jnp.bfloat16), params)
        scores = x.astype(jnp.bfloat16) @ low["W"] + low["b"]
        return jnp.mean(scores.astype(jnp.float32) ** 2)

    return loss, ({"W": drawn_jax(2, 3, 2), "b": drawn_jax(3, 2)},)


@program()
def float32_in_numpy():
    """Single precision in NumPy: differences are coarse, and the loss no staircase."""
    x = drawn(1, 5, 3).astype(np.float32)
    return lambda w: np.mean(np.tanh(x @ w) ** 2), (drawn(2, 3).astype(np.float32),)


@program()
def batch_normalisation_with_state():
    """The running statistics come as an argument; they are read, and what is new is dropped."""

    def loss(params, state, x):
        h = x @ params["W"]
        mean = 0.9 * state["mean"] + 0.1 * jnp.mean(h, axis=0)
        state = {**state, "mean": mean}
        h = (h - state["mean"]) / jnp.sqrt(jnp.var(h, axis=0) + 1e-3)
        return jnp.mean((params["scale"] * h) ** 4)

    params = {"W": drawn_jax(1, 3, 2), "scale": jnp.ones(2)}
    return loss, (params, {"mean": jnp.zeros(2)}, drawn_jax(2, 5, 3))
