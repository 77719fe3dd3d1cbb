"""Whether the incremental evaluation gives what a whole one does: a few coordinates are asked."""

from collections.abc import Callable, Sequence

import jax.numpy as jnp
import numpy as np

from purenet.fd.differences import Evaluator

# without it test_a_rule_that_forgets_a_move_is_contradicted_by_a_whole_evaluation fails
_CONFIRMED = 3  # coordinates of each leaf that are evaluated whole too
_CHANGE, _ROUNDINGS = 1e-3, 2.0**14  # of its change and of its size that an output may be off by


def is_confirmed(
    evaluator: Evaluator,
    leaf: int,
    coordinates: np.ndarray,
    steps: np.ndarray,
    points: np.ndarray,
    outputs: Sequence[np.ndarray],
    roundings: Callable[[], Sequence[float]],
) -> bool:
    """Whether a few displaced coordinates of a leaf have the values of a whole evaluation.

    Args:
        evaluator: evaluates them whole.
        leaf: the leaf's position.
        coordinates: those of its coordinates that were displaced.
        steps: of each of its coordinates.
        points: the steps by which each was moved.
        outputs: what the incremental evaluation found of them, (coordinates, points, ...) each.
        roundings: how far rounding may have moved each output. It is measured only where it may
            matter: where terms cancel, it is theirs and not that of the output.
    """
    drawn = np.random.default_rng([leaf, steps.size])
    rows = drawn.choice(coordinates.size, min(coordinates.size, _CONFIRMED), replace=False)
    some = coordinates[rows]
    point = int(np.argmax(np.abs(points)))
    whole = evaluator.at_points(leaf, some, steps[some] * points[point])

    def within(allowed: Sequence[float]) -> bool:
        return all(
            _same(np.asarray(at_base), expected[i], np.asarray(found)[row, point], rounding)
            for at_base, expected, found, rounding in zip(
                evaluator.base(), whole, outputs, allowed, strict=True
            )
            for i, row in enumerate(rows)
        )

    return within([0.0] * len(outputs)) or within(roundings())


def _same(base: np.ndarray, expected: np.ndarray, found: np.ndarray, rounding: float) -> bool:
    """Whether two displaced outputs are equal, as far as their change tells and round-off lets."""
    if not jnp.issubdtype(found.dtype, np.inexact):
        return np.array_equal(expected, found)
    with np.errstate(invalid="ignore"):
        finite = np.isfinite(expected)
        if not np.array_equal(finite, np.isfinite(found)):
            return False
        apart = np.max(np.abs(found - expected), initial=0.0, where=finite)
        change = np.max(np.abs(expected - base), initial=0.0, where=finite & np.isfinite(base))
        size = np.max(np.abs(expected), initial=0.0, where=finite)
    of_size = _ROUNDINGS * float(jnp.finfo(found.dtype).eps) * size
    return bool(apart <= _CHANGE * change + max(of_size, rounding))
