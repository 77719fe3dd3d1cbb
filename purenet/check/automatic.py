"""JAX's own derivative of a question: as it comes, in float64, and how far rounding moved it."""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

from purenet import jaxprs
from purenet.check.question import Question
from purenet.fd.differences import coordinate_count

MODES = ("rev", "fwd")
# what jax.scipy.special.hyp2f1 misses its own rule by in float32, 9.5e-6, is the most that was seen
_APPROXIMATION = 128 * float(np.finfo(np.float32).eps)
_REFUSALS = {  # what JAX says of functions that it differentiates in the other mode alone
    "rev": "Reverse-mode differentiation does not work",
    "fwd": "can't apply forward-mode",
}


class Automatic(NamedTuple):
    """The derivatives by each leaf's real coordinates, arrays of shape (coordinates, outputs).

    Attributes:
        value: what JAX gives, in the dtypes of the caller's program.
        wide: what the same program gives in float64: the rules of differentiation, unrounded.
        rounding: how far ``wide`` may be from what exact arithmetic gives.
    """

    value: list[np.ndarray]
    wide: list[np.ndarray]
    rounding: list[np.ndarray]


def derivatives(question: Question, mode: str) -> Automatic:
    """The whole derivative of a question by "rev" or "fwd" mode.

    The program of the derivative is traced in the caller's dtypes and evaluated twice: there, and
    in float64 with its roundings shaken. The second is what rules are judged by; the difference
    of the two is the rounding of this very program at this point.
    """
    by_mode = _reverse if mode == "rev" else _forward
    return measured(lambda moved: by_mode(question.of_moved, moved, question.outputs), question)


def moved_by_constants(question: Question) -> list[np.ndarray]:
    """How far constants rounded to the program's dtype may have moved the finite differences.

    Arrays of shape (coordinates, outputs), as those of `Automatic`.
    """
    traced = jaxprs.trace(lambda moved: [question.of_moved(moved)], question.moved)
    with jaxprs.working_precision(True):
        leaves = [jaxprs.widen(jnp.asarray(leaf)) for leaf in question.moved]
        if traced.program.is_wide:
            outputs = question.outputs or 1
            return [np.zeros((coordinate_count(leaf), outputs)) for leaf in leaves]
        moved = jaxprs.moved_by_constants(traced.program, traced.constants, leaves)
    return [np.abs(_by_coordinate(by_leaf)) for by_leaf in moved]


def own_rounding(question: Question) -> float:
    """What approximations made for float32 may be off by, relative; 0 for a program in float64."""
    traced = jaxprs.trace(lambda moved: [question.of_moved(moved)], question.moved)
    return 0.0 if traced.program.is_wide else _APPROXIMATION


def along_tangent(
    question: Question, tangents: Sequence[np.ndarray]
) -> tuple[np.ndarray, np.ndarray]:
    """The derivative along one direction by forward mode in float64, and its rounding."""
    count = len(question.moved)

    def along(values):
        moved, tangents = values[:count], values[count:]
        return [jnp.atleast_1d(jax.jvp(question.of_moved, (moved,), (tangents,))[1])]

    leaves = [jnp.asarray(leaf) for leaf in question.moved]
    narrow = [jnp.asarray(t, x.dtype) for t, x in zip(tangents, leaves, strict=True)]
    traced = _traced(along, [*leaves, *narrow])
    with jaxprs.working_precision(True):
        inputs = [jaxprs.widen(x) for x in (*leaves, *narrow)]
        (wide,), (moved,) = jaxprs.rounded(traced.program, traced.constants, inputs)
    value, moved = np.asarray(wide, float), np.asarray(moved, float)
    return value, moved + _least_rounding(value)


def measured(derivative: Callable[[Sequence[Any]], list], question: Question) -> Automatic:
    """A function of the moved leaves to arrays (outputs, *leaf shape), evaluated in both ways."""
    traced = _traced(derivative, question.moved)
    leaves = [
        jnp.asarray(leaf, dtype)
        for leaf, dtype in zip(question.moved, traced.input_dtypes, strict=True)
    ]
    with jaxprs.working_precision(True):
        wide, moved = jaxprs.rounded(
            traced.program, traced.constants, list(map(jaxprs.widen, leaves))
        )
    native = wide
    if not traced.program.is_wide:
        native = jaxprs.evaluated(traced.program, traced.constants, leaves)
    return Automatic(
        [_by_coordinate(value) for value in native],
        [_by_coordinate(value) for value in wide],
        [
            np.abs(_by_coordinate(by)) + _least_rounding(_by_coordinate(value))
            for by, value in zip(moved, wide, strict=True)
        ],
    )


def _traced(derivative: Callable, leaves: Sequence[Any]) -> jaxprs.Traced:
    traced = jaxprs.trace(derivative, leaves)
    if "custom_lin" in jaxprs.primitive_names(traced.program.jaxpr):
        # a forward trace keeps the linear part of a custom_vjp, and fails only where it is run
        raise TypeError(f"{_REFUSALS['fwd']} autodiff (jvp) to a custom_vjp function.")
    return traced


def refused(mode: str, error: Exception) -> bool:
    """Whether an exception says that JAX cannot differentiate this function in that mode."""
    return isinstance(error, TypeError | ValueError) and _REFUSALS[mode] in str(error)


def _reverse(function: Callable, moved: Sequence[Any], outputs: int | None) -> list:
    if outputs is None:
        return [jnp.asarray(g)[None] for g in jax.grad(function)(list(moved))]
    output, pull = jax.vjp(function, list(moved))
    return list(_mapped(lambda unit: pull(unit)[0], jnp.eye(outputs, dtype=output.dtype)))


def _forward(function: Callable, moved: Sequence[Any], outputs: int | None) -> list:
    """One tangent a coordinate; of a complex leaf two, brought into the form of reverse mode."""

    def along(leaf: int, tangent: Any) -> Any:
        tangents = [jnp.zeros_like(x) for x in moved]
        tangents[leaf] = tangent
        return jnp.atleast_1d(jax.jvp(function, (list(moved),), (tangents,))[1])

    def by_leaf(leaf: int) -> Any:
        x = jnp.asarray(moved[leaf])
        units = jnp.eye(x.size, dtype=x.dtype).reshape(x.size, *x.shape)
        columns = _mapped(lambda unit: along(leaf, unit), units)
        if jnp.iscomplexobj(x):
            columns = columns - 1j * _mapped(lambda unit: along(leaf, 1j * unit), units)
        return jnp.moveaxis(columns, 0, -1).reshape(outputs or 1, *x.shape)

    return [by_leaf(leaf) for leaf in range(len(moved))]


def _mapped(function: Callable, units: Any) -> Any:
    """A function of each unit vector: together, or one by one where it cannot be vectorised."""
    try:
        return jax.vmap(function)(units)
    except (NotImplementedError, ValueError):  # such as a callback that takes one point at a time
        return lax.map(function, units)


def _by_coordinate(derivative: Any) -> np.ndarray:
    """An array (outputs, *leaf shape) as (real coordinates, outputs).

    JAX's derivative by z = x + iy of a real output is its derivative by x, minus i times that by y.
    """
    array = np.asarray(derivative)
    flat: Any = array.reshape(len(array), -1).T
    if np.iscomplexobj(flat):
        return np.concatenate([flat.real, -flat.imag]).astype(float)
    return flat.astype(float)


def _least_rounding(derivative: np.ndarray) -> np.ndarray:
    """An ulp or two: what comes after the last operation is not shaken."""
    return 4 * np.finfo(float).eps * np.abs(derivative)
