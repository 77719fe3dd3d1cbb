"""How a function's value depends on each parameter: by its program, or by moving it."""

from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from purenet import jaxprs, trees
from purenet.purity.experiment import Experiment, called
from purenet.purity.numbers import other
from purenet.purity.world import World

IGNORED, STEPWISE, FLAT, MOVES = "ignored", "stepwise", "flat", "moves"
_POINTS = 3  # points around the parameters, where a flat function is asked again
_NEAR = 1e-2  # how far they are, in sizes of the parameter
_STEPS = (1e-6, 1e-4)  # small moves of NumPy code's parameters, in their sizes


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
    return [_by_moving(experiment, leaf) for leaf in range(len(experiment.call.values))]


def differ(one: list[np.ndarray], two: list[np.ndarray]) -> bool:
    """Whether two values of a function differ in a single bit."""
    return len(one) != len(two) or any(
        x.shape != y.shape or x.tobytes() != y.tobytes() for x, y in zip(one, two, strict=True)
    )


def summary(outputs: list[np.ndarray]) -> float:
    """A value in one number: a scalar itself, the Euclidean norm of more."""
    parts = [np.asarray(out, complex if np.iscomplexobj(out) else float) for out in outputs]
    if len(parts) == 1 and parts[0].size == 1:
        return float(np.real(parts[0]).ravel()[0])
    return float(np.sqrt(sum(np.sum(np.abs(part) ** 2) for part in parts)))


def _by_program(experiment: Experiment) -> list[Dependence]:
    values = experiment.call.values
    found = jaxprs.reach(experiment.program(), values)
    moving = [leaf for leaf, moves in enumerate(found.derivative) if moves]
    largest = _largest_derivatives(experiment) if moving else None
    result = []
    for leaf, (reads, moves) in enumerate(zip(found.value, found.derivative, strict=True)):
        if not reads:
            result.append(Dependence(IGNORED, {}))
        elif not moves:
            result.append(Dependence(STEPWISE, _stepwise_evidence(experiment, leaf)))
        else:
            assert largest is not None
            result.append(_numerically(largest[:, leaf]))
    return result


def _stepwise_evidence(experiment: Experiment, leaf: int) -> dict[str, float | str]:
    moved = list(experiment.call.values)
    moved[leaf] = other(moved[leaf])
    return {
        "value": summary(experiment.outputs()),
        f"value with other {_path(experiment, leaf)}": summary(experiment.outputs(moved)),
        "derivative": 0.0,
    }


def _numerically(largest: np.ndarray) -> Dependence:
    here, around = largest[0], largest[1:]
    evidence: dict[str, float | str] = {
        "largest derivative": float(here),
        f"largest at {_POINTS} points around": float(around.max()),
    }
    if here > 0 or np.isnan(largest).any():
        return Dependence(MOVES, {})
    if around.max() > 0:
        return Dependence(MOVES, evidence, stationary=True)
    return Dependence(FLAT, evidence)


def _largest_derivatives(experiment: Experiment) -> np.ndarray:
    """The largest derivative by each leaf, (points, leaves); what is lost in rounding is zero."""
    function = experiment.program()
    leaves = [jnp.asarray(value) for value in experiment.call.values]

    def weighted(leaves):
        # sums of outputs can be constant where the outputs are not, as those of a softmax
        parts = [
            jnp.sum(jnp.abs(out * _weights(out.shape)) if jnp.iscomplexobj(out) else
                    out * _weights(out.shape).astype(out.dtype))
            for out in map(jnp.asarray, jax.tree.leaves(function(leaves)))
            if jnp.issubdtype(out.dtype, np.inexact)
        ]  # fmt: skip
        return sum(parts, jnp.zeros(()))

    @jax.jit
    def largest(leaves):
        value, gradient = jax.value_and_grad(weighted)(leaves)
        each = [jnp.max(jnp.abs(g), initial=0.0) for g in gradient]
        sizes = [jnp.maximum(jnp.max(jnp.abs(x), initial=0.0), 1.0) for x in leaves]
        least = [float(jnp.finfo(x.dtype).eps) ** 1.5 for x in leaves]
        return jnp.stack(
            [
                jnp.where(g * s > e * jnp.abs(value), g, 0.0).astype(jnp.float32)
                for g, s, e in zip(each, sizes, least, strict=True)
            ]
        )

    points = [leaves, *(_around(leaves, seed) for seed in range(_POINTS))]
    return np.stack([np.asarray(largest(point), float) for point in points])


