"""Whole leaves and samples of them, for evaluators that take one coordinate like any other."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from functools import cached_property
from typing import Any, cast

import numpy as np

from purenet.fd.differences import Evaluator, coordinate_count
from purenet.fd.noise import noise_of_outputs
from purenet.fd.numbers import namespace, numbers

_LARGE = 256  # coordinates from which on a sample takes all of them, and not half


class Coordinatewise(ABC):
    """An evaluator's whole leaves, by its ``along_coordinates``."""

    leaves: list[Any]
    samples = 4  # coordinates of a large leaf that are looked at to choose its step

    @abstractmethod
    def along_coordinates(self, moves: Sequence[tuple[int, Any, Any]]) -> list[Any]:
        """The outputs at displaced coordinates, each with leading axes (coordinates, offsets)."""

    @abstractmethod
    def at_points(self, leaf: int, coordinates: Any, offsets: Any) -> list[Any]:
        """The outputs where one coordinate of a leaf is displaced, each with a leading axis."""

    def noise(self) -> np.ndarray:
        """The noise of each output, measured once; see `noise_of_outputs`."""
        return self._noise

    @cached_property
    def _noise(self) -> np.ndarray:
        return noise_of_outputs(cast(Evaluator, self))

    def order(self, leaf: int) -> np.ndarray:
        """The coordinates of a leaf in any order, here their own."""
        return np.arange(coordinate_count(self.leaves[leaf]))

    def displaced(self, leaf: int, coordinates: Any, steps: Any, points: Any) -> list[Any]:
        """The outputs where some coordinates of a leaf are displaced.

        Args:
            leaf: the leaf's position.
            coordinates: which, shape (m,).
            steps: one for each of them, shape (m,).
            points: the displacements in units of the steps, shape (k,).

        Returns:
            Each output with leading axes (m, k).
        """
        count, k = len(steps), len(points)
        offsets = np.asarray(steps)[:, None] * np.asarray(points)
        outputs = self.at_points(leaf, np.repeat(coordinates, k), offsets.ravel())
        return [out.reshape(count, k, *out.shape[1:]) for out in outputs]

    def along_leaf(self, leaf: int, steps: Any, points: Any) -> list[Any]:
        """The outputs where each coordinate of a leaf is displaced.

        Args:
            leaf: the leaf's position.
            steps: one for each real coordinate, shape (m,).
            points: the displacements in units of the steps, shape (k,).

        Returns:
            Each output with leading axes (m, k).
        """
        steps, points = numbers(steps), numbers(points)
        coordinates = np.arange(steps.size)
        return self.along_coordinates([(leaf, coordinates, steps[:, None] * points)])

    def sampled(self, leaf: int, offsets: Any, width: int) -> list[Any]:
        """The outputs where a few coordinates of a leaf, evenly spread, are displaced.

        Args:
            leaf: the leaf's position.
            offsets: the displacements of each, shape (k,).
            width: the number of points a coordinate that `along_leaf` is going to be asked for.

        Returns:
            Each output with leading axes (coordinates, k).
        """
        del width  # an evaluator with a program for that many points uses it for samples too
        size, k = coordinate_count(self.leaves[leaf]), len(offsets)
        count = self.samples if size >= _LARGE else self.samples // 2
        samples = (size * (2 * np.arange(count) + 1)) // (2 * count)
        offsets = numbers(offsets)
        moves = (leaf, np.repeat(samples, k), namespace(offsets).tile(offsets, count)[:, None])
        outputs = self.along_coordinates([moves])
        return [out.reshape(count, k, *out.shape[2:]) for out in outputs]
