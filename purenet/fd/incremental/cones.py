"""The cones of a program around a base point: what displaced coordinates of a leaf change."""

from collections.abc import Sequence
from functools import cached_property
from typing import Any

import jax
import jax.numpy as jnp

from purenet import jaxprs
from purenet.fd.incremental.chunk import Inputs, compiled
from purenet.fd.incremental.plan import Plan, Sample
from purenet.fd.mesh import Mesh
from purenet.fd.numbers import namespace, numbers


class Cones:
    """The part of a program that each of its leaves changes, around a base point."""

    def __init__(
        self,
        program: jaxprs.Program,
        constants: Sequence[Any],
        leaves: Sequence[Any],
        *,
        double: bool,
        mesh: Mesh | None,
    ):
        """The cones of a program.

        Args:
            program: the program, of constants and leaves.
            constants: its constants.
            leaves: the base point.
            double: whether it is evaluated in float64.
            mesh: the devices that share the evaluations out.
        """
        self._leaves = leaves
        self._inputs = [*constants, *leaves]
        self._inlined = jaxprs.inlined(program, double)
        self._mesh = mesh

    def output_size(self, leaf: int) -> int:
        """The number of elements of all outputs that a leaf reaches."""
        return sum(self._values[i].size for i in self._inlined.cones[leaf].outputs)

    def primitive_names(self, leaf: int) -> list[str]:
        """The operations that a leaf goes through, sorted by name."""
        return sorted(jaxprs.primitive_names(self._inlined.cones[leaf].program.jaxpr))

    def displaced(
        self, leaf: int, plan: Plan | Sample, steps: Any, points: Any, rounds: range
    ) -> list[Any]:
        """All outputs where some rounds of a leaf's coordinates are displaced, in their order.

        Args:
            leaf: the leaf's position.
            plan: how its coordinates are taken.
            steps: the unit of displacement of each of its real coordinates.
            points: how many such units each point is displaced by, as in `Inputs`.
            rounds: those of the plan that are evaluated.
        """
        reached = self.reached(leaf, plan, steps, points, rounds, plan.rounds)
        return self.with_unreached(leaf, reached)

    def reached(
        self, leaf: int, plan: Plan | Sample, steps: Any, points: Any, rounds: range, held: int
    ) -> list[Any]:
        """The outputs that a leaf reaches, of so many rounds from the first on; see `compiled`."""
        x, cone = self._leaves[leaf], self._inlined.cones[leaf]
        reads = [self._values[self._inlined.outputs + read] for read in cone.reads]
        evaluate = compiled(cone.program, plan, held, self._mesh)
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

    def with_unreached(self, leaf: int, reached: Sequence[Any]) -> list[Any]:
        """All outputs: those that the leaf does not reach are the base's at every point."""
        found = dict(zip(self._inlined.cones[leaf].outputs, reached, strict=True))
        leading = reached[0].shape[:2]
        return [
            found[i] if i in found else _spread(out, (*leading, *out.shape))
            for i, out in enumerate(self._values[: self._inlined.outputs])
        ]

    @cached_property
    def _values(self) -> list[Any]:
        """The outputs at the base point, then what the cones read."""
        evaluate = _base_values(self._inlined.base)
        return evaluate(self._inlined.constants, self._inputs)


def _spread(out: Any, shape: tuple[int, ...]) -> Any:
    return namespace(out).broadcast_to(numbers(out), shape)


@jaxprs.held
def _base_values(program: jaxprs.Program) -> Any:
    return jax.jit(lambda constants, inputs: jaxprs.outputs(program, constants, inputs))
