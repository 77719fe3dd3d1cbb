"""The step of a finite difference where nobody gives one: from dtype, order and length."""

from collections.abc import Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from purenet import jaxprs
from purenet.fd.differences import Evaluator, Numbers, real_coordinates
from purenet.fd.lengths import (
    LARGE,
    curved_along,
    curved_each,
    measured_length,
    on_their_own,
    own_lengths,
    scale,
    shortest,
    unit_step,
)
from purenet.fd.numbers import namespace, numbers

# without it test_one_that_curves_over_its_own_size_is_found_among_them fails
_SMALLER = 2.0**-10  # of a large leaf's size: where a coordinate may have a length of its own


def chosen_steps(evaluator: Evaluator, order: int, width: int) -> list[Numbers]:
    """A step for each real coordinate of each leaf, a power of two: unit step times length.

    The length is that over which the function curves. In a leaf large enough for it to cost next to
    nothing it is measured on a few coordinates; elsewhere the coordinate's scale stands for it.
    Where that may be too long, the function is asked, at four points for all such coordinates
    together, and measured at each of them where it turns out to be. Under jit and vmap, where
    values are not known, it is not asked. For ``width`` see `measured_length`.
    """
    unit = unit_step(evaluator.relative_noise(), order)
    # at the ends of the range of numbers lengths over- and underflow
    with np.errstate(all="ignore"):
        every: Sequence[Numbers] = [
            _typical_lengths(evaluator, leaf, width) for leaf in range(len(evaluator.leaves))
        ]
        if all(namespace(x) is np and not jaxprs.is_traced(x) for x in every):
            every = _with_their_own(evaluator, list(map(np.asarray, every)))
        return [_power_of_two(unit * lengths) for lengths in every]


def _power_of_two(raw: Numbers) -> Numbers:
    xp = namespace(raw)
    return xp.exp2(xp.round(xp.log2(raw)))


def _typical_lengths(evaluator: Evaluator, leaf: int, width: int) -> Numbers:
    x = numbers(real_coordinates(evaluator.leaves[leaf]))
    if x.size == 0:
        return x
    length = measured_length(evaluator, leaf, width) if x.size >= LARGE else scale(x)
    return namespace(x).broadcast_to(length, x.shape).astype(x.dtype)


def _with_their_own(evaluator: Evaluator, every: list[np.ndarray]) -> list[np.ndarray]:
    """The lengths of all leaves, with those of coordinates that curve over less put right."""
    doubtful = [_doubtful(evaluator, leaf) for leaf in evaluator.leaves]
    rows = [which for which, _ in doubtful]

    def curved(moving: Sequence[np.ndarray]) -> bool:
        parts = [lengths[which] for lengths, which in zip(every, moving, strict=True)]
        return any(which.size for which in moving) and curved_along(evaluator, moving, parts)

    if not curved(rows):
        return every
    found = [lengths.copy() for lengths in every]
    for leaf, (which, least) in enumerate(doubtful):
        if curved([part if i == leaf else part[:0] for i, part in enumerate(rows)]):
            alone = curved_each(evaluator, leaf, which, every[leaf][which])
            if alone.any():
                own = own_lengths(evaluator, leaf, which[alone], least[alone])
                found[leaf][which[alone]] = own
    return found


def _doubtful(evaluator: Evaluator, leaf: Any) -> tuple[np.ndarray, np.ndarray]:
    """The coordinates of a leaf whose length is in doubt, and the least that each may be.

    In a large leaf, which is measured, those far smaller than it; in a small one all of them: a
    time stamp stands far from the origin, whose distance says nothing of what it is used for.
    """
    x = np.asarray(real_coordinates(leaf))
    if x.size == 0:
        return np.zeros(0, int), np.zeros(0)
    size = np.array(np.broadcast_to(scale(x), x.shape), float)
    alone, own = on_their_own(x, size, _SMALLER)
    if x.size >= LARGE:
        return alone, own
    size[alone] = own
    least = np.maximum(size * shortest(evaluator, x.dtype), np.finfo(float).smallest_normal)
    return np.arange(x.size), 2.0 ** np.floor(np.log2(least))


def given_steps(step: Any, leaves: Sequence[Any], structure: Any) -> list[Any]:
    """The caller's step for each leaf, broadcast to its shape.

    Args:
        step: one number for all, or a tree of them: of the differentiated argument's structure, or
            a tuple of such trees where several arguments are differentiated.
        leaves: all leaves of the differentiated arguments.
        structure: of the tuple of the differentiated arguments.

    Raises:
        ValueError: where a tree of steps does not match the differentiated arguments.
    """
    steps = jax.tree.leaves(step)
    parts = structure.children()
    wanted = parts[0] if len(parts) == 1 else structure
    if jax.tree.structure(step) == jax.tree.structure(0.0) and np.ndim(step) == 0:
        steps = steps * len(leaves)
    elif jax.tree.structure(step) != wanted:
        raise ValueError(
            f"got a step of structure {jax.tree.structure(step)}; wanted one number, or the "
            f"structure of what is differentiated, {wanted}; "
            "give each leaf a step"
        )
    try:
        return [
            namespace(s).broadcast_to(numbers(s), jnp.shape(x))
            for s, x in zip(steps, leaves, strict=True)
        ]
    except ValueError as error:
        raise ValueError(
            f"got steps of shapes {[np.shape(s) for s in steps]}; wanted shapes that broadcast to "
            f"the leaves', {[np.shape(x) for x in leaves]}; give each leaf one number or its shape"
        ) from error
