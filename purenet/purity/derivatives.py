"""How large the derivatives are, at the parameters and around them."""

from collections.abc import Callable, Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from purenet import jaxprs
from purenet.purity.experiment import Experiment

POINTS = 3  # points around the parameters, where a flat function is asked again
_NEAR = 1e-2  # how far they are, in sizes of the parameter


def largest_derivatives(experiment: Experiment) -> np.ndarray:
    """The largest derivative by each leaf, here and around: (points, leaves), NaN where not finite.

    What is lost in the value's rounding is zero.
    """
    function, leaves = experiment.traced.call, experiment.leaves
    work = len(leaves) * jaxprs.work_of(experiment.traced.program).operations

    def weighted(leaves):
        # sums of outputs can be constant where the outputs are not, as those of a softmax
        parts = [
            jnp.sum(jnp.abs(out * _weights(out.shape)) if jnp.iscomplexobj(out) else
                    out * _weights(out.shape).astype(out.dtype))
            for out in map(jnp.asarray, jax.tree.leaves(function(leaves)))
            if jnp.issubdtype(out.dtype, np.inexact)
        ]  # fmt: skip
        dtype = jaxprs.common_dtype(jnp.float32, *(part.dtype for part in parts))
        return sum((part.astype(dtype) for part in parts), jnp.zeros((), dtype))

    points = [leaves, *(around(leaves, seed) for seed in range(POINTS))]

    def at_all_points(mode: Callable) -> np.ndarray:
        derivatives = jaxprs.jitted(lambda leaves: mode(weighted, leaves), work)
        return np.stack([_significant(derivatives(point), point) for point in points])

    try:
        return at_all_points(_by_reverse_mode)
    except ValueError as error:
        if "Reverse-mode" not in str(error):
            raise
        return at_all_points(_by_forward_mode)


def size(x: Any) -> float:
    """The largest size among the elements of an array; 1 where that is no measure."""
    largest = float(np.max(np.abs(np.asarray(x)), initial=0.0))
    return largest if 0 < largest < np.inf else 1.0


def around(leaves: Sequence[Any], seed: int) -> list[np.ndarray]:
    """Leaves a little elsewhere, each by another draw."""
    generator = np.random.default_rng(seed)
    return [
        np.asarray(x + _NEAR * size(x) * generator.standard_normal(np.shape(x)), x.dtype)
        for x in map(np.asarray, leaves)
    ]


def _significant(found: tuple[Any, Sequence[Any]], leaves: Sequence[Any]) -> np.ndarray:
    """The derivatives at a point, those lost in the value's rounding as zero."""
    value, largest = abs(complex(found[0])), found[1]
    if not np.isfinite(value):  # what is not finite is not flat
        return np.full(len(leaves), np.nan)
    return np.array([
        0.0 if g * max(size(x), 1.0) <= float(jnp.finfo(x.dtype).eps) ** 1.5 * value else g
        for g, x in zip(map(float, largest), leaves, strict=True)
    ])  # fmt: skip


def _by_reverse_mode(function: Callable, leaves: list) -> tuple[jax.Array, list[jax.Array]]:
    """The value, and the largest derivative by each leaf."""
    value, gradient = jax.value_and_grad(function)(leaves)
    return value, list(map(_top, gradient))


def _by_forward_mode(function: Callable, leaves: list) -> tuple[jax.Array, list[jax.Array]]:
    """The value, and the derivative by each leaf along one direction, as large as none is flat.

    For a while_loop, through which there is no reverse mode.
    """
    each = []
    for i in range(len(leaves)):
        directions = [
            jnp.asarray(_weights(x.shape) * (j == i)).astype(x.dtype) for j, x in enumerate(leaves)
        ]
        each.append(_top(jax.jvp(function, (leaves,), (directions,))[1]))
    return jnp.asarray(function(leaves)), each


def _top(array: jax.Array) -> jax.Array:
    """The largest size among the elements."""
    return jnp.max(jnp.abs(array), initial=0.0)


def _weights(shape: tuple[int, ...]) -> np.ndarray:
    if not shape:
        return np.ones(())
    return np.random.default_rng(0).uniform(0.5, 1.5, shape)
