"""Losses of a parameter that they never read, in JAX and in NumPy."""

import functools
from dataclasses import dataclass

import jax
import jax.numpy as jnp
import numpy as np

from comparisons.measures.purity.programs.program import drawn, drawn_jax, program

PARAMETERS = {"w": drawn(0, 3), "b": 0.5}


class Net:
    def __init__(self, make=drawn):
        self.W = make(1, 3, 2)
        self.params = {"W": make(2, 3, 2), "b": make(3, 2)}

    def loss(self, x, t):
        return ((x @ self.W - t) ** 2).mean()

    def loss_of(self, W, x, t):
        return ((x @ self.W - t) ** 2).mean()

    def biased(self, params, x, t):
        return ((x @ params["W"] + self.params["b"] - t) ** 2).mean()


@dataclass
class Layer:
    weight: jax.Array
    bias: jax.Array

    def __call__(self, x):
        return jnp.tanh(x @ self.weight + self.bias)


@program(("ignored-parameter", "W"), ("aliased-state", "net.W"))
def the_lambda_of_the_book():
    """The lambda ignores W; in-place perturbation of net.W itself makes up for it."""
    net, x, t = Net(), drawn(4, 5, 3), drawn(5, 5, 2)
    return lambda W: net.loss(x, t), (net.W,)


@program(("ignored-parameter", "W"), ("captured-array", "net.W"))
def the_lambda_of_the_book_on_a_copy():
    """The same lambda at a copy: no perturbation ever reaches the loss."""
    net, x, t = Net(), drawn(4, 5, 3), drawn(5, 5, 2)
    return lambda W: net.loss(x, t), (net.W.copy(),)


@program(("ignored-parameter", "weights"), ("aliased-state", "net.W"))
def a_view_of_the_weights():
    """What is passed is no longer the same object as the state, but the same memory."""
    net, x, t = Net(), drawn(4, 5, 3), drawn(5, 5, 2)

    def loss(weights):
        return net.loss(x, t)

    return loss, (net.W[:],)


@program(("ignored-parameter", "W"), ("captured-array", "net.W"))
def the_lambda_of_the_book_in_jax():
    """The idiom carried over to JAX unchanged."""
    net, x, t = Net(drawn_jax), drawn_jax(4, 5, 3), drawn_jax(5, 5, 2)
    return lambda W: net.loss(x, t), (net.W + 1,)


@program(("ignored-parameter", "W"), ("captured-array", "self.W"))
def a_method_with_an_argument_for_show():
    """A bound method takes W and reads self.W."""
    net = Net(drawn_jax)
    return net.loss_of, (drawn_jax(6, 3, 2), drawn_jax(4, 5, 3), drawn_jax(5, 5, 2))


@program(("ignored-parameter", "W"), ("captured-array", "self.W"))
def a_numpy_method_with_an_argument_for_show():
    """The same in NumPy."""
    return Net().loss_of, (drawn(6, 3, 2), drawn(4, 5, 3), drawn(5, 5, 2))


@program(("ignored-parameter", "params['b']"), ("aliased-state", "self.params['b']"))
def one_leaf_of_two_is_aliased():
    """The weights are read from the argument, the bias from the object it belongs to."""
    net = Net()
    params = {"W": net.params["W"].copy(), "b": net.params["b"]}
    return net.biased, (params, drawn(4, 5, 3), drawn(5, 5, 2))


@program(("ignored-parameter", "params['b']"), ("captured-array", "self.params['b']"))
def one_leaf_of_two_is_captured():
    """The same in JAX."""
    params = {"W": drawn_jax(6, 3, 2), "b": drawn_jax(7, 2)}
    return Net(drawn_jax).biased, (params, drawn_jax(4, 5, 3), drawn_jax(5, 5, 2))


@program(
    ("ignored-parameter", "params['W']"),
    ("ignored-parameter", "params['b']"),
    ("captured-array", "best['W']"),
    ("captured-array", "best['b']"),
)
def the_wrong_dictionary():
    """A slip of the keyboard: the loss reads another dictionary of the same form."""
    best = {"W": drawn_jax(1, 3, 2), "b": drawn_jax(2, 2)}
    x, t = drawn_jax(4, 5, 3), drawn_jax(5, 5, 2)

    @jax.jit
    def loss(params):
        predicted = x @ best["W"] + best["b"]
        return jnp.mean((predicted - t) ** 2)

    return loss, ({"W": drawn_jax(8, 3, 2), "b": drawn_jax(9, 2)},)


