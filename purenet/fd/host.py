"""The host evaluation: a function that JAX cannot trace, called once a perturbed point."""

import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cached_property, partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from purenet import jaxprs, kinds, trees
from purenet.fd.coordinatewise import Coordinatewise
from purenet.fd.differences import coordinate_count
from purenet.fd.lengths import scale
from purenet.fd.noise import noise_along_all
from purenet.fd.point import Point
from purenet.fd.watch import SPAN, Watch, identity

_TOGETHER = 16  # calls that are kept together, however long they take this time
_FAR = np.array([-16.0, -1.0, 1.0, 16.0])  # how far a leaf moves, in scales, to be seen ignored


class Host(Coordinatewise):
    """A black box around a base point.

    Each call gets fresh copies of all its arguments, in the kinds the caller gave: NumPy arrays,
    PyTorch tensors, JAX arrays or Python numbers. It may write into them; nothing of the caller's
    is ever written to. Where it does not take leaves widened to float64, it gets them as they are.

    Attributes:
        leaves: the base point, NumPy arrays in the dtype that the evaluation works in.
        double: whether that is float64.
        outputs: shape and dtype of each output at the base point.
        output_tree: their tree.
        evaluations: the number of calls so far.
    """

    samples = 2  # each of which takes sixteen calls

    def __init__(
        self,
        point: Point,
        *,
        double: bool,
        workers: int,
        watch: Watch | None = None,
    ):
        self.watch = watch or Watch()
        self._point = point
        self._paths = point.moved_paths
        self._workers = workers
        self._relative_noise: float | None = None
        self.evaluations = 1
        self.double, start = double, time.perf_counter()
        output = self._at_base()
        self._seconds = time.perf_counter() - start
        flat, self.output_tree = jax.tree.flatten(output)
        self._base = [_as_float(out) for out in flat]
        self.outputs = [jax.ShapeDtypeStruct(out.shape, out.dtype) for out in self._base]
        self._shapes = [out.shape for out in self.outputs]

    def _at_base(self) -> Any:
        """The output at the base point, in float64 if that is wanted and can be."""
        originals = [np.asarray(leaf) for leaf in self._point.moved]
        self.leaves = [_working(leaf, self.double) for leaf in originals]
        try:
            return self._output(self.leaves)
        except Exception:
            if not self.double or [x.dtype for x in self.leaves] == [x.dtype for x in originals]:
                raise
        self.double, self.leaves = False, originals
        return self._output(self.leaves)

    def base(self) -> list[np.ndarray]:
        """The outputs at the base point."""
        return self._base

    def relative_noise(self) -> float:
        """The noise of the function near the base point, measured once along all leaves together.

        At least the machine epsilon of the leaves; more where the function rounds to fewer digits
        inside, iterates to a tolerance or simulates.
        """
        if self._relative_noise is None:
            eps = max(float(jnp.finfo(x.dtype).eps) for x in self.leaves)
            self._relative_noise = max(eps, noise_along_all(self))
        return self._relative_noise

    def strategy(self, leaf: int, points: int) -> str:
        """How `along_leaf` evaluates a leaf."""
        del leaf, points
        return "host: one call a point"

    def point_seconds(self) -> float:
        """How long the calls so far took, the fastest of them."""
        return self._seconds

    def seconds(self, points: int, most: float) -> float:
        """About how long all coordinates take, a call a point."""
        del most
        return sum(map(coordinate_count, self.leaves)) * points * self.point_seconds()

    def dependence(self, leaf: int) -> str:
        """ "ignored" where the outputs stay to the last digit while the whole leaf moves far."""
        x = self.leaves[leaf]
        far = np.asarray(scale(x)) * np.random.default_rng(0).uniform(0.5, 1.5, x.shape)
        direction = [far if i == leaf else np.zeros_like(y) for i, y in enumerate(self.leaves)]
        try:
            with np.errstate(all="ignore"):
                moved = self.along_direction(direction, _FAR)
        except Exception:
            return "moves"  # to where it cannot be evaluated
        stays = [np.array_equal(m, np.broadcast_to(b, m.shape), equal_nan=True)
                 for m, b in zip(moved, self._base, strict=True)]  # fmt: skip
        return "ignored" if all(stays) else "moves"

    def along_coordinates(self, moves: Sequence[tuple[int, Any, Any]]) -> list[np.ndarray]:
        """The outputs where single coordinates are displaced; see `Dense.along_coordinates`."""
        moves = [(leaf, np.asarray(c), np.asarray(o)) for leaf, c, o in moves]
        count, points = moves[0][2].shape

        def at(index):
            coordinate, point = divmod(index, points)
            moved = list(self.leaves)
            for leaf, coordinates, offsets in moves:
                offset = offsets[coordinate, point]
                moved[leaf] = _displaced(moved[leaf], int(coordinates[coordinate]), offset)

            def where() -> str:
                return " and ".join(
                    f"{self._path(leaf, int(c[coordinate]))} moved by {o[coordinate, point]:.3g}"
                    for leaf, c, o in moves
                )

            return self._call(moved, where)

        about = [part for leaf, *arrays in moves for part in (str(leaf), *arrays)]
        return self._gathered(at, (count, points), about)

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
            return self._call(
                moved, lambda: f"all leaves moved by {offset:.3g} times the direction"
            )

        return self._gathered(at, offsets.shape, [*direction, offsets])

    def _gathered(self, at, shape: tuple[int, ...], about: list[Any]) -> list[np.ndarray]:
        """The outputs at so many points, one ``at(index)``, span by span."""
        count = int(np.prod(shape))
        self.evaluations += count

        def some(first: int, last: int) -> list[np.ndarray]:
            indices = range(first, last)
            if self._workers == 1:
                rows = [at(i) for i in indices]
            else:
                with ThreadPoolExecutor(self._workers) as pool:
                    rows = list(pool.map(at, indices))
            return [np.stack(column) for column in zip(*rows, strict=True)]

        about = [self._identity, *about] if self.watch.keeps else []
        spans = [
            self.watch.kept([*about, f"{first} {last}"], last - first, partial(some, first, last))
            for first, last in self.watch.spans(count, SPAN / _TOGETHER, count)
        ]
        columns = [np.concatenate(parts) for parts in zip(*spans, strict=True)]
        return [c.reshape(*shape, *c.shape[1:]) for c in columns]

    @cached_property
    def _identity(self) -> str:
        """A digest of the function's name, the base point and the outputs there."""
        return identity(self._point.name, [*self.leaves, *self._base])

    def _call(self, moved: Sequence[np.ndarray], where: Callable[[], str]) -> list[np.ndarray]:
        start = time.perf_counter()
        try:
            output = self._output(moved)
        except Exception as error:
            error.add_note(f"purenet: raised with {where()}; the arrays passed in are unchanged")
            raise
        self._seconds = min(self._seconds, time.perf_counter() - start)
        flat, tree = jax.tree.flatten(output)
        outputs = [_as_float(out) for out in flat]
        shapes = [out.shape for out in outputs]
        if tree != self.output_tree or shapes != self._shapes:
            raise ValueError(
                f"got outputs of shapes {shapes} with {where()}, and of shapes "
                f"{self._shapes} at the base point; wanted the same shapes "
                "everywhere; return arrays whose shapes do not depend on the parameters' values"
            )
        return outputs

    def _output(self, moved: Sequence[np.ndarray]) -> Any:
        with jaxprs.working_precision(self.double):
            return self._point.output(self._point.fresh(moved, self.double))

    def _path(self, leaf: int, coordinate: int) -> str:
        x = self.leaves[leaf]
        return trees.coordinate_path(self._paths[leaf], x.shape, coordinate % x.size)


def _working(leaf: np.ndarray, double: bool) -> np.ndarray:
    return leaf.astype(jaxprs.wide_dtype(leaf.dtype)) if double else leaf


def _displaced(leaf: np.ndarray, coordinate: int, offset: Any) -> np.ndarray:
    moved = leaf.copy()
    unit = 1.0 if coordinate < leaf.size else 1.0j
    moved.reshape(-1)[coordinate % leaf.size] += unit * offset
    return moved


def _as_float(output: Any) -> np.ndarray:
    # a copy: the function may return the same buffer every time
    array = np.array(kinds.numbers_of(output))
    if array.dtype.kind in "fc" or jnp.issubdtype(array.dtype, np.inexact):
        return array
    got = f"dtype {array.dtype}" if array.dtype.kind in "iub" else f"type {type(output).__name__}"
    raise TypeError(
        f"got an output of {got}; wanted floating-point numbers, which alone have a derivative; "
        "return a float or an array of floats"
    )
