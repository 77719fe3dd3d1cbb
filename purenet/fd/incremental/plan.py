"""The plan of a leaf: which of its coordinates are evaluated together, or none incrementally."""

import math
from typing import Any, NamedTuple

import jax.numpy as jnp
import numpy as np

from purenet.fd.incremental.patch import Index, Where


class Plan(NamedTuple):
    """How the coordinates of a leaf are taken.

    One chunk holds ``lanes`` coordinates, consecutive ones in row-major order along ``axes``, at
    one position along the other axes, over which a loop runs.
    """

    shape: tuple[int, ...]
    axes: tuple[int, ...]
    lanes: int

    @property
    def loops(self) -> tuple[int, ...]:
        """The axes that the loop runs over."""
        return tuple(axis for axis, n in enumerate(self.shape) if axis not in self.axes and n > 1)

    @property
    def together(self) -> int:
        """The number of coordinates along ``axes``."""
        return math.prod(self.shape[axis] for axis in self.axes)

    @property
    def chunks(self) -> int:
        """The number of chunks that the coordinates along ``axes`` take."""
        return -(-self.together // self.lanes)

    @property
    def rounds(self) -> int:
        """The number of rounds of the loop."""
        return self.chunks * math.prod(self.shape[axis] for axis in self.loops)

    def where(self, number: Any) -> Where:
        """Where the coordinates of one round lie."""
        where: list = [None] * len(self.shape)
        places, start = self._places(number, jnp)
        for axis, positions in places.items():
            where[axis] = Index(positions, start if self.axes == (axis,) else None)
        return tuple(where)

    def coordinates(self, number: int) -> np.ndarray:
        """The row-major positions of the coordinates of one round."""
        places, _ = self._places(number, np)
        flat = np.zeros(self.lanes, int)
        for axis, size in enumerate(self.shape):
            flat = flat * size + places.get(axis, 0)
        return flat

    def places_of(self, coordinates: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """The round that takes each of some coordinates, and its lane there.

        Coordinates are given by their row-major positions.
        """
        places = np.unravel_index(coordinates, self.shape) if self.shape else ()
        position, along = np.zeros(len(coordinates), int), np.zeros(len(coordinates), int)
        for axis in self.loops:
            position = position * self.shape[axis] + places[axis]
        for axis in self.axes:
            along = along * self.shape[axis] + places[axis]
        chunk = along // self.lanes
        return position * self.chunks + chunk, along - self._start(chunk, np)

    def arranged(self, outputs: Any) -> Any:
        """Outputs of shape (rounds, lanes, ...) in the leaf's row-major order."""
        lane = jnp.arange(self.together)
        chunk = jnp.minimum(lane // self.lanes, self.chunks - 1)
        start = self._start(chunk, jnp)
        rest = outputs.shape[2:]
        loops = math.prod(self.shape[axis] for axis in self.loops)
        outputs = outputs.reshape(loops, self.chunks, self.lanes, *rest)
        outputs = outputs[:, 0] if self.chunks == 1 else outputs[:, chunk, lane - start]
        order = [*self.loops, *self.axes]
        outputs = outputs.reshape(*(self.shape[axis] for axis in order), *rest)
        back = [order.index(axis) for axis in sorted(order)]
        outputs = outputs.transpose(*back, *range(len(order), outputs.ndim))
        return outputs.reshape(math.prod(self.shape), *rest)

    def _places(self, number: Any, xp: Any) -> tuple[dict[int, Any], Any]:
        """For each axis the positions of one round's coordinates, and where its lanes start."""
        chunk, position = number % self.chunks, number // self.chunks
        places = {}
        for axis in reversed(self.loops):
            places[axis] = position % self.shape[axis]
            position = position // self.shape[axis]
        start = self._start(chunk, xp)
        lanes, inner = start + xp.arange(self.lanes), self.together
        for axis in self.axes:
            inner //= self.shape[axis]
            places[axis] = lanes // inner % self.shape[axis] if len(self.axes) > 1 else lanes
        return places, start

    def _start(self, chunk: Any, xp: Any) -> Any:
        # the last chunk is as long as the others, and takes some coordinates once more
        return xp.minimum(chunk * self.lanes, self.together - self.lanes)


class Sample(NamedTuple):
    """A few coordinates, spread over all axes of a leaf, each at several points, in one round.

    A lane is one coordinate at one point.
    """

    shape: tuple[int, ...]
    samples: int
    points: int

    @property
    def lanes(self) -> int:
        """The number of lanes of the round."""
        return self.samples * self.points

    @property
    def rounds(self) -> int:
        """The number of rounds: this plan takes a single one."""
        return 1

    def where(self, number: Any) -> Where:
        """The index, along each axis of the leaf, of every lane's coordinate."""
        del number
        # steps of the golden section: a stride would meet the same place of an axis again and again
        share = (np.arange(self.samples) + 0.5) * (5**0.5 - 1) / 2 % 1
        positions = np.unravel_index((share * math.prod(self.shape)).astype(int), self.shape)
        return tuple(
            Index(jnp.asarray(np.repeat(along, self.points))) if size > 1 else None
            for along, size in zip(positions, self.shape, strict=True)
        )

    def arranged(self, outputs: Any) -> Any:
        """Outputs of shape (1, lanes, 1, ...) as (samples, points, ...)."""
        return outputs.reshape(self.samples, self.points, *outputs.shape[3:])
