"""How the functions of jax.lax that index, choose, loop or take functions are asked."""

import jax.numpy as jnp
import numpy as np
from jax import lax

from comparisons.measures.alarms.corpus.domains import (
    ONE,
    POSITIVE,
    TWO,
    VECTOR,
    between,
    joined,
    matrix,
    signed,
)
from comparisons.measures.alarms.corpus.recipes import Recipe, Recipes, same

MASK = np.array([[True, False, True], [False, True, False]])
ROWS = np.array([[2], [0], [3]])  # three rows of four, none twice
AGAIN = np.array([[2], [0], [2]])  # one of them twice
OPERAND = between(-1.5, 1.5, (4, 2))
UPDATED = between(-1.5, 1.5, (4, 2), (3, 2))

_GATHERED = lax.GatherDimensionNumbers(
    offset_dims=(1,), collapsed_slice_dims=(0,), start_index_map=(0,)
)
_SCATTERED = lax.ScatterDimensionNumbers(
    update_window_dims=(1,), inserted_window_dims=(0,), scatter_dims_to_operand_dims=(0,)
)


def _scattered(rows):
    return lambda scatter, x, updates: scatter(x, rows, updates, _SCATTERED)


def _solved(custom_linear_solve, a, b):
    def solve(transposed):
        return lambda _, right: jnp.linalg.solve(a.T if transposed else a, right)

    return custom_linear_solve(lambda x: a @ x, b, solve(False), solve(True))


def _square_root(custom_root, x):
    """The positive root of y² = x by Newton's steps, whose derivative is that of the root."""

    def newton(residual, y):
        for _ in range(8):
            y = y - residual(y) / (2 * y)
        return y

    return custom_root(
        lambda y: y * y - x, jnp.ones_like(x), newton, lambda f, y: y / f(jnp.ones_like(y))
    )


_CONTROL: Recipes = {
    "cond": Recipe(TWO, lambda f, x, y: f(x[0, 0] < y[0, 0], jnp.sin, jnp.exp, x + y)),
    "switch": Recipe(ONE, lambda f, x: f(1, [jnp.sin, jnp.exp, jnp.cos], x)),
    "platform_dependent": Recipe(TWO, lambda f, x, y: f(x, y, default=lambda a, b: a * b)),
    "fori_loop": Recipe(TWO, lambda f, x, y: f(0, 3, lambda _, z: jnp.sin(z) * y, x)),
    "map": Recipe(ONE, lambda f, x: f(lambda row: jnp.sum(row**2), x)),
    "scan": Recipe(
        between(-1.5, 1.5, (3,), (2, 3)),
        lambda f, carry, x: f(lambda c, row: (jnp.sin(c) + row, c * row), carry, x),
    ),
    "associative_scan": Recipe(
        signed(0.4, 1.5, (4, 2)), lambda f, x: f(jnp.multiply, x, reverse=True)
    ),
    "custom_linear_solve": Recipe(joined(matrix(), between(-1, 1, (3,))), _solved),
    "custom_root": Recipe(POSITIVE, _square_root),
}

_REDUCTIONS: Recipes = {
    "reduce": (
        Recipe(ONE, lambda f, x: f(x, np.zeros((), x.dtype), lax.add, (1,)), "add"),
        Recipe(ONE, lambda f, x: f(x, np.full((), -np.inf, x.dtype), lax.max, (1,)), "max"),
    ),
    "reduce_window": (
        Recipe(
            VECTOR, lambda f, x: f(x, np.zeros((), x.dtype), lax.add, (3,), (2,), "SAME"), "add"
        ),
        Recipe(VECTOR, lambda f, x: f(x, -np.inf, lax.max, (2,), (1,), "VALID"), "max"),
    ),
}

_INDEXING: Recipes = {
    "dynamic_slice": Recipe(ONE, lambda f, x: f(x, (0, 1), (2, 2))),
    "dynamic_slice_in_dim": Recipe(ONE, lambda f, x: f(x, 1, 2, axis=1)),
    "dynamic_index_in_dim": Recipe(ONE, lambda f, x: f(x, 1, axis=1)),
    "dynamic_update_slice": Recipe(
        between(-1.5, 1.5, (2, 3), (1, 2)), lambda f, x, y: f(x, y, (1, 0))
    ),
    "dynamic_update_slice_in_dim": Recipe(
        between(-1.5, 1.5, (2, 3), (2, 2)), lambda f, x, y: f(x, y, 1, axis=1)
    ),
    "dynamic_update_index_in_dim": Recipe(
        between(-1.5, 1.5, (2, 3), (2,)), lambda f, x, y: f(x, y, 1, axis=1)
    ),
    "slice": Recipe(ONE, lambda f, x: f(x, (0, 0), (2, 3), (1, 2))),
    "slice_in_dim": Recipe(ONE, lambda f, x: f(x, 1, 3, axis=1)),
    "index_in_dim": Recipe(ONE, lambda f, x: f(x, 1, axis=1)),
    "index_take": Recipe(OPERAND, lambda f, x: f(x, (np.array([2, 0, 2]),), (0,))),
    "gather": Recipe(OPERAND, lambda f, x: f(x, AGAIN, _GATHERED, (1, 2))),
    "scatter": Recipe(UPDATED, _scattered(ROWS)),
    **same("scatter_add scatter_sub scatter_max scatter_min", Recipe(UPDATED, _scattered(AGAIN))),
    "scatter_mul": Recipe(UPDATED, lambda f, x, y: f(x, ROWS, y, _SCATTERED, unique_indices=True)),
    "select": Recipe(TWO, lambda f, x, y: f(MASK, x, y)),
    "select_n": Recipe(
        between(-1.5, 1.5, (2, 3), (2, 3), (2, 3)),
        lambda f, *x: f(np.array([[0, 2, 1], [1, 1, 2]], np.int32), *x),
    ),
}

RECIPES: Recipes = _CONTROL | _REDUCTIONS | _INDEXING
