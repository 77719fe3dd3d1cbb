"""How far a derivative may be off without being wrong: tolerances, constants, approximations."""

from collections.abc import Iterable

import numpy as np

from purenet import jaxprs
from purenet.check.by_jax import Reverse, refused
from purenet.check.target import Seed, Target
from purenet.check.witness import Derivatives, Tree, Witness, by_coordinate
from purenet.fd.differences import coordinate_count

# what jax.scipy.special.hyp2f1 misses its own rule by in float32, 9.5e-6, is the most that was seen
# without it test_an_approximation_made_for_float32_is_no_mistake fails
_APPROXIMATION = 128 * float(np.finfo(np.float32).eps)
# without it test_what_a_tolerance_leaves_is_asked_along_several_directions fails
_ALONG = 4  # directions along which a solver is asked what its tolerance leaves


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
        leaves = _widened(target)
        directions = [
            [draws.choice([-1.0, 1.0], x.shape).astype(x.dtype) for x in leaves]
            for _ in range(_ALONG)
        ]
        program, constants = target.traced.program, target.traced.constants
        moved = jaxprs.moved_by_a_round(program, constants, leaves, directions)
    return moved if np.isfinite(moved) else 0.0


def moved_by_constants(target: Target) -> list[np.ndarray]:
    """How far constants rounded to the program's dtype may have moved the finite differences.

    Arrays of shape (coordinates, outputs), as those of `Derivatives`.
    """
    traced = target.traced
    with jaxprs.working_precision(True):
        leaves = _widened(target)
        if traced is None or traced.program.is_wide:
            outputs = target.outputs or 1
            return [np.zeros((coordinate_count(leaf), outputs)) for leaf in leaves]
        moved = jaxprs.moved_by_constants(traced.program, traced.constants, leaves)
    return [np.abs(by_coordinate(by_leaf)) for by_leaf in moved]


def moved_by_rounding(target: Target) -> np.ndarray:
    """How far rounding may have moved each output: by that of its terms, where they cancel.

    What moves an output by less over the whole length of a parameter is no derivative that
    differences could see: a confident softmax is 1 to the last digit, and its loss 0.
    """
    traced = target.traced
    if traced is None:
        return np.zeros(target.outputs or 1)
    with jaxprs.working_precision(True):
        _, (moved,) = jaxprs.rounded(traced.program, traced.constants, _widened(target))
    return np.nan_to_num(np.abs(np.asarray(moved, float))).reshape(-1)


def own_rounding(target: Target) -> float:
    """The relative error that approximations made for float32 may have; 0 in float64."""
    return 0.0 if target.traced is None or target.traced.program.is_wide else _APPROXIMATION


def _largest(values: np.ndarray) -> float:
    return float(np.max(np.abs(values[np.isfinite(values)]), initial=0.0))


def _widened(target: Target) -> list:
    """The leaves that move, in float64 once they are rounded to the program's dtypes."""
    return [
        jaxprs.placed(leaf, jaxprs.wide_dtype(dtype))
        for leaf, dtype in zip(target.moved, target.dtypes, strict=True)
    ]
