"""What the first call computes and later calls find again."""

import functools

import jax
import jax.numpy as jnp
import numpy as np

from comparisons.measures.purity.programs.program import drawn, drawn_jax, program

TABLES = {}


@functools.lru_cache
def causal_mask(size):
    """The lower triangle, made once a size."""
    return np.tril(np.ones((size, size)))


class Encoder:
    def __init__(self, size):
        self.size = size
        self._grid = None

    @functools.cached_property
    def frequencies(self):
        """Made at the first call and kept."""
        return 2.0 ** np.arange(self.size)

    def grid(self):
        """Made at the first call, and kept in an attribute."""
        if self._grid is None:
            self._grid = np.linspace(0.0, 1.0, self.size)
        return self._grid

    def on_the_grid(self, w):
        """A polynomial on a grid."""
        return jnp.mean((jnp.polyval(w, self.grid()) - 1.0) ** 2)

    def encoded(self, w):
        """Sines of every frequency."""
        return jnp.sum(jnp.sin(w[:, None] * self.frequencies))


@program()
def an_lru_cache():
    """The mask of attention comes from a cache of the module."""
    causal_mask.cache_clear()

    def loss(W, x):
        scores = jnp.where(causal_mask(x.shape[0]) > 0, x @ W @ x.T, -1e9)
        return jnp.sum((jax.nn.softmax(scores) @ x) ** 2)

    return loss, (drawn_jax(1, 3, 3), drawn_jax(2, 5, 3))


@program()
def a_table_by_shape():
    """A dictionary of the module, filled once for each shape."""
    TABLES.clear()

    def window(size):
        if size not in TABLES:
            TABLES[size] = np.hanning(size + 2)[1:-1]
        return TABLES[size]

    def loss(w):
        return np.sum((w * window(len(w))) ** 2)

    return loss, (drawn(1, 6),)


@program()
def a_lazily_built_grid():
    """The attribute is None until the first call."""
    return Encoder(7).on_the_grid, (drawn_jax(1, 3),)


@program()
def a_cached_property():
    """functools.cached_property stores into the object's __dict__."""
    encoder = Encoder(4)
    return lambda w: encoder.encoded(w), (drawn_jax(1, 3),)


@program()
def a_memo_in_a_closure():
    """Binomial coefficients by a memoised recursion that survives the call."""
    memo = {0: 1}

    def factorial(n):
        if n not in memo:
            memo[n] = n * factorial(n - 1)
        return memo[n]

    def loss(w):
        return sum(w[n] ** 2 / factorial(n) for n in range(4))

    return loss, (drawn(1, 4),)


@program()
def a_function_compiled_at_the_first_call():
    """The jitted inner function is made lazily, and kept."""
    compiled = {}

    def loss(w):
        if "inner" not in compiled:
            compiled["inner"] = jax.jit(lambda w: jnp.sum(jnp.tanh(w) ** 2))
        return compiled["inner"](w)

    return loss, (drawn_jax(1, 3),)


@program()
def a_global_import():
    """A module imported inside the function, which only Python's own cache notices."""

    def loss(w):
        import colorsys

        return jnp.sum(w**2) * colorsys.rgb_to_hsv(0.2, 0.4, 0.4)[2]

    return loss, (drawn_jax(1, 3),)
