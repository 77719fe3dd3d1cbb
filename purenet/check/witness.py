"""Witnesses: the derivative of a target by JAX, in reverse or forward mode, and its rounding."""

import math
from collections.abc import Callable, Iterable, Sequence
from functools import cached_property
from itertools import islice
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

from purenet import jaxprs
from purenet.check.target import Seed, Target
from purenet.fd.differences import coordinate_count

MODES = ("rev", "fwd")
# what jax.scipy.special.hyp2f1 misses its own rule by in float32, 9.5e-6, is the most that was seen
_APPROXIMATION = 128 * float(np.finfo(np.float32).eps)
_REFUSALS = {  # what JAX says of functions that it differentiates in the other mode alone
    "rev": "Reverse-mode differentiation does not work",
    "fwd": "can't apply forward-mode",
}
_TOGETHER = 16  # tangents, as long as the values of the program are small
_SMALL = 2**18  # elements
_ALONG = 4  # directions along which a solver is asked what its tolerance leaves

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


class Inexact(Witness):
    """A derivative that may be off by a fraction of its leaf's largest one, as its user knows.

    Along a direction it may be off by four times that fraction of the largest along any: such an
    inexactness is spread over coordinates, and a direction may happen to meet little of the rest.
    """

    def __init__(self, exact: Witness, rtol: float):
        self.exact = exact
        self.mode = exact.mode
        self.by_tangents = exact.by_tangents
        self.rtol = rtol

    def whole(self, *, shaken: bool = False) -> Derivatives:
        """As `Witness.whole`."""
        by = self.exact.whole(shaken=shaken)
        return by._replace(
            rounding=[
                rounding + self.rtol * _largest(wide)
                for rounding, wide in zip(by.rounding, by.wide, strict=True)
            ]
        )

    def along(
        self, directions: Iterable[Tree], *, shaken: bool = False
    ) -> tuple[np.ndarray, np.ndarray]:
        """As `Witness.along`."""
        values, rounding = self.exact.along(directions, shaken=shaken)
        return values, rounding + 4 * self.rtol * _largest(values)


def left_by_solvers(target: Target) -> float:
    """How far iterative solvers that stop at a tolerance move the gradient, of its largest entry.

    Zero where no linear solve of the program iterates, or where JAX has no reverse mode for it.
    """
    if target.traced is None or not target.traced.program.solves_iteratively:
        return 0.0
    try:
        reverse = Reverse(target)
    except (TypeError, ValueError) as error:
        if not refused("rev", error):
            raise
        return 0.0
    wide, stopped = reverse.whole().wide, reverse.unrefined()
    largest = max(map(_largest, wide), default=0.0)
    moved = max((_largest(a - b) for a, b in zip(wide, stopped, strict=True)), default=0.0)
    return moved / largest if largest else 0.0


def left_by_stopping(target: Target, seed: Seed) -> float:
    """How far one more round of loops that stop at a tolerance moves the function's derivative.

    Relative to it, along random directions; zero where there are none, or it cannot be told.
    """
    if target.traced is None or not jaxprs.stops_at_a_tolerance(target.traced.program):
        return 0.0
    draws = np.random.default_rng((*seed, 3))
    with jaxprs.working_precision(True):
        leaves = [
            jaxprs.placed(leaf, jaxprs.wide_dtype(dtype))
            for leaf, dtype in zip(target.moved, target.dtypes, strict=True)
        ]
        directions = [
            [draws.choice([-1.0, 1.0], x.shape).astype(x.dtype) for x in leaves]
            for _ in range(_ALONG)
        ]
        program, constants = target.traced.program, target.traced.constants
        moved = jaxprs.moved_by_a_round(program, constants, leaves, directions)
    return moved if np.isfinite(moved) else 0.0


def _largest(values: np.ndarray) -> float:
    return float(np.max(np.abs(values[np.isfinite(values)]), initial=0.0))


