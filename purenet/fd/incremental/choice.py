"""Incremental or dense: the cheaper way to a leaf's coordinates, by counted work."""

import math
from collections.abc import Iterator, Sequence
from functools import cached_property, lru_cache
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
_EVALUATIONS = 20  # of each coordinate: ten calls of fd.grad, or a check, for a program to pay off
WIDTH = 10  # points at most that a ladder of steps asks for at a time


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


class Choices:
    """How the leaves of a program are evaluated, each by what it costs."""

    def __init__(
        self,
        program: jaxprs.Program,
        *,
        double: bool,
        coordinates: Sequence[int],
        point_work: float,
        max_memory: int,
        always: bool,
    ):
        """Choices between the ways to evaluate a program.

        Args:
            program: the program.
            double: whether it is evaluated in float64.
            coordinates: the number of real coordinates of each of its inputs that are leaves.
            point_work: the counted operations of the whole of it at one point.
            max_memory: bytes that an evaluation may take.
            always: whether the leaves are evaluated incrementally whatever that costs.
        """
        self._program = program
        self._double = double
        self._coordinates = coordinates
        self._point_work = point_work
        self._max_memory = max_memory
        self._always = always
        self._distrusted: set[int] = set()

    def of(self, leaf: int, points: int) -> Choice:
        """How a leaf is evaluated with so many points a coordinate, and why."""
        dense = self.dense(leaf, points)
        if leaf in self._distrusted:
            return Choice(None, "a whole evaluation contradicted the incremental one")
        if not self._always and _EVALUATIONS / points * dense / jaxprs.RATE <= self._compiling:
            return Choice(None, "little work")
        cone = self._cones[leaf]
        if not cone.outputs or self._coordinates[leaf] == 0:
            return Choice(None, "no output depends on it")
        work, plan = cheapest(cone.program, points, self._max_memory)
        if self._always:
            return Choice(plan, "as asked", work)
        if dense <= work:
            return Choice(None, f"incremental is {work / dense:.2g} times the work of dense")
        return Choice(plan, f"{dense / work:.2g} times less work than dense", work)

    def dense(self, leaf: int, points: int) -> float:
        """The counted operations of the dense evaluation of a leaf."""
        return self._coordinates[leaf] * points * self._point_work

    def operations(self, leaf: int, points: int) -> float:
        """The counted operations of a leaf as it is evaluated."""
        chosen = self.of(leaf, points)
        return self.dense(leaf, points) if chosen.plan is None else chosen.operations

    def distrust(self, leaf: int) -> None:
        """Evaluate a leaf densely from here on."""
        self._distrusted.add(leaf)

    def shrink(self) -> None:
        """Choose what takes less memory from here on."""
        self._max_memory //= 4

    def seconds(self, points: int, most: float) -> float:
        """About how long all coordinates take, compiling included; if it is more, just more."""
        leaves = range(len(self._coordinates))
        if self._always:
            return sum(self.operations(leaf, points) for leaf in leaves) / jaxprs.RATE
        dense = [self.dense(leaf, points) / jaxprs.RATE for leaf in leaves]
        if sum(dense) <= most:
            return sum(dense)
        cones = [cone.program for cone in self._cones]
        kinds = {cone: jaxprs.compile_seconds(cone) for cone in cones}
        # one kind of leaf is compiled once, and costs no more than all its leaves without it
        without = dict.fromkeys(kinds, 0.0)
        for cone, one in zip(cones, dense, strict=True):
            without[cone] += one
        total = sum(min(kinds[kind], without[kind]) for kind in kinds)
        if total > most:  # pricing what will not be done takes longest of all
            return total
        total = 0.0
        for leaf in leaves:
            chosen = self.of(leaf, points)
            if chosen.plan is None:
                total += dense[leaf]
            else:
                total += chosen.operations / jaxprs.RATE + kinds.pop(cones[leaf], 0.0)
            if total > most:
                break
        return total

    @cached_property
    def rest(self) -> set[int]:
        """The leaves without a plan, if a program pays off that moves none of the others."""
        leaves = range(len(self._coordinates))
        rest = {leaf for leaf in leaves if self.of(leaf, WIDTH).plan is None}
        if not rest or len(rest) == len(leaves):
            return set()
        cones = [self._cones[leaf].program for leaf in rest]
        work = sum(jaxprs.work_of(cone).operations for cone in cones)
        points = _EVALUATIONS * sum(self._coordinates[leaf] for leaf in rest)
        saved = points * (self._point_work - work) / jaxprs.RATE
        return rest if saved > max(map(jaxprs.compile_seconds, cones)) else set()

    @cached_property
    def _compiling(self) -> float:
        return jaxprs.compile_seconds(self._program)

    @property
    def _cones(self) -> Sequence[jaxprs.Cone]:
        return jaxprs.inlined(self._program, self._double).cones


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
