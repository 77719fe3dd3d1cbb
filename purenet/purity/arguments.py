"""The arguments of a call that is made again: other containers, copies, other numbers, by name."""

from collections.abc import Callable, Sequence
from typing import Any

import jax
import numpy as np

from purenet import trees
from purenet.fd.point import Point
from purenet.fd.requirements import require_numbers
from purenet.purity.values import perturbed


def point_of(function: Callable, args: tuple, argnums: int | Sequence[int]) -> Point:
    """A call taken apart, as `Experiment` wants it.

    Raises:
        TypeError, ValueError: where there is no function, no such argument, no leaf, no number
            among the leaves, or a tracer.
    """
    point = Point.of(function, args, {}, argnums=argnums, allow_int=True)
    require_numbers(point)
    if not any(trees.is_numeric(leaf) for leaf in point.leaves):
        trees.require_differentiable(point.leaves, point.paths)
    return point


def numeric(point: Point) -> list[int]:
    """The positions of the leaves that NumPy code can move: whole numbers too."""
    return [
        i
        for i, leaf in enumerate(point.leaves)
        if i in point.movable or getattr(trees.dtype_of(leaf), "kind", "") in ("i", "u")
    ]


def new_arguments(point: Point, moved: Sequence[Any], *, elsewhere: bool = False) -> tuple:
    """The arguments of another call: other containers, copies of NumPy arrays, other numbers.

    Args:
        point: the call.
        moved: in the place of the leaves that move.
        elsewhere: whether the floating-point arrays of the data, too, are other numbers.
    """
    data = list(map(_elsewhere, point.data[0])) if elsewhere else point.data[0]
    leaves = point.with_moved(moved, point.originals)
    return point.placed(list(map(_copied, leaves)), list(map(_copied, data)))


def arguments_by_name(point: Point, arguments: Sequence[Any]) -> dict[str, Any]:
    """Arguments of the function by their names in its signature."""
    return {trees.argument_name(point.function, i): a for i, a in enumerate(arguments)}


def _copied(leaf: Any) -> Any:
    return leaf.copy() if isinstance(leaf, np.ndarray) else leaf


def _elsewhere(leaf: Any) -> Any:
    is_array = isinstance(leaf, np.ndarray | jax.Array)
    return perturbed(leaf) if is_array and jax.numpy.issubdtype(leaf.dtype, np.floating) else leaf
