"""The host evaluation: a function that JAX cannot trace, called once a perturbed point."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from purenet import jaxprs, trees
from purenet.fd.coordinatewise import Coordinatewise
from purenet.fd.noise import POINTS, measured_noise
from purenet.fd.problem import Problem
from purenet.fd.steps import scale


class Host(Coordinatewise):
    """A black box around a base point.

    Each call gets fresh, read-only copies of the leaves that move, in the kinds the caller gave:
    NumPy arrays, JAX arrays or Python numbers. What the caller owns is never written to,
    also when the function raises.

    Attributes:
        leaves: the base point, NumPy arrays in the dtype that the evaluation works in.
        outputs: shape and dtype of each output at the base point.
        output_tree: their tree.
        evaluations: the number of calls so far.
    """

    def __init__(
        self,
        problem: Problem,
        leaves: Sequence[Any],
        paths: Sequence[str],
        *,
        double: bool,
        workers: int,
    ):
        self._problem = problem
        self._originals = leaves
        self._paths = paths
        self._double = double
        self._workers = workers
        self._noise: float | None = None
        self.evaluations = 1
        self.leaves = [_working(leaf, double) for leaf in leaves]
        with jaxprs.working_precision(double):
            output = self._problem.function(self._rebuilt(self.leaves))
        flat, self.output_tree = jax.tree.flatten(output)
        self._base = [_as_float(out) for out in flat]
        self.outputs = [jax.ShapeDtypeStruct(out.shape, out.dtype) for out in self._base]

    def base(self) -> list[np.ndarray]:
        """The outputs at the base point."""
        return self._base

    def relative_noise(self) -> float:
        """The noise of the function near the base point, measured once along all leaves together.

        At least the machine epsilon of the leaves; more where the function rounds to fewer digits
        inside, iterates to a tolerance or simulates.
        """
        if self._noise is None:
            direction = [np.asarray(scale(x)) for x in self.leaves]
            eps = max(float(jnp.finfo(x.dtype).eps) for x in self.leaves)
            self._noise = max(eps, self._measured_noise(direction))
        return self._noise

    def strategy(self, leaf: int, points: int) -> str:
        """How `along_leaf` evaluates a leaf."""
        del leaf, points
        return "host: one call a point"

    def point_seconds(self) -> float:
        """Infinity: what a call of a black box costs is not known."""
        return float("inf")

    def seconds(self, points: int, most: float) -> float:
        """Infinity: what a call of a black box costs is not known."""
        del points, most
        return float("inf")

    def dependence(self, leaf: int) -> str:
        """What cannot be looked into may move with any leaf."""
        del leaf
        return "moves"

    def along_coordinates(self, moves: Sequence[tuple[int, Any, Any]]) -> list[np.ndarray]:
        """The outputs where single coordinates are displaced; see `Dense.along_coordinates`."""
        moves = [(leaf, np.asarray(c), np.asarray(o)) for leaf, c, o in moves]
        count, points = moves[0][2].shape

        def at(index):
            coordinate, point = divmod(index, points)
            moved, names = list(self.leaves), []
            for leaf, coordinates, offsets in moves:
                c, offset = int(coordinates[coordinate]), offsets[coordinate, point]
                moved[leaf] = _displaced(moved[leaf], c, offset)
                path = trees.coordinate_path(
                    self._paths[leaf], moved[leaf].shape, c % moved[leaf].size
                )
                names.append(f"{path} moved by {offset:.3g}")
            return self._call(moved, " and ".join(names))

        return self._gathered(at, (count, points))

    def at_points(self, leaf: int, coordinates: Any, offsets: Any) -> list[np.ndarray]:
        """The outputs where one coordinate is displaced; see `Dense.at_points`."""
        outputs = self.along_coordinates([(leaf, coordinates, np.asarray(offsets)[:, None])])
        return [out[:, 0] for out in outputs]

    def along_direction(self, direction: Sequence[Any], offsets: Any) -> list[np.ndarray]:
        """The outputs at leaves + offset * direction; see `Dense.along_direction`."""
        offsets = np.asarray(offsets)

        def at(index):
            offset = offsets[index]
            moved = [
                np.asarray(x + offset * np.asarray(d), x.dtype)
                for x, d in zip(self.leaves, direction, strict=True)
            ]
            return self._call(moved, f"all leaves moved by {offset:.3g} times the direction")

        return self._gathered(at, offsets.shape)

    def _measured_noise(self, direction: Sequence[np.ndarray]) -> float:
        def values_at(spacing: float) -> np.ndarray:
            outputs = self.along_direction(direction, spacing * np.arange(1, POINTS + 1))
            return np.concatenate([out.reshape(POINTS, -1) for out in outputs], axis=1)[None]

        size = np.abs(np.concatenate([out.ravel() for out in self._base]))
        noise, _ = measured_noise(values_at)
        noise = noise[0][size > 0] / size[size > 0]
        return float(np.max(noise, initial=0.0, where=np.isfinite(noise)))

    def _gathered(self, at, shape: tuple[int, ...]) -> list[np.ndarray]:
        indices = range(int(np.prod(shape)))
        self.evaluations += len(indices)
        if self._workers == 1:
            rows = [at(i) for i in indices]
        else:
            with ThreadPoolExecutor(self._workers) as pool:
                rows = list(pool.map(at, indices))
        columns = zip(*rows, strict=True)
        return [np.stack(c).reshape(*shape, *c[0].shape) for c in columns]

    def _call(self, moved: Sequence[np.ndarray], where: str) -> list[np.ndarray]:
        try:
            with jaxprs.working_precision(self._double):
                output = self._problem.function(self._rebuilt(moved))
        except Exception as error:
            error.add_note(f"purenet: raised with {where}; the arrays passed in are unchanged")
            raise
        flat, tree = jax.tree.flatten(output)
        shapes = [np.shape(out) for out in flat]
        if tree != self.output_tree or shapes != [out.shape for out in self.outputs]:
            raise ValueError(
                f"got outputs of shapes {shapes} with {where}, and of shapes "
                f"{[out.shape for out in self.outputs]} at the base point; wanted the same shapes "
                "everywhere; return arrays whose shapes do not depend on the parameters' values"
            )
        return [_as_float(out) for out in flat]

    def _rebuilt(self, moved: Sequence[np.ndarray]) -> list[Any]:
        every = list(self._problem.leaves)
        for i, original, x in zip(self._problem.movable, self._originals, moved, strict=True):
            every[i] = _in_kind(original, x)
        return every


def _working(leaf: Any, double: bool) -> np.ndarray:
    array = np.asarray(leaf)
    return array.astype(jaxprs.wide_dtype(array.dtype)) if double else array


def _in_kind(original: Any, x: np.ndarray) -> Any:
    if isinstance(original, jax.Array):
        return jnp.asarray(x)
    if not isinstance(original, np.ndarray):
        return x.item()
    fresh = x.copy()
    fresh.flags.writeable = False
    return fresh


def _displaced(leaf: np.ndarray, coordinate: int, offset: Any) -> np.ndarray:
    moved = leaf.copy()
    unit = 1.0 if coordinate < leaf.size else 1.0j
    moved.reshape(-1)[coordinate % leaf.size] += unit * offset
    return moved


def _as_float(output: Any) -> np.ndarray:
    array = np.array(output)  # a copy: the function may return the same buffer every time
    if array.dtype.kind in "fc" or jnp.issubdtype(array.dtype, np.inexact):
        return array
    got = f"dtype {array.dtype}" if array.dtype.kind in "iub" else f"type {type(output).__name__}"
    raise TypeError(
        f"got an output of {got}; wanted floating-point numbers, which alone have a derivative; "
        "return a float or an array of floats"
    )
