"""Parameters of the wrong dtype, and NumPy or Python called on what JAX traces."""

import math

import jax
import jax.numpy as jnp
import numpy as np

from comparisons.measures.purity.programs.program import drawn, drawn_jax, program


class Model:
    def predict(self, W, x):
        return np.exp(x @ W)

    def loss(self, W, x):
        return jnp.mean(self.predict(W, x))


@program(("integer-parameter", "W"))
def integer_weights():
    """Weights typed without a decimal point."""
    x = drawn_jax(1, 5, 2)
    return lambda W: jnp.mean((x @ W) ** 2), (jnp.array([[1, 2], [3, 4]]),)


@program(("integer-parameter", "W"))
def integer_weights_in_numpy():
    """The same in NumPy, where a difference step would be rounded away."""
    return lambda W: np.sum(W**2) / 2, (np.array([3, 2]),)


@program(("integer-parameter", "params['steps']"))
def a_counter_among_the_parameters():
    """The number of steps travels with the floats."""

    def loss(params):
        return jnp.sum(params["w"] ** 2) / (1.0 + params["steps"])

    return loss, ({"w": drawn_jax(1, 3), "steps": jnp.array(4)},)


@program(("integer-parameter", "params['mask']"))
def a_boolean_mask_among_the_parameters():
    """Booleans have no derivative."""

    def loss(params):
        return jnp.sum(jnp.where(params["mask"], params["w"], 0.0) ** 2)

    return loss, ({"w": drawn_jax(1, 3), "mask": jnp.array([True, False, True])},)


@program(("integer-parameter", "params['key']"))
def a_key_among_the_parameters():
    """A typed key, used once as it should be."""

    def loss(params):
        return jnp.sum((params["w"] + jax.random.normal(params["key"], (3,))) ** 2)

    return loss, ({"w": drawn_jax(1, 3), "key": jax.random.key(0)},)


@program(("integer-parameter", "weights[1]"), argnums=1)
def a_python_integer():
    """One number of a list was written 2, the others 1.0 and 0.5."""

    def loss(x, weights):
        return weights[0] * np.sum(x) + weights[1] * np.sum(x**2) + weights[2] ** 2

    return loss, (drawn(1, 4), [1.0, 2, 0.5])


@program(("numpy-on-tracer", None))
def a_numpy_function_in_a_method():
    """np.exp where jnp.exp was meant, a call deeper than one looks."""
    return Model().loss, (drawn_jax(1, 3, 2), drawn_jax(2, 5, 3))


@program(("numpy-on-tracer", None))
def float_of_the_loss():
    """float() for a clean number."""
    return lambda w: float(jnp.sum(w**2)), (drawn_jax(1, 3),)


@program(("numpy-on-tracer", None))
def item_of_the_norm():
    """.item() in the middle of a computation."""

    def loss(w):
        norm = jnp.linalg.norm(w).item()
        return jnp.sum(jnp.sin(w)) / norm

    return loss, (drawn_jax(1, 3),)


@program(("numpy-on-tracer", None))
def a_branch_in_python():
    """A Huber loss by an if on the value."""

    def loss(w):
        r = jnp.sum(w) - 1.0
        if abs(r) < 1.0:
            return 0.5 * r**2
        return jnp.abs(r) - 0.5

    return loss, (drawn_jax(1, 3),)


@program(("numpy-on-tracer", None))
def math_log_of_a_parameter():
    """Python's math on a scalar leaf."""

    def loss(params, x):
        return jnp.sum((x - params["mu"]) ** 2) + math.log(params["sigma"])

    return loss, ({"mu": jnp.array(0.1), "sigma": jnp.array(2.0)}, drawn_jax(1, 5))


@program(("numpy-on-tracer", None))
def asarray_inside_a_loop():
    """np.asarray of what the last turn left."""

    def loss(w):
        h = w
        for _ in range(2):
            h = jnp.tanh(jnp.asarray(np.asarray(h) * 0.5) + w)
        return jnp.sum(h)

    return loss, (drawn_jax(1, 3),)


@program(("numpy-on-tracer", None))
def a_numpy_norm():
    """np.linalg.norm of the weights, which happen to be JAX arrays."""
    return lambda w: np.linalg.norm(w) ** 2, (drawn_jax(1, 3),)


@program(("numpy-on-tracer", None))
def a_while_loop_in_python():
    """Iterate until it has converged, by a Python while."""

    def loss(a):
        x = a
        while jnp.abs(x * x - a) > 1e-3:
            x = 0.5 * (x + a / x)
        return x

    return loss, (jnp.array(3.0),)
