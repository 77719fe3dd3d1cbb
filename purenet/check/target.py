"""What is compared: a function of leaves to one vector of real outputs, of any order."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from purenet import jaxprs
from purenet.check.reading import Reading
from purenet.fd.differences import coordinate_count
from purenet.fd.point import Point

Seed = tuple[int, ...]  # of NumPy's generators: for a few numbers JAX would compile a program each
ENTRIES = 2**16  # of a Jacobian up to which all of it is compared


class Target(NamedTuple):
    """A function whose derivative is to be proved.

    Attributes:
        point: the function and its leaves; where there is no program it gives what is compared.
        traced: the program, of the leaves that move, that returns a real scalar or a real vector;
            None for a black box.
        outputs: the length of that vector; None for a scalar.
        label: what is differentiated, for people: "the function", "its gradient".
        shapes: of the other arguments' arrays, whose sizes may explain a factor.
        side: whose derivative is compared, "jax" or "given".
        reading: how that vector, or scalar, comes from what the function returns.
    """

    point: Point
    traced: jaxprs.Traced | None
    outputs: int | None
    label: str
    shapes: tuple[tuple[int, ...], ...] = ()
    side: str = "jax"
    reading: Reading | None = None

    @property
    def whose(self) -> str:
        """The side whose derivative is compared, as it stands before a noun."""
        return "jax's" if self.side == "jax" else "the given"

    @property
    def program(self) -> jaxprs.Traced:
        """The program, of a target that has one."""
        assert self.traced is not None
        return self.traced

    def of_moved(self, moved: Sequence[Any]) -> Any:
        """The function of the leaves that move, by its program."""
        (output,) = self.program.call(moved)
        return output

    @property
    def dtypes(self) -> list[Any]:
        """The dtypes of the leaves that move, in the caller's own program."""
        if self.traced is not None:
            return self.traced.input_dtypes
        return [np.asarray(leaf).dtype for leaf in self.moved]

    @property
    def moved(self) -> list[Any]:
        """The leaves that move, at the base point."""
        return self.point.moved

    @property
    def paths(self) -> list[str]:
        """The paths of the leaves that move."""
        return self.point.moved_paths


def targets_of(
    point: Point,
    traced: jaxprs.Traced,
    order: int,
    seed: Seed,
    shapes: Sequence[tuple[int, ...]] = (),
    entries: int = ENTRIES,
) -> list[Target]:
    """The targets of a check: the function itself, and for order 2 its gradient.

    A Jacobian of up to so many entries is compared whole. Of a larger one the rows are summed with
    weights drawn by the seed, between 1/2 and 3/2 and of either sign: an error in any entry shows.

    Args:
        point: the function and its leaves.
        traced: its program, of the leaves that move.
        order: 1 or 2.
        seed: draws the weights.
        shapes: of the other arguments' arrays.
        entries: up to which a Jacobian is compared whole.

    Raises:
        TypeError: where no output is a floating-point number.
    """
    value = _of_value(point, traced, (*seed, 1), entries)._replace(shapes=tuple(shapes))
    return [value] if order == 1 else [value, _of_gradient(value, (*seed, 2), entries)]


def black_box_target(
    point: Point,
    outputs: Sequence[jax.ShapeDtypeStruct],
    tree: Any,
    seed: Seed,
    shapes: Sequence[tuple[int, ...]] = (),
    entries: int = ENTRIES,
) -> Target:
    """The target of a function that cannot be traced; see `targets_of`."""
    reading = Reading(outputs, tree)
    size = reading.size
    whole = reading.is_scalar or size * _coordinates(point) <= entries
    if not whole:
        reading = Reading(outputs, tree, _weights((*seed, 1), size))

    def function(*args):
        return reading.of(jax.tree.leaves(point.output(args)))

    return Target(
        replace(point, function=function, kwargs={}, has_aux=False),
        None,
        size if whole and not reading.is_scalar else None,
        "the function" if whole else _summed(size, "the function"),
        tuple(shapes),
        "given",
        reading,
    )


def _of_value(point: Point, traced: jaxprs.Traced, seed: Seed, entries: int) -> Target:
    reading = Reading(traced.outputs, traced.output_tree)
    if reading.is_scalar:
        return Target(point, traced, None, "the function", reading=reading)

    def vector(moved):
        flat = traced.call(moved)
        return _as_vector([flat[i] for i in reading.floating])

    target, weights = _shown(point, vector, "the function", seed, entries)
    return target._replace(reading=Reading(traced.outputs, traced.output_tree, weights))


def _of_gradient(value: Target, seed: Seed, entries: int) -> Target:
    """The gradient as a vector function; of a vector function, that of a weighted sum of it."""
    weights = None if value.outputs is None else _weights((*seed, 1), value.outputs)

    def scalar(moved):
        output = value.of_moved(moved)
        return output if weights is None else jnp.dot(weights.astype(output.dtype), output)

    def gradient(moved):
        return _as_vector(jax.grad(scalar)(list(moved)))

    return _shown(value.point, gradient, "its gradient", (*seed, 2), entries)[0]


def _shown(
    point: Point, vector: Callable, label: str, seed: Seed, entries: int
) -> tuple[Target, np.ndarray | None]:
    """A vector function whole, or its weighted sum where the Jacobian would be too large."""
    traced = jaxprs.trace(lambda moved: [vector(moved)], point.moved)
    size = traced.outputs[0].shape[0]
    if size * _coordinates(point) <= entries:
        return Target(point, traced, size, label), None
    weights = _weights(seed, size)

    def weighted(moved):
        (output,) = traced.call(moved)
        return [jnp.dot(weights.astype(output.dtype), output)]

    return Target(point, jaxprs.trace(weighted, point.moved), None, _summed(size, label)), weights


def _summed(size: int, label: str) -> str:
    return label if size == 1 else f"a weighted sum of the {size} outputs of {label}"


def _coordinates(point: Point) -> int:
    return sum(coordinate_count(np.asarray(leaf)) for leaf in point.moved)


def _as_vector(outputs: Sequence[Any]) -> Any:
    real = [
        part.reshape(-1)
        for out in map(jnp.asarray, outputs)
        for part in ((out.real, out.imag) if jnp.iscomplexobj(out) else (out,))
    ]
    dtype = jaxprs.common_dtype(*(part.dtype for part in real))
    return jnp.concatenate([part.astype(dtype) for part in real])


def _weights(seed: Seed, size: int) -> np.ndarray:
    """Weights of either sign, none of them small; a single output is taken as it is."""
    if size == 1:
        return np.ones(1)
    draws = np.random.default_rng(seed)
    return draws.uniform(0.5, 1.5, size) * draws.choice([-1.0, 1.0], size)
