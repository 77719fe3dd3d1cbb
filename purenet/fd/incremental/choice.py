"""Incremental or dense: the cheaper way to a leaf's coordinates, by counted work."""

import math
from collections.abc import Iterator
from functools import lru_cache
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from purenet import jaxprs
from purenet.fd.incremental.chunk import Inputs, chunk
from purenet.fd.incremental.evaluate import base_values
from purenet.fd.incremental.plan import Plan

_LANES = 1024  # coordinates of a first look at a plan
_LARGEST = 2**20  # elements of the largest value of a chunk, beyond which caches no longer help
_VECTOR = 8  # lanes of a vector register, in float64
_ROUND = 2e5  # operations that a round of the loop costs beside its own


class Choice(NamedTuple):
    """How a leaf is evaluated, and why.

    Attributes:
        plan: the plan of the incremental evaluation, or None for the dense one.
        reason: in a few words.
        operations: of the plan, counted.
    """

    plan: Plan | None
    reason: str
    operations: float = 0.0


@lru_cache(maxsize=64)
def cheapest(cone: jaxprs.Program, points: int, max_memory: int) -> tuple[float, Plan]:
    """The plan of least work, and its operations.

    Args:
        cone: the program of a cone; its first input is the leaf.
        points: the stencil's points.
        max_memory: bytes that the values of a chunk may take, each counted as if it were stored.
    """
    shape = cone.inputs[0].shape
    return min(_priced(cone, plan, points, max_memory) for plan in plans(shape))


def plans(shape: tuple[int, ...]) -> Iterator[Plan]:
    """Each axis alone, the last two together, and all of them."""
    axes = tuple(axis for axis, n in enumerate(shape) if n > 1)
    for together in dict.fromkeys([*((axis,) for axis in axes), axes[-2:], axes]):
        count = math.prod(shape[axis] for axis in together)
        yield Plan(shape, together, min(count, _LANES))


def _priced(
    program: jaxprs.Program, plan: Plan, points: int, max_memory: int
) -> tuple[float, Plan]:
    """A plan with as many lanes as memory and caches take, and its operations."""
    work = _work(program, plan, points)
    itemsize = program.inputs[0].dtype.itemsize
    fitting = min(max_memory / (work.elements * itemsize), _LARGEST / work.largest, 1.0)
    chunks = -(-plan.together // max(1, int(plan.lanes * fitting)))
    fitted = plan._replace(lanes=-(-plan.together // chunks))
    # a vector that is filled only in part takes as long as a full one
    vectors = -(-fitted.lanes // _VECTOR) * _VECTOR
    return fitted.rounds * (work.operations * vectors / plan.lanes + _ROUND), fitted


def _work(program: jaxprs.Program, plan: Plan, points: int) -> jaxprs.Work:
    leaf, *reads = program.inputs
    real = np.zeros((), leaf.dtype).real.dtype

    def one(leaf, reads, bases, steps, points):
        inputs = Inputs(leaf, reads, steps, points, jnp.ones((), real))
        return chunk(program, plan, inputs, bases, jnp.int32(0))

    bases = jax.eval_shape(
        lambda leaf, reads: base_values(program.jaxpr, [leaf, *reads]), leaf, reads
    )
    steps = jax.ShapeDtypeStruct(leaf.shape, real)
    return jaxprs.work(one, leaf, reads, bases, steps, jax.ShapeDtypeStruct((points, 1), real))
