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
from purenet.fd.incremental.choice import Choice, cheapest
from purenet.fd.incremental.chunk import Inputs, compiled
from purenet.fd.incremental.confirmation import is_confirmed
from purenet.fd.incremental.plan import Plan, Sample
from purenet.fd.mesh import Mesh
from purenet.fd.numbers import namespace, numbers
from purenet.fd.watch import Watch

WIDTH = 10  # points at most that a ladder of steps asks for at a time
_SAMPLES = 16
_MANY_ROUNDS = 32  # of which a few more do not count
_MUCH = 1e7  # operations that do
_HELD = 2**16  # coordinates times outputs that are gathered where a leaf's are not all asked for
_EVALUATIONS = 20  # of each coordinate: ten calls of fd.grad, or a check, for a program to pay off


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
        self._distrusted: set[int] = set()

    def along_leaf(self, leaf: int, steps: Any, points: Any) -> list[Any]:
        """The outputs where each coordinate of a leaf is displaced; see `Dense.along_leaf`."""
        return self._along_leaf(leaf, steps, points, np.arange(np.size(steps)))

    def _along_leaf(self, leaf: int, steps: Any, points: Any, coordinates: np.ndarray) -> list[Any]:
        """As `along_leaf`, at some coordinates; the rounds that take none of them are left out."""
        plan, _, operations = self.choice(leaf, len(points))
        if plan is None and len(coordinates) == np.size(steps):
            return super().along_leaf(leaf, steps, points)
        if plan is None:
            return super().displaced(leaf, coordinates, steps[coordinates], points)
        rounds = self._rounds_of(leaf, plan, coordinates)
        self.evaluations += coordinates.size * len(points)
        try:
            outputs = self._at(leaf, plan, coordinates, steps, points, operations, rounds)
        except jax.errors.JaxRuntimeError as error:
            self._shrink(plan, error)
            return self._along_leaf(leaf, steps, points, coordinates)
        if jaxprs.is_traced(outputs[0]) or rounds.stop <= self._watched.get(leaf, 0):
            return outputs
        self._watched[leaf] = rounds.stop
        moves = coordinates, np.asarray(steps), np.asarray(points)
        if is_confirmed(self, leaf, *moves, outputs, self._roundings):
            return outputs
        self._distrusted.add(leaf)
        cone = self._inlined.cones[leaf].program
        suspected = ", ".join(sorted(jaxprs.primitive_names(cone.jaxpr)))
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
        plan, _, operations = self.choice(leaf, WIDTH)
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
        plan, _, operations = self.choice(leaf, width)
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
            return self._displaced(leaf, sample, self._ones(leaf), each, range(1))
        middle, lanes = plan.rounds // 2, slice(None, None, -(-plan.lanes // _SAMPLES))
        samples, cone = plan.coordinates(middle)[lanes], self._inlined.cones[leaf]
        self.evaluations += len(samples) * len(offsets)
        held = self._held(plan, cone)
        some = samples if held == plan.rounds else (0, lanes)
        padded = namespace(offsets).resize(offsets, (-(-len(offsets) // width), width))
        parts = [
            [
                numbers(out)[some]
                for out in self._reached(
                    leaf, plan, self._ones(leaf), points[:, None], range(middle, middle + 1), held
                )
            ]
            for points in padded
        ]
        outputs = [namespace(*part).concatenate(part, axis=1) for part in zip(*parts, strict=True)]
        return self._with_unreached(cone, [out[:, : len(offsets)] for out in outputs])

    def order(self, leaf: int) -> np.ndarray:
        """The coordinates of a leaf by the rounds that take them; see `Evaluator.order`."""
        plan, coordinates = self.choice(leaf, WIDTH)[0], super().order(leaf)
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
        self._max_memory //= 4

    def strategy(self, leaf: int, points: int) -> str:
        """How `along_leaf` evaluates a leaf, and why."""
        plan, reason, _ = self.choice(leaf, points)
        return f"{'dense' if plan is None else 'incremental'}: {reason}"

    def operations(self, leaf: int, points: int) -> float:
        """The counted operations of a whole leaf at so many points a coordinate."""
        plan, _, operations = self.choice(leaf, points)
        return super().operations(leaf, points) if plan is None else operations

    def seconds(self, points: int, most: float) -> float:
        """About how long all coordinates take, compiling included; if it is more, just more."""
        leaves = range(len(self.leaves))
        dense = [super(Incremental, self).operations(leaf, points) / jaxprs.RATE for leaf in leaves]
        if self._always:
            return sum(self.operations(leaf, points) for leaf in leaves) / jaxprs.RATE
        if sum(dense) <= most:
            return sum(dense)
        cones = [cone.program for cone in self._inlined.cones]
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
            chosen = self.choice(leaf, points)
            if chosen.plan is None:
                total += dense[leaf]
            else:
                total += chosen.operations / jaxprs.RATE + kinds.pop(cones[leaf], 0.0)
            if total > most:
                break
        return total

    def choice(self, leaf: int, points: int) -> Choice:
        """How a leaf is evaluated with so many points a coordinate, and why."""
        size, dense = self.leaves[leaf].size, super().operations(leaf, points)
        if leaf in self._distrusted:
            return Choice(None, "a whole evaluation contradicted the incremental one")
        if not self._always and _EVALUATIONS / points * dense / jaxprs.RATE <= self._compiling:
            return Choice(None, "little work")
        cone = self._inlined.cones[leaf]
        if not cone.outputs or size == 0:
            return Choice(None, "no output depends on it")
        work, plan = cheapest(cone.program, points, self._max_memory)
        if self._always:
            return Choice(plan, "as asked", work)
        if dense <= work:
            return Choice(None, f"incremental is {work / dense:.2g} times the work of dense")
        return Choice(plan, f"{dense / work:.2g} times less work than dense", work)

    def _moving(self, moved: set[int], points: int) -> set[int]:
        """As `Dense._moving`; leaves without a plan beside others that have one move together."""
        return self._rest if moved and moved <= self._rest else super()._moving(moved, points)

    @cached_property
    def _rest(self) -> set[int]:
        """The leaves without a plan, if a program pays off that moves none of the others."""
        leaves = range(len(self.leaves))
        rest = {leaf for leaf in leaves if self.choice(leaf, WIDTH).plan is None}
        if not rest or len(rest) == len(leaves):
            return set()
        cones = [self._inlined.cones[leaf].program for leaf in rest]
        work = sum(jaxprs.work_of(cone).operations for cone in cones)
        points = _EVALUATIONS * sum(coordinate_count(self.leaves[leaf]) for leaf in rest)
        saved = points * (self._point_work - work) / jaxprs.RATE
        return rest if saved > max(map(jaxprs.compile_seconds, cones)) else set()

    def _at(
        self,
        leaf: int,
        plan: Plan,
        coordinates: np.ndarray,
        steps: Any,
        points: Any,
        operations: float,
        rounds: range,
    ) -> list:
        """The outputs at some coordinates, which some rounds of a leaf take, span by span."""
        points = points[:, None]
        if jaxprs.is_traced(steps) or any(map(jaxprs.is_traced, self.leaves)):
            return self._displaced(leaf, plan, steps, points, rounds)
        cone, size = self._inlined.cones[leaf], self.leaves[leaf].size
        held = plan.rounds if len(coordinates) == np.size(steps) else self._held(plan, cone)
        spans = self.watch.spans(len(rounds), operations / plan.rounds / jaxprs.RATE, held)
        about = [self._identity, f"{leaf} {plan}", steps, points] if self.watch.keeps else []
        if len(spans) == 1 and np.array_equal(coordinates, np.arange(np.size(steps))):
            return self.watch.kept(
                [*about, coordinates],
                coordinates.size * len(points),
                lambda: self._displaced(leaf, plan, steps, points, rounds),
            )
        number, lane = plan.places_of(coordinates % size)
        total: list[Any] = []
        for low, high in spans:
            first, last = rounds[low], rounds[high - 1] + 1
            rows = np.flatnonzero((number >= first) & (number < last))

            def some(first=first, last=last, rows=rows):
                reached = self._reached(leaf, plan, steps, points, range(first, last), held)
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
        return self._with_unreached(cone, total)

    def _held(self, plan: Plan, cone: jaxprs.Cone) -> int:
        """The rounds whose outputs a program holds that displaces some coordinates only."""
        outputs = sum(self._values[i].size for i in cone.outputs)
        return min(plan.rounds, -(-_HELD // max(1, plan.lanes * outputs)) + 1)

    def _roundings(self) -> list[float]:
        """How far rounding may have moved each output."""
        with jaxprs.working_precision(True):
            leaves = [jaxprs.widen(jnp.asarray(x)) for x in self.leaves]
            _, moved = jaxprs.rounded(self._program, self._constants, leaves)
        coarser = self.relative_noise() / float(np.finfo(float).eps)
        return [coarser * float(np.max(np.abs(np.asarray(by)), initial=0.0)) for by in moved]

    @cached_property
    def _compiling(self) -> float:
        return jaxprs.compile_seconds(self._program)

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
        reached = self._reached(leaf, plan, steps, points, rounds)
        return self._with_unreached(self._inlined.cones[leaf], reached)

    def _reached(
        self,
        leaf: int,
        plan: Plan | Sample,
        steps: Any,
        points: Any,
        rounds: range,
        held: int | None = None,
    ) -> list[Any]:
        """The outputs that the leaf reaches, as `compiled` gives them; all rounds are held."""
        x, cone = self.leaves[leaf], self._inlined.cones[leaf]
        reads = [self._values[self._inlined.outputs + read] for read in cone.reads]
        evaluate = compiled(cone.program, plan, held or plan.rounds, self._mesh)
        if jaxprs.is_traced(steps) or any(map(jaxprs.is_traced, (x, *reads))):
            evaluate = evaluate.__wrapped__  # inside of another jit it is part of that program
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
        if len(halves) == 1:
            return halves[0]
        return [namespace(*half).concatenate(half) for half in zip(*halves, strict=True)]

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


@jaxprs.held
def _base_values(program: jaxprs.Program) -> Any:
    return jax.jit(lambda constants, inputs: jaxprs.outputs(program, constants, inputs))
