"""What stands against the finite differences: a derivative, in two precisions, and its rounding."""

import math
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

import jax.numpy as jnp
import numpy as np

from purenet.fd.differences import coordinate_count

Tree = list[np.ndarray]  # one array a leaf


class Derivatives(NamedTuple):
    """The derivatives with respect to a leaf, arrays of shape (real coordinates, outputs).

    Attributes:
        value: what the witness gives, in the dtypes of the caller's program.
        wide: what the same program gives in float64: the rules of differentiation, unrounded.
        rounding: how far ``wide`` may be from what exact arithmetic gives.
    """

    value: list[np.ndarray]
    wide: list[np.ndarray]
    rounding: list[np.ndarray]


class Witness:
    """A derivative of one target: by one mode of JAX's, or as it is given.

    It is evaluated in the caller's dtypes and in float64: the second is what rules are judged by.
    How far roundings moved it is measured only where that is asked, since it matters only where
    something seems to disagree; else two ulps stand for it.

    Attributes:
        mode: "rev", "fwd" or "given".
        by_tangents: whether it takes a pass for each coordinate.
    """

    mode: str
    by_tangents = False

    def whole(self, *, shaken: bool = False) -> Derivatives:
        """The derivatives with respect to every coordinate; ``shaken`` measures their rounding."""
        raise NotImplementedError

    def along(
        self, directions: Iterable[Tree], *, shaken: bool = False
    ) -> tuple[np.ndarray, np.ndarray]:
        """The derivatives along directions in float64 and their rounding, (directions, outputs)."""
        by = self.whole(shaken=shaken)
        values, roundings = [], []
        for direction in directions:
            flat = [real_vector(d) for d in direction]
            squares = sum((d * d) @ (r * r) for d, r in zip(flat, by.rounding, strict=True))
            sizes = sum((d * d) @ (g * g) for d, g in zip(flat, by.wide, strict=True))
            values.append(sum(d @ g for d, g in zip(flat, by.wide, strict=True)))
            roundings.append(np.sqrt(squares) + 8 * np.finfo(float).eps * np.sqrt(sizes))
        return np.stack(values), np.stack(roundings)


def real_vector(direction: np.ndarray) -> np.ndarray:
    """A leaf of a direction by real coordinates, imaginary parts after the real ones."""
    flat: Any = direction.reshape(-1)
    return np.concatenate([flat.real, flat.imag]) if np.iscomplexobj(flat) else flat


def unit_direction(leaves: Sequence[Any], leaf: int, coordinate: int) -> Tree:
    """The direction of one real coordinate of a leaf."""
    unit = [np.zeros(x.shape, complex if jnp.iscomplexobj(x) else float) for x in leaves]
    size = unit[leaf].size
    unit[leaf].reshape(-1)[coordinate % size] = 1.0 if coordinate < size else 1.0j
    return unit


def unit_directions(leaves: Sequence[Any]) -> tuple[list[Tree], np.ndarray]:
    """The directions of all real coordinates, and where those of each leaf but the last end."""
    counts = [coordinate_count(x) for x in leaves]
    units = [
        unit_direction(leaves, leaf, coordinate)
        for leaf, count in enumerate(counts)
        for coordinate in range(count)
    ]
    return units, np.cumsum(counts)[:-1]


def by_coordinate(derivative: Any) -> np.ndarray:
    """An array (outputs, *leaf shape) as (real coordinates, outputs).

    With respect to z = x + iy, JAX's derivative of a real output is dL/dx - i dL/dy.
    """
    array = np.asarray(derivative)
    flat: Any = array.reshape(len(array), math.prod(array.shape[1:])).T
    if np.iscomplexobj(flat):
        return np.concatenate([flat.real, -flat.imag]).astype(float)
    return flat.astype(float)