def witness(target: Target, mode: str) -> Witness:
    """JAX's derivative of a target by "rev" or "fwd" mode.

    Raises:
        TypeError, ValueError: where JAX cannot differentiate it so; see `refused`.
    """
    return Reverse(target) if mode == "rev" else Forward(target)


def refused(mode: str, error: Exception) -> bool:
    """Whether an exception says that JAX cannot differentiate this function in that mode."""
    return isinstance(error, TypeError | ValueError) and _REFUSALS[mode] in str(error)


class Reverse(Witness):
    """A witness by reverse mode: the gradient, or all rows of a Jacobian."""

    mode = "rev"

    def __init__(self, target: Target):
        self._traced = _traced(
            lambda moved: _rows(target.of_moved, moved, target.outputs), target.moved
        )
        self._leaves = _in_dtypes(target.moved, self._traced.input_dtypes)

    def whole(self, *, shaken: bool = False) -> Derivatives:
        """As `Witness.whole`."""
        return self._shaken if shaken else self._whole

    def unrefined(self) -> list[np.ndarray]:
        """The derivatives in float64 as iterative solvers leave them at their own tolerance."""
        with jaxprs.working_precision(True):
            leaves = list(map(jaxprs.widen, self._leaves))
            program, constants = self._traced.program, self._traced.constants
            stopped = jaxprs.evaluated_wide(program, constants, leaves, refines=False)
        return list(map(by_coordinate, stopped))

    @cached_property
    def _whole(self) -> Derivatives:
        program, constants = self._traced.program, self._traced.constants
        with jaxprs.working_precision(True):
            wide = jaxprs.evaluated_wide(program, constants, list(map(jaxprs.widen, self._leaves)))
        native = wide if program.is_wide else jaxprs.evaluated(program, constants, self._leaves)
        values = list(map(by_coordinate, wide))
        return Derivatives(
            list(map(by_coordinate, native)), values, list(map(_least_rounding, values))
        )

    @cached_property
    def _shaken(self) -> Derivatives:
        with jaxprs.working_precision(True):
            _, moved = jaxprs.rounded(
                self._traced.program, self._traced.constants, list(map(jaxprs.widen, self._leaves))
            )
        return self._whole._replace(
            rounding=[
                np.abs(by_coordinate(by)) + least
                for by, least in zip(moved, self._whole.rounding, strict=True)
            ]
        )


class Forward(Witness):
    """A witness by forward mode: derivatives along tangents, unit vectors for coordinates."""

    mode = "fwd"
    by_tangents = True

    def __init__(self, target: Target):
        count = len(target.moved)

        def along(values):
            moved, tangents = list(values[:count]), list(values[count:])
            return [jnp.atleast_1d(jax.jvp(target.of_moved, (moved,), (tangents,))[1])]

        self._traced = _traced(along, [*target.moved, *target.moved])
        self._leaves = _in_dtypes(target.moved, self._traced.input_dtypes[:count])
        small = self._traced.program.intermediate_size <= _SMALL
        self._together = _TOGETHER if small else 1

    def along(
        self, directions: Iterable[Tree], *, shaken: bool = False
    ) -> tuple[np.ndarray, np.ndarray]:
        """As `Witness.along`."""
        values = self._evaluated(directions, wide=True)
        least = _least_rounding(values)
        if not shaken:
            return values, least
        program, constants = self._traced.program, self._traced.constants
        with jaxprs.working_precision(True):
            wide = list(map(jaxprs.widen, self._leaves))
            moved = [
                np.asarray(jaxprs.rounded(program, constants, [*wide, *tangents])[1][0], float)
                for tangents in (
                    [jaxprs.placed(d, x.dtype) for d, x in zip(direction, wide, strict=True)]
                    for direction in directions
                )
            ]
        return values, np.stack(moved) + least

    def whole(self, *, shaken: bool = False) -> Derivatives:
        """As `Witness.whole`, one tangent a coordinate."""
        units, ends = unit_directions(self._leaves)
        wide, rounding = self.along(units, shaken=shaken)
        value = wide
        if not self._traced.program.is_wide:
            value = self._evaluated(units, wide=False)
        return Derivatives(*(np.split(rows, ends) for rows in (value, wide, rounding)))

    def _evaluated(self, directions: Iterable[Tree], *, wide: bool) -> np.ndarray:
        """The derivatives along directions, so many at a time, always as many."""
        program, constants, rows = self._traced.program, self._traced.constants, []
        with jaxprs.working_precision(wide):
            leaves = list(map(jaxprs.widen, self._leaves)) if wide else self._leaves
            remaining = iter(directions)
            while part := list(islice(remaining, self._together)):
                filled = [*part, *[part[-1]] * (self._together - len(part))]
                each = [
                    np.stack([d[i] for d in filled]).astype(x.dtype) for i, x in enumerate(leaves)
                ]
                (values,) = jaxprs.evaluated_along(program, constants, leaves, each, wide=wide)
                rows.append(np.asarray(values, float)[: len(part)])
        return np.concatenate(rows)


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


