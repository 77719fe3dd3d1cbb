"""The incremental evaluation: every coordinate of a leaf, each for what it changes alone."""

from collections.abc import Sequence
from functools import cached_property, lru_cache
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from purenet import jaxprs
from purenet.fd.dense import Dense
from purenet.fd.differences import coordinate_count
from purenet.fd.incremental.choice import FEW, Choice, cheapest
from purenet.fd.incremental.chunk import Inputs, compiled
from purenet.fd.incremental.plan import Plan, Sample
from purenet.fd.numbers import namespace, numbers

WIDTH = 10  # points at most that a ladder of steps asks for at a time
_SAMPLES = 16
_MANY_ROUNDS = 32  # of which a few more do not count
_MUCH = 1e7  # operations that do


class Incremental(Dense):
    """A traced function around a base point; whole leaves are evaluated incrementally.

    The program is evaluated once at the base point, and for each perturbed coordinate only what it
    changes. A few points, pairs and directions are evaluated densely.

    Attributes:
        leaves: the base point, in the dtype that the evaluation works in.
        evaluations: the number of points asked for so far.
    """

    def __init__(
        self,
        traced: jaxprs.Traced,
        leaves: Sequence[Any],
        *,
        replay: jaxprs.Replay,
        max_memory: int,
        always: bool,
    ):
        super().__init__(traced, leaves, replay=replay, max_memory=max_memory)
        self._always = always

    def along_leaf(self, leaf: int, steps: Any, points: Any) -> list[Any]:
        """The outputs where each coordinate of a leaf is displaced; see `Dense.along_leaf`."""
        plan = self.choice(leaf, len(points)).plan
        if plan is None:
            return super().along_leaf(leaf, steps, points)
        self.evaluations += int(np.size(steps)) * len(points)
        return self._displaced(leaf, plan, steps, points[:, None], range(plan.rounds))

    def displaced(self, leaf: int, coordinates: Any, steps: Any, points: Any) -> list[Any]:
        """The outputs at some displaced coordinates; see `Dense.displaced`.

        The whole leaf is displaced where that is less work than these coordinates alone, always by
        as many points, so that one compiled program serves.
        """
        plan, _, operations = self.choice(leaf, WIDTH)
        share = len(coordinates) * len(points) / WIDTH
        if plan is None or operations >= share * self._coordinate_work(leaf, WIDTH):
            return super().displaced(leaf, coordinates, steps, points)
        every = np.ones(coordinate_count(self.leaves[leaf]), steps.dtype)
        every[coordinates] = steps
        outputs = self.along_leaf(leaf, every, np.resize(points, WIDTH).astype(steps.dtype))
        return [np.asarray(out)[coordinates, : len(points)] for out in outputs]

    def sampled(self, leaf: int, offsets: Any, width: int) -> list[Any]:
        """The outputs at a few displaced coordinates; see `Dense.sampled`.

        One round of what `along_leaf` compiles serves, unless that is much of its work.
        """
        plan, _, operations = self.choice(leaf, width)
        if plan is None:
            return super().sampled(leaf, offsets, width)
        if plan.rounds < _MANY_ROUNDS and operations > _MUCH:
            count = min(max(self.leaves[leaf].size // 32, 2), _SAMPLES)
            self.evaluations += count * len(offsets)
            each = namespace(offsets).tile(offsets, count)[None]
            sample = Sample(plan.shape, count, len(offsets))
            return self._displaced(leaf, sample, self._ones(leaf), each, range(1))
        middle = plan.rounds // 2
        samples = plan.coordinates(middle)[:: -(-plan.lanes // _SAMPLES)]
        self.evaluations += len(samples) * len(offsets)
        padded = namespace(offsets).resize(offsets, (-(-len(offsets) // width), width))
        parts = [
            self._displaced(
                leaf, plan, self._ones(leaf), points[:, None], range(middle, middle + 1)
            )
            for points in padded
        ]
        outputs = [[numbers(out)[samples] for out in part] for part in zip(*parts, strict=True)]
        return [namespace(*part).concatenate(part, axis=1)[:, : len(offsets)] for part in outputs]

    def strategy(self, leaf: int, points: int) -> str:
        """How `along_leaf` evaluates a leaf, and why."""
        plan, reason, _ = self.choice(leaf, points)
        return f"{'dense' if plan is None else 'incremental'}: {reason}"

    def operations(self, leaf: int, points: int) -> float:
        """The counted operations of a whole leaf at so many points a coordinate."""
        plan, _, operations = self.choice(leaf, points)
        return super().operations(leaf, points) if plan is None else operations

    def choice(self, leaf: int, points: int) -> Choice:
        """How a leaf is evaluated with so many points a coordinate, and why."""
        cone, size = self._inlined.cones[leaf], self.leaves[leaf].size
        if not cone.outputs or size == 0:
            return Choice(None, "no output depends on it")
        if not self._always and size <= FEW:
            return Choice(None, "few coordinates")
        work, plan = cheapest(cone.program, points, self._max_memory)
        if self._always:
            return Choice(plan, "as asked", work)
        dense = super().operations(leaf, points)
        if dense <= work:
            return Choice(None, f"incremental is {work / dense:.2g} times the work of dense")
        return Choice(plan, f"{dense / work:.2g} times less work than dense", work)

    @cached_property
    def _inlined(self) -> jaxprs.Inlined:
        return jaxprs.inlined(self._program, self._replay.double)

    @cached_property
    def _values(self) -> list[Any]:
        """The outputs at the base point, then what the cones read."""
        evaluate = _base_values(self._inlined.base)
        return evaluate(self._inlined.constants, [*self._constants, *self.leaves])

    def _ones(self, leaf: int) -> np.ndarray:
        x = self.leaves[leaf]
        return np.ones(coordinate_count(x), np.zeros((), x.dtype).real.dtype)

    def _displaced(
        self, leaf: int, plan: Plan | Sample, steps: Any, points: Any, rounds: range
    ) -> list[Any]:
        x, cone = self.leaves[leaf], self._inlined.cones[leaf]
        reads = [self._values[self._inlined.outputs + read] for read in cone.reads]
        evaluate = compiled(cone.program, plan)
        directions = (1.0, 1.0j) if jnp.iscomplexobj(x) else (1.0,)
        halves = [
            evaluate(
                Inputs(x, reads, part.reshape(x.shape), points, direction),
                rounds.start,
                rounds.stop,
            )
            for direction, part in zip(
                directions, steps.reshape(len(directions), x.size), strict=True
            )
        ]
        reached = (
            halves[0]
            if len(halves) == 1
            else [namespace(*half).concatenate(half) for half in zip(*halves, strict=True)]
        )
        return self._with_unreached(cone, reached)

    def _with_unreached(self, cone: jaxprs.Cone, reached: list[Any]) -> list[Any]:
        """All outputs: those that the leaf does not reach are the base's at every point."""
        found = dict(zip(cone.outputs, reached, strict=True))
        leading = reached[0].shape[:2]
        return [
            found[i] if i in found else _spread(out, (*leading, *out.shape))
            for i, out in enumerate(self._values[: self._inlined.outputs])
        ]


def _spread(out: Any, shape: tuple[int, ...]) -> Any:
    return namespace(out).broadcast_to(numbers(out), shape)


@lru_cache(maxsize=256)
def _base_values(program: jaxprs.Program) -> Any:
    return jax.jit(lambda constants, inputs: jaxprs.outputs(program, constants, inputs))
