"""JAX losses that consume one random key twice in one call."""

import jax
import jax.numpy as jnp

from comparisons.measures.purity.programs.program import drawn_jax, program


def dropout(key, x):
    """Half of the entries set to zero."""
    return jnp.where(jax.random.bernoulli(key, 0.5, x.shape), 2 * x, 0)


@jax.jit
def noisy(key, x):
    """The entries with noise."""
    return x + 0.1 * jax.random.normal(key, x.shape)


class Net:
    def __init__(self):
        self.key = jax.random.key(3)

    def loss(self, W, x):
        h = jnp.tanh(dropout(self.key, x) @ W)
        return jnp.sum(dropout(self.key, h))


@program(("key-reuse", "key"))
def two_draws():
    """Noise on the inputs and noise on the hidden layer are of one key."""

    def loss(W, x, key):
        h = (x + jax.random.normal(key, x.shape)) @ W
        return jnp.mean(h * jax.random.uniform(key, h.shape))

    return loss, (drawn_jax(1, 3, 2), drawn_jax(2, 5, 3), jax.random.key(0))


@program(("key-reuse", "key"))
def a_draw_and_a_split():
    """The key is split, and then drawn from itself."""

    def loss(w, key):
        first, second = jax.random.split(key)
        noise = jax.random.normal(first, w.shape) + jax.random.normal(second, w.shape)
        return jnp.sum(w * noise) + jnp.sum(w**2 * jax.random.normal(key, w.shape))

    return loss, (drawn_jax(1, 4), jax.random.key(0))


@program(("key-reuse", "key"))
def a_loop_in_python():
    """Every layer drops out by the same key."""
    x = drawn_jax(2, 5, 3)

    def loss(layers, key):
        h = x
        for W in layers:
            h = dropout(key, jnp.tanh(h @ W))
        return jnp.sum(h**2)

    return loss, ([drawn_jax(n, 3, 3) for n in range(2)], jax.random.key(0))


@program(("key-reuse", "key"))
def a_scan():
    """The body of the scan closes over the key: the same noise at each step."""
    key = jax.random.key(0)

    def loss(w):
        def step(h, _):
            return jnp.tanh(h + w + jax.random.normal(key, w.shape)), None

        return jnp.sum(jax.lax.scan(step, jnp.zeros(3), None, length=4)[0])

    return loss, (drawn_jax(1, 3),)


@program(("key-reuse", "key"))
def a_fori_loop():
    """The key is an argument, and the loop's body draws from it."""

    def loss(w, key):
        def body(_, h):
            return jnp.sin(h * w) + jax.random.uniform(key, w.shape)

        return jnp.sum(jax.lax.fori_loop(0, 3, body, w))

    return loss, (drawn_jax(1, 3), jax.random.key(0))


@program(("key-reuse", "key"))
def raw_keys():
    """Keys of the old kind, two integers in an array."""

    def loss(w, key):
        a = jax.random.normal(key, (3,))
        b = jax.random.bernoulli(key, 0.5, (3,))
        return jnp.sum(jnp.where(b, w * a, w))

    return loss, (drawn_jax(1, 3), jax.random.PRNGKey(0))


@program(("key-reuse", "self.key"))
def a_key_of_the_object():
    """Two dropouts, one key in an attribute."""
    return Net().loss, (drawn_jax(1, 3, 2), drawn_jax(2, 5, 3))


@program(("key-reuse", "key"))
def inside_a_jitted_helper():
    """The draw is inside a nested jit, which is called twice."""

    def loss(w, key):
        return jnp.sum(noisy(key, w) * noisy(key, jnp.ones_like(w)))

    return loss, (drawn_jax(1, 3), jax.random.key(0))


@program(("key-reuse", "keys['dropout']"))
def one_key_of_a_dictionary():
    """Of two keys one is used twice, the other once."""

    @jax.jit
    def loss(w, keys):
        h = dropout(keys["dropout"], noisy(keys["noise"], w))
        return jnp.sum(dropout(keys["dropout"], jnp.sin(h)))

    return loss, (drawn_jax(1, 8), {"dropout": jax.random.key(1), "noise": jax.random.key(2)})


@program(("key-reuse", None))
def one_of_three_that_were_split():
    """Three keys are made and the first of them drawn from twice."""

    def loss(w, key):
        keys = jax.random.split(key, 3)
        noise = jax.random.normal(keys[0], w.shape) + jax.random.normal(keys[1], w.shape)
        return jnp.sum(w * noise) + jnp.sum(w**2 * jax.random.uniform(keys[0], w.shape))

    return loss, (drawn_jax(1, 4), jax.random.key(0))