def moved_by_constants(target: Target) -> list[np.ndarray]:
    """How far constants rounded to the program's dtype may have moved the finite differences.

    Arrays of shape (coordinates, outputs), as those of `Derivatives`.
    """
    traced = target.traced
    with jaxprs.working_precision(True):
        leaves = [
            jaxprs.placed(leaf, jaxprs.wide_dtype(dtype))
            for leaf, dtype in zip(target.moved, target.dtypes, strict=True)
        ]
        if traced is None or traced.program.is_wide:
            outputs = target.outputs or 1
            return [np.zeros((coordinate_count(leaf), outputs)) for leaf in leaves]
        moved = jaxprs.moved_by_constants(traced.program, traced.constants, leaves)
    return [np.abs(by_coordinate(by_leaf)) for by_leaf in moved]


def own_rounding(target: Target) -> float:
    """The relative error that approximations made for float32 may have; 0 in float64."""
    return 0.0 if target.traced is None or target.traced.program.is_wide else _APPROXIMATION


def _traced(derivative: Callable, leaves: Sequence[Any]) -> jaxprs.Traced:
    traced = jaxprs.trace(derivative, leaves)
    if "custom_lin" in jaxprs.primitive_names(traced.program.jaxpr):
        # a forward trace keeps the linear part of a custom_vjp, and fails only where it is run
        raise TypeError(f"{_REFUSALS['fwd']} autodiff (jvp) to a custom_vjp function.")
    return traced


def _in_dtypes(leaves: Sequence[Any], dtypes: Sequence[Any]) -> list[Any]:
    return [jaxprs.placed(leaf, dtype) for leaf, dtype in zip(leaves, dtypes, strict=True)]


def _rows(function: Callable, moved: Sequence[Any], outputs: int | None) -> list:
    """The derivative by each leaf, shape (outputs, *leaf shape)."""
    if outputs is None:
        return [jnp.asarray(g)[None] for g in jax.grad(function)(list(moved))]
    output, pull = jax.vjp(function, list(moved))
    units = jnp.eye(outputs, dtype=output.dtype)
    try:
        return list(jax.vmap(lambda unit: pull(unit)[0])(units))
    except (NotImplementedError, ValueError):  # such as a callback that takes one point at a time
        return list(lax.map(lambda unit: pull(unit)[0], units))


def by_coordinate(derivative: Any) -> np.ndarray:
    """An array (outputs, *leaf shape) as (real coordinates, outputs).

    With respect to z = x + iy, JAX's derivative of a real output is dL/dx - i dL/dy.
    """
    array = np.asarray(derivative)
    flat: Any = array.reshape(len(array), math.prod(array.shape[1:])).T
    if np.iscomplexobj(flat):
        return np.concatenate([flat.real, -flat.imag]).astype(float)
    return flat.astype(float)


def _least_rounding(derivative: np.ndarray) -> np.ndarray:
    """An ulp or two: what comes after the last operation is not shaken."""
    return 4 * np.finfo(float).eps * np.abs(derivative)
