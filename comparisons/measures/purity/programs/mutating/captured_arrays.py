"""Captured arrays that an argument should have carried, deep inside JAX programs."""

import functools

import jax
import jax.numpy as jnp
import numpy as np

from comparisons.measures.purity.programs.program import drawn, drawn_jax, program


class Model:
    def __init__(self):
        self.layers = [{"W": drawn_jax(n, 3, 3 + n)} for n in range(2)]


def at_the_state(function, state):
    """A decorator that calls a function of parameters at a state of its own."""

    @functools.wraps(function)
    def wrapped(params, *data):
        return function(state, *data)

    return wrapped


@program(("captured-array", "params['W']"))
def weight_decay_of_the_captured_parameters():
    """The data's part reads the argument, the penalty the very arrays that are passed."""
    x, t = drawn_jax(1, 5, 3), drawn_jax(2, 5, 2)
    params = {"W": drawn_jax(3, 3, 2), "b": drawn_jax(4, 2)}

    def penalty():
        return 0.1 * jnp.sum(params["W"] ** 2)

    def data_loss(p):
        return jnp.mean((x @ p["W"] + p["b"] - t) ** 2)

    return lambda p: data_loss(p) + penalty(), (params,)


@program(("captured-array", "W"))
def weight_decay_of_the_captured_weights_in_numpy():
    """The same in NumPy, where in-place perturbation would hide it."""
    x, t, W = drawn(1, 5, 3), drawn(2, 5, 2), drawn(3, 3, 2)
    return lambda weights: np.mean((x @ weights - t) ** 2) + 0.1 * np.sum(W**2), (W,)


@program(("ignored-parameter", "layers"), ("captured-array", "stack"))
def a_scan_over_captured_layers():
    """The layers are scanned over, but those of the closure."""
    stack, x = drawn_jax(1, 4, 3, 3), drawn_jax(2, 3)

    def loss(layers):
        def step(h, W):
            return jnp.tanh(h @ W), None

        h, _ = jax.lax.scan(step, x, stack)
        return jnp.sum(h**2)

    return loss, (drawn_jax(3, 4, 3, 3),)


@program(("ignored-parameter", "params['U']"), ("captured-array", "saved['U']"))
def one_matrix_in_the_body_of_a_scan():
    """Inside the scan the recurrent matrix comes from the closure, the other from the argument."""
    saved = {"W": drawn_jax(1, 2, 3), "U": drawn_jax(2, 3, 3)}
    xs = drawn_jax(3, 5, 2)

    @jax.jit
    def loss(params):
        def step(h, x):
            return jnp.tanh(x @ params["W"] + h @ saved["U"]), None

        return jnp.sum(jax.lax.scan(step, jnp.ones(3), xs)[0])

    return loss, ({"W": drawn_jax(4, 2, 3), "U": drawn_jax(5, 3, 3)},)


@program(("ignored-parameter", "W"), ("captured-array", "W0"))
def a_jitted_inner_function():
    """The captured weights sit in the constants of a nested jit."""
    W0, x = drawn_jax(1, 3, 2), drawn_jax(2, 5, 3)

    @jax.jit
    def predicted():
        return jnp.tanh(x @ W0)

    def loss(W):
        return jnp.mean(predicted() ** 2)

    return loss, (drawn_jax(3, 3, 2),)


@program(("ignored-parameter", "W"), ("captured-array", "W0"))
def a_custom_vjp_with_weights_of_its_own():
    """A hand-written derivative whose forward pass reads the closure's weights."""
    W0 = drawn_jax(1, 3, 2)

    @jax.custom_vjp
    def layer(x):
        return x @ W0

    layer.defvjp(lambda x: (x @ W0, None), lambda _, g: (g @ W0.T,))

    def loss(W, x):
        return jnp.sum(layer(x) ** 2)

    return loss, (drawn_jax(3, 3, 2), drawn_jax(2, 5, 3))


@program(("ignored-parameter", "W"), ("captured-array", "weights"))
def a_default_argument():
    """The weights are bound as a default, and the first argument is never looked at."""
    x = drawn_jax(2, 5, 3)
    W0 = drawn_jax(1, 3, 2)

    def loss(W, weights=W0):
        return jnp.sum(jnp.sin(x @ weights))

    return loss, (drawn_jax(3, 3, 2),)


@program(
    ("ignored-parameter", "params['W']"),
    ("ignored-parameter", "params['b']"),
    ("captured-array", "state['W']"),
    ("captured-array", "state['b']"),
)
def a_decorator_that_puts_its_own_state_in():
    """The function is honest, the decorator hands it something else."""

    def loss(params, x):
        return jnp.mean((x @ params["W"] + params["b"]) ** 2)

    state = {"W": drawn_jax(1, 3, 2), "b": drawn_jax(2, 2)}
    args = {"W": drawn_jax(4, 3, 2), "b": drawn_jax(5, 2)}, drawn_jax(3, 5, 3)
    return at_the_state(loss, state), args


@program(("ignored-parameter", "layers[1]['W']"), ("captured-array", "model.layers[1]['W']"))
def one_layer_of_a_list():
    """The loop over layers was unrolled by hand, and the second line not renamed."""
    model, x = Model(), drawn_jax(9, 5, 3)

    def loss(layers):
        h = jnp.tanh(x @ layers[0]["W"])
        return jnp.sum(h @ model.layers[1]["W"])

    return loss, ([{"W": drawn_jax(5, 3, 3)}, {"W": drawn_jax(6, 3, 4)}],)


@program(("ignored-parameter", "W"), ("captured-array", "W0"))
def a_loop_from_the_captured_start():
    """Newton's iteration starts from the closure's value, in the carry of a fori_loop."""
    W0 = drawn_jax(1, 4)

    def loss(W):
        return jnp.sum(jax.lax.fori_loop(0, 3, lambda _, w: w - 0.1 * jnp.cos(w), W0))

    return loss, (drawn_jax(3, 4),)


@program(("ignored-parameter", "W"), ("captured-array", "W0"))
def the_argument_is_overwritten():
    """Left over from a debugging session: the first line replaces the argument."""
    W0, x = drawn(1, 3, 2), drawn(2, 5, 3)

    def loss(W):
        W = W0
        return np.sum(np.tanh(x @ W))

    return loss, (drawn(3, 3, 2),)


@program(("ignored-parameter", "params['head']"), ("captured-array", "head"))
def a_generator_over_captured_heads():
    """A generator expression zips the trunk of the argument with the head of the closure."""
    head, x = drawn_jax(1, 4), drawn_jax(2, 3)

    def loss(params):
        trunk = params["trunk"]
        return sum((jnp.sin(x @ column) * w for column, w in zip(trunk.T, head, strict=True)), 0.0)

    return loss, ({"trunk": drawn_jax(3, 3, 4), "head": drawn_jax(4, 4)},)
