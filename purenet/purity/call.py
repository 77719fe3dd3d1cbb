"""A call of a function, taken apart: its arguments, and the leaves that are its parameters."""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import jax
import numpy as np

from purenet import trees
from purenet.fd.problem import pose
from purenet.purity.world import World


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
        return getattr(self.function, "__name__", type(self.function).__name__)

    @property
    def named_arguments(self) -> dict[str, Any]:
        """The arguments by their names in the function's signature."""
        return self.named(self.args)

    def named(self, arguments: Sequence[Any]) -> dict[str, Any]:
        """Arguments of the function by their names in its signature."""
        return {trees.argument_name(self.function, i): a for i, a in enumerate(arguments)}

    @property
    def numeric(self) -> list[int]:
        """The positions of the leaves that NumPy code can move: whole numbers too."""
        return [
            i
            for i, leaf in enumerate(self.leaves)
            if i in self.movable or getattr(leaf, "dtype", np.asarray(leaf).dtype).kind in "iu"
        ]

    @property
    def values(self) -> list[Any]:
        """The leaves that can move."""
        return [self.leaves[i] for i in self.movable]

    def arguments(self, world: World, moved: Sequence[Any]) -> list[Any]:
        """Copies of the arguments, with other values in the leaves that can move."""
        return self.with_values([world.copied(argument) for argument in self.args], moved)

    def with_values(self, arguments: Sequence[Any], moved: Sequence[Any]) -> list[Any]:
        """Arguments with other values in the leaves that can move."""
        arguments = list(arguments)
        leaves, tree = jax.tree.flatten(tuple(arguments[i] for i in self.positions))
        for i, value in zip(self.movable, moved, strict=True):
            leaves[i] = value
        for i, argument in zip(self.positions, jax.tree.unflatten(tree, leaves), strict=True):
            arguments[i] = argument
        return arguments


def called(function: Callable, args: tuple, argnums: int | Sequence[int]) -> Call:
    """A call as `Experiment` takes it.

    Raises:
        TypeError, ValueError: where there is no function, no such argument, no leaf, or no number
            among the leaves.
    """
    problem = pose(function, args, {}, argnums=argnums, allow_int=True)
    if not any(trees.is_numeric(leaf) for leaf in problem.leaves):
        trees.require_differentiable(problem.leaves, problem.paths)
    given = [argnums] if isinstance(argnums, int) else list(argnums)
    positions = [i % len(args) for i in given]
    return Call(function, args, positions, problem.leaves, problem.paths, problem.movable)
