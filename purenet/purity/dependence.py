"""How a function's value depends on each parameter: by its program, or by moving it."""

from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from purenet import jaxprs, trees
from purenet.purity.derivatives import POINTS, around, largest_derivatives, size
from purenet.purity.experiment import Experiment
from purenet.purity.runs import FAILS
from purenet.purity.values import differ, perturbed, summary

IGNORED, STEPWISE, FLAT, MOVES = "ignored", "stepwise", "flat", "moves"
_STEPS = (1e-6, 1e-4)  # small moves of NumPy code's parameters, in their sizes
_LEAST = 8  # what a small move is at least, in roundings of the parameter's dtype


class Dependence(NamedTuple):
    """How the value depends on one leaf.

    Attributes:
        state: ``IGNORED``: nothing reads it; ``STEPWISE``: the value reads it, the derivative
            cannot; ``FLAT``: the derivative is zero here and around; ``MOVES``.
        evidence: the numbers that show it.
        stationary: whether the derivative is zero here, and not around.
    """

    state: str
    evidence: dict[str, float | str]
    stationary: bool = False


def dependence(experiment: Experiment) -> list[Dependence]:
    """How the value depends on each leaf that can move."""
    if experiment.traces:
        return _by_program(experiment)
    return [_by_moving(experiment, leaf) for leaf in range(len(experiment.point.moved))]


def _by_program(experiment: Experiment) -> list[Dependence]:
    values = experiment.point.moved
    found = jaxprs.reach(experiment.traced.call, experiment.leaves)
    moving = [leaf for leaf, moves in enumerate(found.derivative) if moves]
    largest = largest_derivatives(experiment) if moving else None
    result = []
    for leaf, (reads, moves) in enumerate(zip(found.value, found.derivative, strict=True)):
        if np.size(values[leaf]) == 0:  # nothing to read, and nothing that could be flat
            result.append(Dependence(MOVES, {}))
        elif not reads:
            result.append(Dependence(IGNORED, {}))
        elif not moves:
            result.append(Dependence(STEPWISE, _stepwise_evidence(experiment, leaf)))
        else:
            assert largest is not None
            result.append(_numerically(largest[:, leaf]))
    return result


def _stepwise_evidence(experiment: Experiment, leaf: int) -> dict[str, float | str]:
    moved, path = experiment.point.moved, experiment.point.moved_paths[leaf]
    moved[leaf] = perturbed(moved[leaf])
    return {
        "value": summary(experiment.outputs()),
        f"value with other {path}": summary(experiment.outputs(moved)),
        "derivative": 0.0,
    }


def _numerically(largest: np.ndarray) -> Dependence:
    here, around = largest[0], largest[1:]
    evidence: dict[str, float | str] = {
        "largest derivative": float(here),
        f"largest at {POINTS} points around": float(around.max()),
    }
    if here > 0 or not np.isfinite(largest).all():
        return Dependence(MOVES, {})
    if around.max() > 0:
        return Dependence(MOVES, evidence, stationary=True)
    return Dependence(FLAT, evidence)


def _by_moving(experiment: Experiment, leaf: int) -> Dependence:
    """For code that JAX cannot trace: what far moves and small moves of one leaf do."""
    if np.size(experiment.point.moved[leaf]) == 0:
        return Dependence(MOVES, {})
    base, values = experiment.outputs(), experiment.point.moved
    value = values[leaf]
    far = [_outputs_at(experiment, values, leaf, one) for one in _far(value)]
    if not any(out is None or differ(out, base) for out in far):
        return Dependence(IGNORED, {})
    if not trees.is_differentiable(value) or not np.isfinite(summary(base)):
        return Dependence(MOVES, {})  # nothing to tell small moves by
    if _moves_nearby(experiment, values, leaf, value, base):
        return Dependence(MOVES, {})
    elsewhere = [one for one in _far(value) if np.all(np.isfinite(one))]
    evidence: dict[str, float | str] = {
        "value": summary(base),
        f"change on moving {experiment.point.moved_paths[leaf]} a little": 0.0,
    }
    finite = [out for out in far if out is not None]
    if _moves_beside(experiment, leaf):
        return Dependence(MOVES, evidence, stationary=True)
    if not all(_is_flat_at(experiment, leaf, one) for one in elsewhere):
        return Dependence(FLAT, evidence)
    evidence["value far away"] = summary(finite[0]) if finite else float("nan")
    stairs = any(differ(out, base) for out in finite[: len(elsewhere)])
    return Dependence(STEPWISE if stairs else FLAT, evidence)


def _moves_beside(experiment: Experiment, leaf: int) -> bool:
    """Whether a leaf moves the value where the others, too, are a little elsewhere."""
    point = experiment.point
    for seed in range(POINTS):
        values = [
            _like(near, value) if trees.is_differentiable(value) else value
            for near, value in zip(around(point.moved, seed), point.moved, strict=True)
        ]
        base = _outputs_at(experiment, values, leaf, values[leaf])
        if base is not None and _moves_nearby(experiment, values, leaf, values[leaf], base):
            return True
    return False


def _is_flat_at(experiment: Experiment, leaf: int, value: np.ndarray) -> bool:
    values = experiment.point.moved
    base = _outputs_at(experiment, values, leaf, value)
    return base is None or not _moves_nearby(experiment, values, leaf, value, base)


def _moves_nearby(
    experiment: Experiment, values: list, leaf: int, value, base: list[np.ndarray]
) -> bool:
    """Whether small moves of a leaf away from a value move the outputs, the others as given."""
    generator = np.random.default_rng(0)
    dtype = np.asarray(value).dtype
    for step in np.maximum(_STEPS, _LEAST * float(jnp.finfo(dtype).eps)):
        move = step * size(value) * generator.standard_normal(np.shape(value))
        out = _outputs_at(experiment, values, leaf, np.asarray(value + move, dtype))
        if out is None or differ(out, base):
            return True
    return False


def _outputs_at(experiment: Experiment, values: list, leaf: int, value) -> list[np.ndarray] | None:
    """The outputs at values, one leaf of them another; None where the function does not take it."""
    moved = list(values)
    moved[leaf] = _like(value, moved[leaf])
    try:
        return experiment.outputs(moved)
    except FAILS:
        return None


def _like(value, original):
    """A value in the kind of the original: a Python number stays one, a jax.Array too."""
    if isinstance(original, int | float | complex):
        return type(original)(value)
    if isinstance(original, jax.Array):
        return jnp.asarray(value, original.dtype)
    return np.asarray(value, original.dtype)


def _far(value) -> list[np.ndarray]:
    """Far values of a leaf, finite ones first."""
    array, generator = np.asarray(value), np.random.default_rng(1)
    if not np.issubdtype(array.dtype, np.inexact):
        draws = [array + generator.integers(1, 9, array.shape) for _ in range(2)]
        return [np.asarray(x) for x in (array + 1, -array, *draws)]
    largest = size(array)
    draws = [largest * generator.standard_normal(array.shape) for _ in range(3)]
    finite = [perturbed(array), -array, *draws]
    return [np.asarray(x, array.dtype) for x in (*finite, np.full(array.shape, np.nan))]
