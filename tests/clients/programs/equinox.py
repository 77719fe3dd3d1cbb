"""Losses with equinox: modules filtered by their arrays."""

import jax
import jax.numpy as jnp

from tests.clients.case import Case, X, changed

KEY = jax.random.key(0)


def mlp_with_layer_norm() -> Case:
    """Filtered by its arrays; the mistake: the signs of both last layers."""
    import equinox as eqx

    mlp = eqx.nn.Sequential([
        eqx.nn.MLP(3, 4, 8, 2, key=KEY), eqx.nn.LayerNorm(4),
        eqx.nn.Linear(4, 2, key=jax.random.key(1)),
    ])  # fmt: skip
    params, static = eqx.partition(mlp, eqx.is_inexact_array)

    @eqx.filter_jit
    def loss(params, x):
        return jnp.mean(jax.vmap(eqx.combine(params, static))(x) ** 2)

    return Case(loss, (params, X), changed(loss, "[2].weight", jnp.negative), r"\[2\]\.weight")


def gru() -> Case:
    """A cell scanned over a sequence; the mistake: no gradient for the recurrent weights."""
    import equinox as eqx

    params, static = eqx.partition(eqx.nn.GRUCell(3, 2, key=KEY), eqx.is_inexact_array)

    def loss(params, xs):
        cell = eqx.combine(params, static)
        last, _ = jax.lax.scan(lambda h, x: (cell(x, h), None), jnp.zeros(2), xs)
        return jnp.sum((last - 0.5) ** 2)

    return Case(loss, (params, X), changed(loss, "weight_hh", jnp.zeros_like), "weight_hh")


def attention() -> Case:
    """Multi-head attention; the mistake: the values' projection halved."""
    import equinox as eqx

    whole = eqx.nn.MultiheadAttention(2, 4, key=KEY)
    params, static = eqx.partition(whole, eqx.is_inexact_array)

    def loss(params, x):
        return jnp.mean(eqx.combine(params, static)(x, x, x) ** 2)

    mistake = changed(loss, "value_proj", lambda g: g / 2)
    return Case(loss, (params, jax.random.normal(KEY, (5, 4))), mistake, "value_proj")


def convolution() -> Case:
    """Convolution and pooling under vmap; the mistake: a bias that is averaged, not summed."""
    import equinox as eqx

    net = eqx.nn.Sequential([
        eqx.nn.Conv2d(1, 2, 3, key=KEY), eqx.nn.Lambda(jax.nn.relu), eqx.nn.AvgPool2d(2, 2),
        eqx.nn.Lambda(jnp.ravel), eqx.nn.Linear(2, 3, key=KEY),
    ])  # fmt: skip
    params, static = eqx.partition(net, eqx.is_inexact_array)
    images = jax.random.normal(KEY, (3, 1, 4, 4))

    def loss(params, images):
        return jnp.mean(jax.vmap(eqx.combine(params, static))(images) ** 2)

    mistake = changed(loss, "layers[0].bias", lambda g: g / 4)
    return Case(loss, (params, images), mistake, r"\[0\]\.bias")


def batch_norm_with_state() -> Case:
    """The state as data and as aux; the mistake: a layer's weights transposed."""
    import equinox as eqx

    class Net(eqx.Module):
        first: eqx.nn.Linear
        norm: eqx.nn.BatchNorm
        last: eqx.nn.Linear

        def __init__(self, key):
            self.first = eqx.nn.Linear(3, 3, key=key)
            self.norm = eqx.nn.BatchNorm(3, "batch", mode="batch")
            self.last = eqx.nn.Linear(3, 1, key=jax.random.fold_in(key, 1))

        def __call__(self, x, state):
            x, state = self.norm(self.first(x), state)
            return self.last(jnp.tanh(x)), state

    net, state = eqx.nn.make_with_state(Net)(KEY)
    params, static = eqx.partition(net, eqx.is_inexact_array)

    def loss(params, state, x):
        batched = jax.vmap(
            eqx.combine(params, static), axis_name="batch", in_axes=(0, None), out_axes=(0, None)
        )
        out, state = batched(x, state)
        return jnp.mean((out[:, 0] - jnp.sin(3 * x[:, 0])) ** 2), state

    mistake = changed(loss, "first.weight", jnp.transpose, has_aux=True)
    data = jax.random.normal(KEY, (5, 3))
    return Case(loss, (params, state, data), mistake, r"first\.weight", has_aux=True)


LOSSES = [mlp_with_layer_norm, gru, attention, convolution, batch_norm_with_state]
