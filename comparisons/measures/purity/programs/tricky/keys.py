"""Randomness by keys that are each consumed once."""

import jax
import jax.numpy as jnp
import numpy as np

from comparisons.measures.purity.programs.program import drawn_jax, program


def dropout(key, x):
    """Half of the entries set to zero."""
    return jnp.where(jax.random.bernoulli(key, 0.5, x.shape), 2 * x, 0)


@program()
def one_draw():
    """One key, one draw."""

    def loss(W, x, key):
        return jnp.mean(dropout(key, x @ W) ** 2)

    return loss, (drawn_jax(1, 3, 4), drawn_jax(2, 5, 3), jax.random.key(0))


@program()
def split_and_dropped():
    """The name of the old key is given to the new one."""

    @jax.jit
    def loss(w, key):
        key, first = jax.random.split(key)
        h = w + jax.random.normal(first, w.shape)
        key, second = jax.random.split(key)
        return jnp.sum(dropout(second, h**2)) + jax.random.uniform(key) * jnp.sum(w)

    return loss, (drawn_jax(1, 8), jax.random.key(0))


@program()
def folded_in_a_loop():
    """fold_in makes a key for each layer out of one."""
    x = drawn_jax(2, 5, 3)

    def loss(layers, key):
        h = x
        for n, W in enumerate(layers):
            h = dropout(jax.random.fold_in(key, n), jnp.tanh(h @ W))
        return jnp.sum(h**2)

    return loss, ([drawn_jax(n, 3, 3) for n in range(3)], jax.random.key(0))


@program()
def mapped_over_keys():
    """One draw under vmap, over keys split beforehand."""

    def loss(w, key):
        keys = jax.random.split(key, 4)
        return jnp.mean(jax.vmap(lambda k: jnp.sum(w * jax.random.normal(k, w.shape)) ** 2)(keys))

    return loss, (drawn_jax(1, 3), jax.random.key(0))


@program()
def scanned_over_keys():
    """A scan over split keys draws each once."""

    def loss(w, key):
        def step(h, key):
            return jnp.tanh(h + w + jax.random.normal(key, w.shape)), None

        return jnp.sum(jax.lax.scan(step, jnp.zeros(3), jax.random.split(key, 4))[0])

    return loss, (drawn_jax(1, 3), jax.random.key(0))


@program()
def carried_through_a_scan():
    """The key is in the carry and is split at each step."""

    def loss(w):
        def step(carry, _):
            h, key = carry
            key, now = jax.random.split(key)
            return (jnp.sin(h * w) + jax.random.uniform(now, w.shape), key), None

        start = (w, jax.random.key(0))
        return jnp.sum(jax.lax.scan(step, start, None, length=3)[0][0])

    return loss, (drawn_jax(1, 3),)


@program()
def in_both_branches():
    """cond: either branch draws from the key, and only one of them runs."""

    def loss(w, key):
        return jax.lax.cond(
            jnp.sum(w) > 0,
            lambda: jnp.sum(w * jax.random.normal(key, w.shape)),
            lambda: jnp.sum(w**2 * jax.random.uniform(key, w.shape)),
        )

    return loss, (drawn_jax(1, 3), jax.random.key(0))


@program()
def a_captured_key():
    """A fixed key in the closure: the same noise at every call, on purpose."""
    key, x = jax.random.key(3), drawn_jax(1, 5, 3)

    def loss(w):
        return jnp.mean(((x + 0.1 * jax.random.normal(key, x.shape)) @ w) ** 2)

    return loss, (drawn_jax(2, 3),)


@program()
def a_key_made_inside():
    """jax.random.key(0) in the loss, split for two draws."""

    def loss(w):
        a, b = jax.random.split(jax.random.key(0))
        return jnp.sum(w * jax.random.normal(a, (3,))) + jnp.sum(w**2 * jax.random.uniform(b, (3,)))

    return loss, (drawn_jax(1, 3),)


@program()
def raw_keys():
    """Old-style keys, split and unpacked."""

    def loss(w, key):
        first, second = jax.random.split(key)
        return jnp.sum(w * jax.random.normal(first, (3,))) + jnp.sum(
            w**2 * jax.random.uniform(second, (3,))
        )

    return loss, (drawn_jax(1, 3), jax.random.PRNGKey(0))


@program()
def a_tree_of_noise():
    """As many keys as leaves, one for each."""

    def loss(params, key):
        leaves, tree = jax.tree.flatten(params)
        keys = jax.tree.unflatten(tree, list(jax.random.split(key, len(leaves))))
        noisy = jax.tree.map(lambda p, k: p + jax.random.normal(k, p.shape), params, keys)
        return sum(jnp.sum(leaf**2) for leaf in jax.tree.leaves(noisy))

    params = {"W": drawn_jax(1, 3, 2), "b": drawn_jax(2, 2)}
    return loss, (params, jax.random.key(0))


@program()
def numpy_noise_seeded_inside():
    """JAX code with NumPy's numbers, from a generator made and seeded within."""

    def loss(w):
        return jnp.sum((w + np.random.default_rng(0).normal(size=3)) ** 2)

    return loss, (drawn_jax(1, 3),)
