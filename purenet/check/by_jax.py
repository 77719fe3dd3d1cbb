"""The derivative of a target by JAX, in reverse or forward mode: traced once, then replayed."""

from collections.abc import Callable, Iterable, Sequence
from functools import cached_property
from itertools import islice
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

from purenet import jaxprs
from purenet.check.target import Target
from purenet.check.witness import Derivatives, Tree, Witness, by_coordinate, unit_directions

MODES = ("rev", "fwd")
_REFUSALS = {  # what JAX says of functions that it differentiates in the other mode alone
    "rev": "Reverse-mode differentiation does not work",
    "fwd": "can't apply forward-mode",
}
_TOGETHER = 16  # tangents, as long as they and the values of the program are small
_SMALL = 2**18  # elements


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
        elements = self._traced.program.intermediate_size + sum(x.size for x in self._leaves)
        self._together = _TOGETHER if elements <= _SMALL else 1

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


def _least_rounding(derivative: np.ndarray) -> np.ndarray:
    """An ulp or two: what comes after the last operation is not shaken."""
    return 4 * np.finfo(float).eps * np.abs(derivative)
