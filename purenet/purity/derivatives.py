"""How large the derivatives are, at the parameters and around them."""

import functools
from collections.abc import Callable, Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from purenet.purity.experiment import Experiment

POINTS = 3  # points around the parameters, where a flat function is asked again
_NEAR = 1e-2  # how far they are, in sizes of the parameter
_NAN = float("nan")


def largest_derivatives(experiment: Experiment) -> np.ndarray:
    """The largest derivative by each leaf, here and around: (points, leaves), NaN where not finite.

    What is lost in the value's rounding is zero.
    """
    function, leaves = experiment.traced.call, experiment.leaves

    def weighted(leaves):
        # sums of outputs can be constant where the outputs are not, as those of a softmax
        parts = [
            jnp.sum(jnp.abs(out * _weights(out.shape)) if jnp.iscomplexobj(out) else
                    out * _weights(out.shape).astype(out.dtype))
            for out in map(jnp.asarray, jax.tree.leaves(function(leaves)))
            if jnp.issubdtype(out.dtype, np.inexact)
        ]  # fmt: skip
        return sum(parts, jnp.zeros(()))

    def largest(leaves, derivatives):
        value, each = derivatives(weighted, leaves)
        value = _top(value)
        sizes = [jnp.maximum(_top(x), 1.0) for x in leaves]
        least = [float(jnp.finfo(x.dtype).eps) ** 1.5 for x in leaves]
        return jnp.stack(
            [  # what is not finite is not flat
                jnp.where(jnp.isfinite(value), jnp.where(g * s <= e * value, 0.0, g), _NAN)
                for g, s, e in zip(each, sizes, least, strict=True)
            ]
        )

    points = [leaves, *(around(leaves, seed) for seed in range(POINTS))]
    try:
        return _each_point(functools.partial(largest, derivatives=_by_reverse_mode), points)
    except ValueError as error:
        if "Reverse-mode" not in str(error):
            raise
        return _each_point(functools.partial(largest, derivatives=_by_forward_mode), points)


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


def _each_point(largest: Callable, points: list[list]) -> np.ndarray:
    compiled = jax.jit(largest)
    return np.stack([np.asarray(compiled(point), float) for point in points])


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
    """The largest size among the elements, in a dtype that mixes with others."""
    return jnp.max(jnp.abs(array), initial=0.0).astype(jnp.result_type(float))


def _weights(shape: tuple[int, ...]) -> np.ndarray:
    if not shape:
        return np.ones(())
    return np.random.default_rng(0).uniform(0.5, 1.5, shape)
