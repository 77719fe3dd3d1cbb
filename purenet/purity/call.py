"""A call of a function, taken apart: its arguments, and the leaves that are its parameters."""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import jax
import numpy as np

from purenet import trees
from purenet.fd.problem import pose, require_numbers
from purenet.purity.values import perturbed


class Call(NamedTuple):
    """A call of a function, its parameters taken apart.

    Attributes:
        function: the caller's function.
        args: its arguments.
        positions: which of them are the parameters.
        leaves: the parameters' leaves.
        paths: their paths.
        movable: the positions in ``leaves`` of those that are floating point.
    """

    function: Callable
    args: tuple
    positions: list[int]
    leaves: list[Any]
    paths: list[str]
    movable: list[int]

    @property
    def name(self) -> str:
        """The function's name."""
        return trees.function_name(self.function)

    def named(self, arguments: Sequence[Any]) -> dict[str, Any]:
        """Arguments of the function by their names in its signature."""
        return {trees.argument_name(self.function, i): a for i, a in enumerate(arguments)}

    def path(self, leaf: int) -> str:
        """The path of one of ``values``."""
        return self.paths[self.movable[leaf]]

    @property
    def numeric(self) -> list[int]:
        """The positions of the leaves that NumPy code can move: whole numbers too."""
        return [
            i
            for i, leaf in enumerate(self.leaves)
            if i in self.movable or getattr(trees.dtype_of(leaf), "kind", "") in ("i", "u")
        ]

    @property
    def values(self) -> list[Any]:
        """The leaves that can move."""
        return [self.leaves[i] for i in self.movable]

    def arguments(self, moved: Sequence[Any], *, elsewhere: bool = False) -> list[Any]:
        """The arguments anew: other containers, copies of NumPy arrays, other values that can move.

        Args:
            moved: the values in the place of ``values``.
            elsewhere: whether the floating-point arrays of the data, too, are other numbers.
        """
        arguments = [
            argument if i in self.positions else jax.tree.map(_elsewhere, argument)
            for i, argument in enumerate(self.args)
        ] if elsewhere else list(self.args)  # fmt: skip
        leaves = jax.tree.leaves(tuple(arguments[i] for i in self.positions))
        for i, value in zip(self.movable, moved, strict=True):
            leaves[i] = value
        tree = jax.tree.structure(tuple(arguments[i] for i in self.positions))
        for i, argument in zip(self.positions, jax.tree.unflatten(tree, leaves), strict=True):
            arguments[i] = argument
        return [jax.tree.map(_copied, argument) for argument in arguments]


def called(function: Callable, args: tuple, argnums: int | Sequence[int]) -> Call:
    """A call as `Experiment` takes it.

    Raises:
        TypeError, ValueError: where there is no function, no such argument, no leaf, no number
            among the leaves, or a tracer.
    """
    problem = pose(function, args, {}, argnums=argnums, allow_int=True)
    require_numbers(problem)
    if not any(trees.is_numeric(leaf) for leaf in problem.leaves):
        trees.require_differentiable(problem.leaves, problem.paths)
    given = [argnums] if isinstance(argnums, int) else list(argnums)
    positions = [i % len(args) for i in given]
    return Call(function, args, positions, problem.leaves, problem.paths, problem.movable)


def _copied(leaf: Any) -> Any:
    return leaf.copy() if isinstance(leaf, np.ndarray) else leaf


def _elsewhere(leaf: Any) -> Any:
    is_array = isinstance(leaf, np.ndarray | jax.Array)
    return perturbed(leaf) if is_array and jax.numpy.issubdtype(leaf.dtype, np.floating) else leaf
