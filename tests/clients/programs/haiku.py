"""Losses with haiku: transformed functions, with keys and with state."""

import jax
import jax.numpy as jnp

from tests.clients.case import Case, X, changed

KEY = jax.random.key(0)


def dropout() -> Case:
    """hk.transform with a key for dropout; the mistake: a bias doubled."""
    import haiku as hk

    def forward(x):
        x = jnp.tanh(hk.Linear(4)(x))
        return hk.Linear(2)(hk.dropout(hk.next_rng_key(), 0.5, x))

    net = hk.transform(forward)

    def loss(params, key):
        return jnp.mean(net.apply(params, key, X) ** 2)

    mistake = changed(loss, "['linear_1']['b']", lambda g: 2 * g)
    return Case(loss, (net.init(KEY, X), jax.random.key(1)), mistake, r"\['linear_1'\]\['b'\]")


def lstm() -> Case:
    """hk.dynamic_unroll; the mistake: the biases' gradient of the last step alone."""
    import haiku as hk

    def forward(xs):
        core = hk.LSTM(2)
        out, _ = hk.dynamic_unroll(core, xs, core.initial_state(None))
        return hk.Linear(1)(out[-1])

    net = hk.without_apply_rng(hk.transform(forward))

    def loss(params, xs):
        return jnp.sum((net.apply(params, xs) - 0.5) ** 2)

    def mistake(params, xs):
        whole, last = (jax.grad(loss)(params, x) for x in (xs, xs[-1:]))
        return {
            name: {**of, "b": last[name]["b"]} if "lstm" in name else of
            for name, of in whole.items()
        }

    return Case(loss, (net.init(KEY, X), X), mistake, r"\['lstm.*\['b'\]")


def batch_norm_with_state() -> Case:
    """hk.transform_with_state, the state as aux; the mistake: the scale's gradient halved."""
    import haiku as hk

    def forward(x):
        x = hk.BatchNorm(True, True, 0.9)(hk.Linear(3)(x), is_training=True)
        return hk.Linear(1)(jnp.tanh(x))

    net = hk.without_apply_rng(hk.transform_with_state(forward))
    data = jax.random.normal(KEY, (5, 3))
    params, state = net.init(KEY, data)

    def loss(params, state, x):
        out, state = net.apply(params, state, x)
        return jnp.mean((out[:, 0] - jnp.sin(x[:, 0])) ** 2), state

    mistake = changed(loss, "['scale']", lambda g: g / 2, has_aux=True)
    return Case(loss, (params, state, data), mistake, r"\['scale'\]", has_aux=True)


def attention() -> Case:
    """Multi-head attention; the mistake: the output's projection transposed."""
    import haiku as hk

    def forward(x):
        return hk.MultiHeadAttention(2, 2, model_size=4, w_init=hk.initializers.RandomNormal())(
            x, x, x
        )

    net = hk.without_apply_rng(hk.transform(forward))
    x = jax.random.normal(KEY, (4, 4))

    def loss(params, x):
        return jnp.mean((net.apply(params, x) - x) ** 2)

    mistake = changed(loss, "attention/linear']['w']", jnp.transpose)
    return Case(loss, (net.init(KEY, x), x), mistake, r"/linear'\]\['w'\]")


LOSSES = [dropout, lstm, batch_norm_with_state, attention]
