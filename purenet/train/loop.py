"""The compiled loop over batches: any number of steps in one call, by one program for all numbers.

It is a scan over batches whose length is an argument. With the length compiled in, as in
jax.lax.scan, each other length would be another program, which may round otherwise: cutting a run
elsewhere (a checkpoint, Ctrl-C, a resumed run) could then change its bits.
"""

from collections.abc import Callable
from functools import lru_cache
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jax.sharding import Mesh

from purenet.train import parallel
from purenet.train.state import TrainState
from purenet.train.step import advance

_KEPT = 32  # compiled losses, oldest forgotten first


class Steps(NamedTuple):
    """What a call of the compiled loop came to.

    Attributes:
        state: after the steps.
        losses: before each of them; those behind the last step are zero.
        finite: whether all parameters are finite numbers.
    """

    state: TrainState
    losses: jax.Array
    finite: jax.Array


@lru_cache(_KEPT)
def steps(loss: Callable, optimizer: Any, mesh: Mesh | None) -> Callable[..., Steps]:
    """The compiled ``steps(state, data, batches, count)``.

    ``data`` is a tuple of arrays with rows first, ``batches`` (most, batch_size) has the rows of
    one step each, of which ``count`` are taken. The state passed in is not donated: where a step
    diverges or Ctrl-C comes, it is still there to go back to, and one copy a call costs nothing.
    """

    def take_steps(state: TrainState, data: tuple, batches: jax.Array, count: jax.Array) -> Steps:
        def rows(i):
            batch = tuple(x.at[batches[i]].get(mode="promise_in_bounds") for x in data)
            return parallel.split_rows(mesh, batch)

        def body(i, carry):
            state, losses = carry
            state, value = advance(loss, optimizer, state, rows(i))
            return parallel.everywhere(mesh, state), losses.at[i].set(value)

        state = parallel.everywhere(mesh, state)
        value = jax.eval_shape(lambda: advance(loss, optimizer, state, rows(0))[1])
        losses = jnp.zeros(len(batches), value.dtype)
        state, losses = jax.lax.fori_loop(0, count, body, (state, losses))
        return parallel.everywhere(mesh, Steps(state, losses, all_finite(state.params)))

    return jax.jit(take_steps)


@lru_cache(_KEPT)
def evaluation(loss: Callable, metrics: tuple[tuple[str, Callable], ...]) -> Callable:
    """The compiled loss, and metrics by name, of parameters on validation data."""

    def evaluate(params: Any, data: tuple) -> tuple[jax.Array, dict[str, jax.Array]]:
        return loss(params, *data), {name: metric(params, *data) for name, metric in metrics}

    return jax.jit(evaluate)


def all_finite(tree: Any) -> jax.Array:
    """Whether every number of a tree is finite."""
    leaves = [jnp.all(jnp.isfinite(leaf)) for leaf in jax.tree.leaves(tree)]
    return jnp.all(jnp.stack(leaves))
