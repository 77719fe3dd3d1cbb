"""Real modules of Flax, Haiku, Equinox and optax, each where it is installed."""

from importlib.util import find_spec
from typing import cast

import jax
import jax.numpy as jnp

from comparisons.measures.purity.programs.program import Program, drawn_jax, program


def available(program: Program) -> bool:
    """Whether the package that a program of this file is named after is installed."""
    package = program.name.rsplit(".", 1)[1].split("_")[0]
    return find_spec(package) is not None


@program()
def equinox_whole():
    """A module with an activation among its leaves, filtered by its arrays."""
    import equinox as eqx

    model = eqx.nn.MLP(3, 2, 4, 1, key=jax.random.key(0))
    params, static = eqx.partition(model, eqx.is_inexact_array)
    x = drawn_jax(1, 5, 3)

    def loss(params):
        return jnp.mean(jax.vmap(eqx.combine(params, static))(x) ** 2)

    return loss, (params,)


@program()
def equinox_filtered():
    """filter_jit, and a module for the only argument."""
    import equinox as eqx

    model = eqx.nn.Linear(3, 2, key=jax.random.key(0))

    @eqx.filter_jit
    def loss(model, x):
        return jnp.mean(jax.vmap(model)(x) ** 2)

    return loss, (model, drawn_jax(1, 5, 3))


@program()
def flax_linen():
    """A linen module with dropout, whose key is given to apply."""
    from flax import linen

    class Net(linen.Module):
        @linen.compact
        def __call__(self, x):
            x = linen.Dropout(0.5, deterministic=False)(jnp.tanh(linen.Dense(4)(x)))
            return linen.Dense(2)(x)

    net, x = Net(), drawn_jax(1, 5, 3)
    keys = {"params": jax.random.key(0), "dropout": jax.random.key(1)}
    params = net.init(keys, x)

    def loss(params, key):
        return jnp.mean(cast(jax.Array, net.apply(params, x, rngs={"dropout": key})) ** 2)

    return loss, (params, jax.random.key(2))


@program()
def flax_nnx():
    """An nnx module split into graph and state, and merged inside the loss."""
    from flax import nnx

    graph, state = nnx.split(nnx.Linear(3, 2, rngs=nnx.Rngs(0)))
    x = drawn_jax(1, 5, 3)

    def loss(state):
        return jnp.mean(nnx.merge(graph, state)(x) ** 2)

    return loss, (state,)


@program()
def haiku_transformed():
    """hk.transform with a key for dropout."""
    import haiku as hk

    def forward(x):
        x = jnp.tanh(hk.Linear(4)(x))
        return hk.Linear(2)(hk.dropout(hk.next_rng_key(), 0.5, x))

    net, x = hk.transform(forward), drawn_jax(1, 5, 3)

    def loss(params, key):
        return jnp.mean(net.apply(params, key, x) ** 2)

    return loss, (net.init(jax.random.key(0), x), jax.random.key(1))


@program()
def optax_losses():
    """Losses of optax, with labels in the closure."""
    import optax

    x, t = drawn_jax(1, 5, 3), jnp.array([0, 1, 1, 0, 1])

    def loss(params):
        scores = x @ params["W"]
        entropy = optax.losses.softmax_cross_entropy_with_integer_labels(scores, t)
        return jnp.mean(entropy) + jnp.mean(optax.losses.huber_loss(scores))

    return loss, ({"W": drawn_jax(2, 3, 2)},)


@program()
def optax_adam_inside():
    """A step of Adam from fresh state, within the loss."""
    import optax

    optimizer = optax.adam(0.1)
    x = drawn_jax(1, 5, 3)

    def inner(w):
        return jnp.mean((x @ w - 1.0) ** 2)

    def loss(w):
        updates, _ = optimizer.update(jax.grad(inner)(w), optimizer.init(w), w)
        return inner(optax.apply_updates(w, updates))

    return loss, (drawn_jax(2, 3),)