@program(("ignored-parameter", "w"), ("captured-array", "PARAMETERS['w']"))
def a_global_dictionary():
    """The loss reads the module's parameters."""

    def loss(w, x):
        return np.sum((x @ PARAMETERS["w"]) ** 2) + PARAMETERS["b"]

    return loss, (drawn(1, 3), drawn(2, 5, 3))


@program(("ignored-parameter", "W"), ("captured-array", "net.W"))
def used_without_effect():
    """The parameter is read and multiplied, which satisfies a linter; the result is dropped."""
    net, x, t = Net(drawn_jax), drawn_jax(4, 5, 3), drawn_jax(5, 5, 2)

    def loss(W):
        h = jnp.tanh(x @ W)
        h = jnp.tanh(x @ net.W)
        return jnp.sum((h - t) ** 2)

    return loss, (drawn_jax(6, 3, 2),)


@program(("ignored-parameter", "W"), ("captured-array", "net.W"))
def used_for_its_shape():
    """Only the shape of W is read: zeros like it, and the captured weights added."""
    net, x, t = Net(), drawn(4, 5, 3), drawn(5, 5, 2)

    def loss(W):
        weights = np.zeros_like(W) + net.W
        return np.mean((x @ weights - t) ** 2)

    return loss, (drawn(6, 3, 2),)


@program(("ignored-parameter", "W"), ("captured-array", "net.W"))
def used_for_its_shape_in_jax():
    """The same in JAX, where zeros_like leaves no trace of W."""
    net, x, t = Net(drawn_jax), drawn_jax(4, 5, 3), drawn_jax(5, 5, 2)

    def loss(W):
        weights = jnp.zeros_like(W) + net.W
        return jnp.mean((x @ weights - t) ** 2)

    return loss, (drawn_jax(6, 3, 2),)


@program(("ignored-parameter", "params['temperature']"))
def a_leaf_that_nothing_reads():
    """The temperature travels with the parameters, and no line divides by it."""
    x, t = drawn_jax(4, 5, 3), jnp.array([0, 1, 1, 0, 1])

    def loss(params):
        scores = x @ params["W"]
        return -jnp.mean(jax.nn.log_softmax(scores)[jnp.arange(5), t])

    return loss, ({"W": drawn_jax(1, 3, 2), "temperature": jnp.array(2.0)},)


@program(("ignored-parameter", "params['layers'][1]['b']"))
def one_bias_of_a_deep_nest():
    """One bias of three is forgotten, in NumPy."""
    x = drawn(4, 5, 3)

    def loss(params):
        first, second, third = params["layers"]
        h = np.tanh(x @ first["W"] + first["b"])
        h = np.tanh(h @ second["W"])
        return np.sum((h @ third["W"] + third["b"]) ** 2)

    sizes = [(3, 4), (4, 6), (6, 2)]
    layers = [{"W": drawn(n, n, m), "b": drawn(m, m)} for n, m in sizes]
    return loss, ({"layers": layers},)


@program(("ignored-parameter", "W"), ("captured-array", "layer.weight"), argnums=1)
def a_module_beside_the_argument():
    """A module with its own weights is called inside vmap; W is the second argument."""
    layer = Layer(drawn_jax(1, 3, 4), drawn_jax(2, 4))

    def loss(x, W):
        return jnp.mean(jax.vmap(layer)(x) ** 2)

    return loss, (drawn_jax(3, 5, 3), drawn_jax(4, 3, 4))


@program(("ignored-parameter", "b"), ("captured-array", "layer.bias"), argnums=(0, 1))
def the_second_of_two_arguments():
    """Of two differentiated arguments the second is for show."""
    layer = Layer(drawn_jax(1, 3, 4), drawn_jax(2, 4))

    def loss(W, b, x):
        return jnp.mean(jnp.tanh(x @ W + layer.bias) ** 2)

    return loss, (drawn_jax(5, 3, 4), drawn_jax(6, 4), drawn_jax(3, 5, 3))


@program(("ignored-parameter", "params"), ("captured-array", "weights"))
def a_partial_that_binds_the_weights():
    """functools.partial binds the weights that are read; the argument before them is not."""

    def loss(params, x, *, weights):
        return jnp.sum(jnp.tanh(x @ weights))

    x = drawn_jax(2, 5, 3)
    return functools.partial(loss, weights=drawn_jax(1, 3, 2)), (drawn_jax(3, 3, 2), x)
