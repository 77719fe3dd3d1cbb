"""Half precision, loss scaling, recomputation and straight-through estimators in plain JAX."""

import jax
import jax.numpy as jnp
from jax import lax

from tests.clients.case import LABELS, Case, X, changed, dense, mlp
from tests.clients.programs.networks import cross_entropy


def bfloat16() -> Case:
    """Parameters and data in bfloat16; the mistake: one layer's sign."""
    params, x = jax.tree.map(lambda p: p.astype(jnp.bfloat16), (dense(0, 3, 4, 2), X))

    def loss(params, x):
        return cross_entropy(mlp(params, x).astype(jnp.float32), LABELS)

    return Case(loss, (params, x), changed(loss, "[0]['W']", jnp.negative), r"\[0\]\['W'\]")


def mixed_precision() -> Case:
    """Parameters in float32, computed in bfloat16; the mistake: a bias added twice."""
    params = dense(0, 3, 4, 2)

    def loss(params, x):
        half = jax.tree.map(lambda p: p.astype(jnp.bfloat16), params)
        return cross_entropy(mlp(half, x.astype(jnp.bfloat16)).astype(jnp.float32), LABELS)

    return Case(loss, (params, X), changed(loss, "[1]['b']", lambda g: 2 * g), r"\[1\]\['b'\]")


def float16_with_loss_scaling() -> Case:
    """The loss times 1024, in float16; the mistake: a gradient that is not scaled."""
    params = dense(0, 3, 4, 2)

    def loss(params, x):
        half = jax.tree.map(lambda p: p.astype(jnp.float16), params)
        return 1024 * cross_entropy(mlp(half, x.astype(jnp.float16)).astype(jnp.float32), LABELS)

    return Case(loss, (params, X), changed(loss, "", lambda g: g / 1024), "")


def recomputed() -> Case:
    """jax.checkpoint around a block; the mistake: the block's input taken for its output."""
    params = dense(0, 3, 4, 4, 2)

    @jax.checkpoint
    def block(layer, x):
        return jnp.tanh(x @ layer["W"] + layer["b"])

    def loss(params, x):
        for layer in params[:-1]:
            x = block(layer, x)
        return cross_entropy(mlp(params[-1:], x), LABELS)

    return Case(loss, (params, X), changed(loss, "[1]", lambda g: g[::-1]), r"\[1\]")


def straight_through() -> Case:
    """Rounded weights whose rule is that of the identity: not the gradient of the function."""
    params = dense(0, 3, 4, 2)

    @jax.custom_vjp
    def rounded(w):
        return jnp.round(4 * w) / 4

    rounded.defvjp(lambda w: (rounded(w), None), lambda _, g: (g,))

    def loss(params, x):
        return cross_entropy(mlp(jax.tree.map(rounded, params), x), LABELS)

    return Case(loss, (params, X), jax.grad(loss), "", "disagrees")


def held_rounding() -> Case:
    """The same by stop_gradient, which is held constant; the mistake: it is forgotten."""
    params = dense(0, 3, 4, 2)

    def quantised(params, x, hold):
        rounded = jax.tree.map(lambda w: w + hold(jnp.round(4 * w) / 4 - w), params)
        return cross_entropy(mlp(rounded, x), LABELS)

    def loss(params, x):
        return quantised(params, x, lax.stop_gradient)

    def forgotten(params, x):
        return quantised(params, x, lambda w: w)

    return Case(loss, (params, X), jax.grad(forgotten), "")


LOSSES = [
    mixed_precision, bfloat16, float16_with_loss_scaling, recomputed, straight_through,
    held_rounding,
]  # fmt: skip
