"""The incremental evaluation: every coordinate of a leaf, each for what it changes alone."""

import warnings
from collections.abc import Sequence
from functools import cached_property
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from purenet import jaxprs
from purenet.fd.dense import Dense, does_not_fit
from purenet.fd.differences import coordinate_count
from purenet.fd.incremental.choice import WIDTH, Choices
from purenet.fd.incremental.cones import Cones
from purenet.fd.incremental.confirmation import is_confirmed
from purenet.fd.incremental.plan import Plan, Sample
from purenet.fd.mesh import Mesh
from purenet.fd.numbers import namespace, numbers
from purenet.fd.watch import Watch

_SAMPLES = 16
_MANY_ROUNDS = 32  # of which a few more do not count
_MUCH = 1e7  # operations that do
_HELD = 2**16  # coordinates times outputs that are gathered where a leaf's are not all asked for


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
        mesh: Mesh | None = None,
        watch: Watch | None = None,
    ):
        super().__init__(
            traced, leaves, replay=replay, max_memory=max_memory, mesh=mesh, watch=watch
        )
        self._always = always
        self._watched: dict[int, int] = {}  # of each leaf the rounds up to which some were watched

    def along_leaf(self, leaf: int, steps: Any, points: Any) -> list[Any]:
        """The outputs where each coordinate of a leaf is displaced; see `Dense.along_leaf`."""
        return self._along_leaf(leaf, steps, points, np.arange(np.size(steps)))

    def _along_leaf(self, leaf: int, steps: Any, points: Any, coordinates: np.ndarray) -> list[Any]:
        """As `along_leaf`, at some coordinates; the rounds that take none of them are left out."""
        plan = self._choices.of(leaf, len(points)).plan
        if plan is None and len(coordinates) == np.size(steps):
            return super().along_leaf(leaf, steps, points)
        if plan is None:
            return super().displaced(leaf, coordinates, steps[coordinates], points)
        rounds = self._rounds_of(leaf, plan, coordinates)
        self.evaluations += coordinates.size * len(points)
        try:
            outputs = self._at(leaf, plan, rounds, coordinates, steps, points)
        except jax.errors.JaxRuntimeError as error:
            self._shrink(plan, error)
            return self._along_leaf(leaf, steps, points, coordinates)
        if jaxprs.is_traced(outputs[0]) or rounds.stop <= self._watched.get(leaf, 0):
            return outputs
        self._watched[leaf] = rounds.stop
        moves = coordinates, np.asarray(steps), np.asarray(points)
        if is_confirmed(self, leaf, *moves, outputs, self._roundings):
            return outputs
        self._choices.distrust(leaf)
        suspected = ", ".join(self._cones.primitive_names(leaf))
        warnings.warn(
            f"got other values from the incremental evaluation of leaf {leaf} than from a whole "
            "one; wanted equal ones; it is evaluated densely from here on; please report the "
            f"program: one of its operations is at fault ({suspected})",
            RuntimeWarning,
            stacklevel=2,
        )
        return self._along_leaf(leaf, steps, points, coordinates)

    def displaced(self, leaf: int, coordinates: Any, steps: Any, points: Any) -> list[Any]:
        """The outputs at some displaced coordinates; see `Dense.displaced`.

        All coordinates of their rounds are displaced where that is less work than these alone,
        always by as many points, so that one compiled program serves.
        """
        plan, _, operations = self._choices.of(leaf, WIDTH)
        if plan is None or len(coordinates) == 0:
            return super().displaced(leaf, coordinates, steps, points)
        operations *= len(self._rounds_of(leaf, plan, coordinates)) / plan.rounds
        if operations >= len(coordinates) * len(points) * self._point_work:
            return super().displaced(leaf, coordinates, steps, points)
        every = np.ones(coordinate_count(self.leaves[leaf]), steps.dtype)
        every[coordinates] = steps
        rounds = -(-len(points) // WIDTH)
        filled = np.resize(points, (rounds, WIDTH)).astype(steps.dtype)
        parts = [self._along_leaf(leaf, every, some, coordinates) for some in filled]
        return [np.concatenate(out, axis=1)[:, : len(points)] for out in zip(*parts, strict=True)]

    def sampled(self, leaf: int, offsets: Any, width: int) -> list[Any]:
        """The outputs at a few displaced coordinates; see `Dense.sampled`.

        One round of what `along_leaf` compiles serves, unless that is much of its work.
        """
        plan, _, operations = self._choices.of(leaf, width)
        if plan is None:
            return super().sampled(leaf, offsets, width)
        try:
            return self._sampled(leaf, offsets, width, plan, operations)
        except jax.errors.JaxRuntimeError as error:
            self._shrink(plan, error)
            return self.sampled(leaf, offsets, width)

    def _sampled(
        self, leaf: int, offsets: Any, width: int, plan: Plan, operations: float
    ) -> list[Any]:
        if plan.rounds < _MANY_ROUNDS and operations > _MUCH:
            count = min(max(self.leaves[leaf].size // 32, 2), _SAMPLES)
            self.evaluations += count * len(offsets)
            each = namespace(offsets).tile(offsets, count)[None]
            sample = Sample(plan.shape, count, len(offsets))
            return self._cones.displaced(leaf, sample, self._ones(leaf), each, range(1))
        middle, lanes = plan.rounds // 2, slice(None, None, -(-plan.lanes // _SAMPLES))
        samples = plan.coordinates(middle)[lanes]
        self.evaluations += len(samples) * len(offsets)
        held = self._held(leaf, plan)
        some = samples if held == plan.rounds else (0, lanes)
        padded = namespace(offsets).resize(offsets, (-(-len(offsets) // width), width))
        parts = [
            [
                numbers(out)[some]
                for out in self._cones.reached(
                    leaf, plan, self._ones(leaf), points[:, None], range(middle, middle + 1), held
                )
            ]
            for points in padded
        ]
        outputs = [namespace(*part).concatenate(part, axis=1) for part in zip(*parts, strict=True)]
        return self._cones.with_unreached(leaf, [out[:, : len(offsets)] for out in outputs])

    def order(self, leaf: int) -> np.ndarray:
        """The coordinates of a leaf by the rounds that take them; see `Evaluator.order`."""
        plan, coordinates = self._choices.of(leaf, WIDTH)[0], super().order(leaf)
        if plan is None:
            return coordinates
        return np.argsort(plan.places_of(coordinates % self.leaves[leaf].size)[0], kind="stable")

    def _rounds_of(self, leaf: int, plan: Plan, coordinates: np.ndarray) -> range:
        size = self.leaves[leaf].size
        if len(coordinates) == coordinate_count(self.leaves[leaf]):
            return range(plan.rounds)
        number, _ = plan.places_of(coordinates % size)
        return range(int(number.min()), int(number.max()) + 1)

    def _shrink(self, plan: Plan, error: Exception) -> None:
        """Take less memory from here on; raise the error where that is not what it says."""
        if not does_not_fit(error) or plan.lanes == 1:
            raise error
        self._choices.shrink()

    def strategy(self, leaf: int, points: int) -> str:
        """How `along_leaf` evaluates a leaf, and why."""
        plan, reason, _ = self._choices.of(leaf, points)
        return f"{'dense' if plan is None else 'incremental'}: {reason}"

    def operations(self, leaf: int, points: int) -> float:
        """The counted operations of a whole leaf at so many points a coordinate."""
        return self._choices.operations(leaf, points)

    def seconds(self, points: int, most: float) -> float:
        """About how long all coordinates take; see `Evaluator.seconds`."""
        return self._choices.seconds(points, most)

    def _moving(self, moved: set[int], points: int) -> set[int]:
        """As `Dense._moving`; leaves without a plan beside others that have one move together."""
        rest = self._choices.rest
        return rest if moved and moved <= rest else super()._moving(moved, points)

    def _at(
        self,
        leaf: int,
        plan: Plan,
        rounds: range,
        coordinates: np.ndarray,
        steps: Any,
        points: Any,
    ) -> list:
        """The outputs at some coordinates, which some rounds of a plan take, span by span."""
        cones, points = self._cones, points[:, None]
        if jaxprs.is_traced(steps) or any(map(jaxprs.is_traced, self.leaves)):
            return cones.displaced(leaf, plan, steps, points, rounds)
        size = self.leaves[leaf].size
        whole = len(coordinates) == np.size(steps)
        held = plan.rounds if whole else self._held(leaf, plan)
        each = self._choices.operations(leaf, len(points)) / plan.rounds / jaxprs.RATE
        spans = self.watch.spans(len(rounds), each, held)
        about = [self._identity, f"{leaf} {plan}", steps, points] if self.watch.keeps else []
        if whole and len(spans) == 1 and np.array_equal(coordinates, np.arange(np.size(steps))):
            return self.watch.kept(
                [*about, coordinates],
                coordinates.size * len(points),
                lambda: cones.displaced(leaf, plan, steps, points, rounds),
            )
        number, lane = plan.places_of(coordinates % size)
        total: list[Any] = []
        for low, high in spans:
            first, last = rounds[low], rounds[high - 1] + 1
            rows = np.flatnonzero((number >= first) & (number < last))

            def some(first=first, last=last, rows=rows):
                reached = cones.reached(leaf, plan, steps, points, range(first, last), held)
                if held == plan.rounds:
                    return [np.asarray(out)[coordinates[rows]] for out in reached]
                # of a complex leaf the imaginary parts come after all rounds of the real ones
                half = coordinates[rows] // size
                places = half * held + number[rows] - first, lane[rows]
                return [np.asarray(out)[places] for out in reached]

            part = self.watch.kept([*about, rows], rows.size * len(points), some)
            total = total or [np.empty((len(coordinates), *p.shape[1:]), p.dtype) for p in part]
            for out, found in zip(total, part, strict=True):
                out[rows] = found
        return cones.with_unreached(leaf, total)

    def _held(self, leaf: int, plan: Plan) -> int:
        """The rounds whose outputs a program holds that displaces some coordinates only."""
        together = max(1, plan.lanes * self._cones.output_size(leaf))
        return min(plan.rounds, -(-_HELD // together) + 1)

    def _roundings(self) -> list[float]:
        """How far rounding may have moved each output."""
        with jaxprs.working_precision(True):
            leaves = [jaxprs.widen(jnp.asarray(x)) for x in self.leaves]
            _, moved = jaxprs.rounded(self._program, self._constants, leaves)
        coarser = self.relative_noise() / float(np.finfo(float).eps)
        return [coarser * float(np.max(np.abs(np.asarray(by)), initial=0.0)) for by in moved]

    @cached_property
    def _cones(self) -> Cones:
        return Cones(
            self._program, self._constants, self.leaves, double=self._replay.double, mesh=self._mesh
        )

    @cached_property
    def _choices(self) -> Choices:
        return Choices(
            self._program,
            double=self._replay.double,
            coordinates=list(map(coordinate_count, self.leaves)),
            point_work=self._point_work,
            max_memory=self._max_memory,
            always=self._always,
        )

    def _ones(self, leaf: int) -> np.ndarray:
        x = self.leaves[leaf]
        return np.ones(coordinate_count(x), np.zeros((), x.dtype).real.dtype)