def _weights(shape: tuple[int, ...]) -> np.ndarray:
    if not shape:
        return np.ones(())
    return np.random.default_rng(0).uniform(0.5, 1.5, shape)


def _around(leaves: list, seed: int) -> list:
    generator = np.random.default_rng(seed)
    return [
        (x + _NEAR * _size(x) * generator.standard_normal(np.shape(x))).astype(x.dtype)
        for x in map(np.asarray, leaves)
    ]


def _size(x) -> float:
    largest = float(np.max(np.abs(np.asarray(x)), initial=0.0))
    return largest if 0 < largest < np.inf else 1.0


def _by_moving(experiment: Experiment, leaf: int) -> Dependence:
    """For code that JAX cannot trace: what far moves and small moves of one leaf do."""
    base = experiment.outputs()
    far = [_outputs_at(experiment, leaf, value) for value in _far(experiment.call.values[leaf])]
    if not any(out is None or differ(out, base) for out in far):
        return Dependence(IGNORED, {})
    value = experiment.call.values[leaf]
    if not trees.is_differentiable(value) or _moves_nearby(experiment, leaf, value, base):
        return Dependence(MOVES, {})
    elsewhere = [
        value for value in _far(experiment.call.values[leaf]) if np.all(np.isfinite(value))
    ]
    evidence: dict[str, float | str] = {
        "value": summary(base),
        f"change on moving {_path(experiment, leaf)} a little": 0.0,
    }
    finite = [out for out in far if out is not None]
    if _moves_beside(experiment, leaf):
        return Dependence(MOVES, evidence, stationary=True)
    if not all(_is_flat_at(experiment, leaf, value) for value in elsewhere):
        return Dependence(FLAT, evidence)
    evidence["value far away"] = summary(finite[0]) if finite else float("nan")
    stairs = any(differ(out, base) for out in finite[: len(elsewhere)])
    return Dependence(STEPWISE if stairs else FLAT, evidence)


def _moves_beside(experiment: Experiment, leaf: int) -> bool:
    """Whether a leaf moves the value where the others, too, are a little elsewhere."""
    call = experiment.call
    for seed in range(_POINTS):
        values = [
            _like(near, value) if trees.is_differentiable(value) else value
            for near, value in zip(_around(call.values, seed), call.values, strict=True)
        ]
        arguments = tuple(call.arguments(World(), values))
        beside = Experiment(called(call.function, arguments, call.positions))
        try:
            if _moves_nearby(beside, leaf, values[leaf], beside.outputs()):
                return True
        except Exception:  # a point that the function does not take
            continue
    return False


def _is_flat_at(experiment: Experiment, leaf: int, value: np.ndarray) -> bool:
    base = _outputs_at(experiment, leaf, value)
    return base is None or not _moves_nearby(experiment, leaf, value, base)


def _moves_nearby(experiment: Experiment, leaf: int, value, base: list[np.ndarray]) -> bool:
    generator = np.random.default_rng(0)
    for step in _STEPS:
        move = step * _size(value) * generator.standard_normal(np.shape(value))
        out = _outputs_at(experiment, leaf, np.asarray(value + move, np.asarray(value).dtype))
        if out is None or differ(out, base):
            return True
    return False


def _outputs_at(experiment: Experiment, leaf: int, value) -> list[np.ndarray] | None:
    """The outputs with another leaf; None where the function does not take it."""
    moved = list(experiment.call.values)
    moved[leaf] = _like(value, moved[leaf])
    try:
        return experiment.outputs(moved)
    except Exception:
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
    size = _size(array)
    draws = [size * generator.standard_normal(array.shape) for _ in range(3)]
    finite = [other(array), -array, *draws]
    return [np.asarray(x, array.dtype) for x in (*finite, np.full(array.shape, np.nan))]


def _path(experiment: Experiment, leaf: int) -> str:
    return experiment.call.paths[experiment.call.movable[leaf]]
