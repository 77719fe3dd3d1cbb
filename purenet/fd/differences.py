"""Difference quotients: a stencil applied along coordinates, pairs of them, or a direction."""

from collections.abc import Sequence
from typing import Any, Protocol, runtime_checkable

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array

from purenet.fd.numbers import namespace, numbers
from purenet.fd.stencils import Stencil
from purenet.fd.watch import Watch

Numbers = Array | np.ndarray


@runtime_checkable
class Evaluator(Protocol):
    """A function around a base point; `Incremental`, `Dense` and `Host` are ways to evaluate it."""

    leaves: list[Any]
    evaluations: int  # points at which the function has been evaluated
    watch: Watch

    def noise(self) -> np.ndarray:
        """The noise of each output, flat and concatenated, measured along all leaves together."""
        ...

    def base(self) -> list[Any]:
        """The outputs at the base point."""
        ...

    def relative_noise(self) -> float:
        """The noise of the outputs relative to their size: their rounding, or what is measured."""
        ...

    def along_coordinates(self, moves: Sequence[tuple[int, Any, Any]]) -> list[Any]:
        """The outputs at displaced coordinates, each with leading axes (coordinates, offsets)."""
        ...

    def along_leaf(self, leaf: int, steps: Any, points: Any) -> list[Any]:
        """The outputs where each coordinate of a leaf moves by so many of its steps."""
        ...

    def strategy(self, leaf: int, points: int) -> str:
        """How the coordinates of a whole leaf are evaluated, and why, in a few words."""
        ...

    def seconds(self, points: int, most: float) -> float:
        """About how long all coordinates take; where it is more than ``most``, any such number."""
        ...

    def point_seconds(self) -> float:
        """About how long the whole function takes at one point."""
        ...

    def dependence(self, leaf: int) -> str:
        """How the outputs depend on a leaf: "moves" with it, "held" constant, or "ignored"."""
        ...

    def sampled(self, leaf: int, offsets: Any, width: int) -> list[Any]:
        """The outputs where each of a few coordinates of a leaf is displaced by each offset."""
        ...

    def displaced(self, leaf: int, coordinates: Any, steps: Any, points: Any) -> list[Any]:
        """The outputs where some coordinates of a leaf move by so many of their steps."""
        ...

    def order(self, leaf: int) -> np.ndarray:
        """A leaf's coordinates in the order in which displacing some at a time is least work."""
        ...

    def at_points(self, leaf: int, coordinates: Any, offsets: Any) -> list[Any]:
        """The outputs where one coordinate of a leaf is displaced, each with a leading axis."""
        ...

    def along_direction(self, direction: Sequence[Any], offsets: Any) -> list[Any]:
        """The outputs at displaced leaves, each with a leading axis of the offsets."""
        ...


def coordinate_count(leaf: Numbers) -> int:
    """The number of real coordinates of a leaf: a complex element has two."""
    return leaf.size * (2 if jnp.iscomplexobj(leaf) else 1)


def real_coordinates(leaf: Numbers) -> Numbers:
    """A leaf's coordinates as a real vector, imaginary parts after the real ones."""
    flat: Any = numbers(leaf).reshape(-1)
    if not jnp.iscomplexobj(leaf):
        return flat
    return namespace(flat).concatenate([flat.real, flat.imag])


def along_coordinates(
    evaluator: Evaluator, leaf: int, steps: Numbers, stencil: Stencil
) -> list[Numbers]:
    """The derivative of each output with respect to every coordinate of a leaf.

    Args:
        evaluator: the function and its base point.
        leaf: the leaf's position.
        steps: one a coordinate, shape (m,).
        stencil: the stencil.

    Returns:
        For each output an array of shape (m, *output shape).
    """
    if steps.size == 0:
        return [jnp.zeros((0, *out.shape)) for out in evaluator.base()]
    points = np.asarray(stencil.offsets, steps.dtype)
    outputs = evaluator.along_leaf(leaf, steps, points)
    realised = _realised(numbers(real_coordinates(evaluator.leaves[leaf])), steps, stencil)
    return [_quotient(out, stencil, realised) for out in outputs]


def along_pairs(
    evaluator: Evaluator,
    leaves: tuple[int, int],
    pairs: tuple[Numbers, Numbers],
    steps: tuple[Numbers, Numbers],
    stencil: Stencil,
) -> list[Numbers]:
    """The second derivatives with respect to pairs of coordinates, one of each of two leaves.

    Args:
        evaluator: the function and its base point.
        leaves: the two leaves' positions.
        pairs: the coordinates, two arrays of shape (m,).
        steps: the steps of these coordinates, two arrays of shape (m,).
        stencil: applied in both directions, as a product.

    Returns:
        For each output an array of shape (m, *output shape).
    """
    if steps[0].size == 0:
        return [jnp.zeros((0, *out.shape)) for out in evaluator.base()]
    count = len(stencil.offsets)
    first, second = (_offsets(s, stencil) for s in steps)
    moves = [
        (leaves[0], pairs[0], namespace(first).repeat(first, count, axis=1)),
        (leaves[1], pairs[1], namespace(second).tile(second, (1, count))),
    ]
    inner, outer = (
        _realised(numbers(real_coordinates(evaluator.leaves[leaf]))[c], s, stencil)
        for leaf, c, s in zip(leaves, pairs, steps, strict=True)
    )
    quotients = []
    for out in map(numbers, evaluator.along_coordinates(moves)):
        grid = out.reshape(out.shape[0], count, count, *out.shape[2:])
        by_first = _quotient(grid, stencil, inner)
        quotients.append(_quotient(by_first, stencil, outer))
    return quotients


def along_direction(
    evaluator: Evaluator, direction: Sequence[Array], step: Numbers, stencil: Stencil
) -> list[Numbers]:
    """The derivative of each output along one direction, of a given step."""
    step = numbers(step)[None]
    outputs = evaluator.along_direction(direction, _offsets(step, stencil)[0])
    return [_quotient(numbers(out)[None], stencil, step)[0] for out in outputs]


def _offsets(steps: Numbers, stencil: Stencil) -> Numbers:
    return numbers(steps)[:, None] * np.asarray(stencil.offsets, steps.dtype)


def _realised(x: Numbers, steps: Numbers, stencil: Stencil) -> Numbers:
    """The steps as they came out after rounding x + offset to the leaf's dtype."""
    low, high = min(stencil.offsets), max(stencil.offsets)
    return ((x + high * steps) - (x + low * steps)) / (high - low)


def _quotient(values: Any, stencil: Stencil, steps: Numbers) -> Numbers:
    """The weighted sum over axis 1, divided by the steps of axis 0."""
    values = numbers(values)
    values = values.astype(jnp.promote_types(values.dtype, np.float32))  # sums of bfloat16 cancel
    weights = np.asarray(stencil.weights, values.real.dtype)
    steps = steps.astype(weights.dtype)
    with np.errstate(all="ignore"):  # what is not finite is explained by `require_finite`
        total = namespace(values).tensordot(values, weights.astype(values.dtype), axes=(1, 0))
        return total / steps.reshape(-1, *[1] * (total.ndim - 1))
