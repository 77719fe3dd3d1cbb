"""A chunk of coordinates, and the loop over all of a leaf's: traced into one program."""

import math
from collections.abc import Sequence
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jax import lax

from purenet import jaxprs
from purenet.fd.incremental.evaluate import base_values, outputs_at
from purenet.fd.incremental.patch import Value, take
from purenet.fd.incremental.plan import Plan, Sample
from purenet.fd.mesh import Mesh, over_rounds

_POINTS = 10  # that a coordinate is displaced to, about


class Inputs(NamedTuple):
    """What the program of a cone is given.

    Attributes:
        leaf: the leaf at the base point.
        reads: the other values that the cone reads.
        steps: the unit of displacement of each coordinate, of the leaf's shape.
        points: how many such units each point is displaced by, shape (points, 1), or
            (points, lanes) where that differs from coordinate to coordinate.
        direction: 1, or the imaginary unit for the imaginary parts of a complex leaf.
    """

    leaf: Any
    reads: Sequence[Any]
    steps: Any
    points: Any
    direction: Any


@jaxprs.held
def compiled(
    program: jaxprs.Program, plan: Plan | Sample, held: int, mesh: Mesh | None = None
) -> Any:
    """The jitted loop over the rounds from ``first`` to before ``last``: (inputs, first, last).

    Where all rounds of the plan are held, it returns each output that the cone reaches in the
    leaf's row-major order, of shape (coordinates, points, *output shape), with zeros at coordinates
    of other rounds. Where fewer are, it returns them from the first one on, of shape
    (held, lanes, points, *output shape). The devices of a mesh share the rounds.
    """
    in_order = held == plan.rounds

    def rounds(inputs: Inputs, origin, first, last):
        bases = base_values(program.jaxpr, [inputs.leaf, *inputs.reads])

        def one(number, gathered):
            outputs = chunk(program, plan, inputs, bases, number)
            return [
                lax.dynamic_update_index_in_dim(every, out, number - origin, 0)
                for every, out in zip(gathered, outputs, strict=True)
            ]

        shapes = jax.eval_shape(lambda: chunk(program, plan, inputs, bases, jnp.int32(0)))
        empty = [jnp.zeros((held, *s.shape), s.dtype) for s in shapes]
        found = lax.fori_loop(first, last, one, empty)
        return list(map(plan.arranged, found)) if in_order else found

    shared = rounds if mesh is None else over_rounds(rounds, mesh)

    def run(inputs: Inputs, first, last):
        return shared(inputs, 0 if in_order else first, first, last)

    each = math.prod(plan.shape) * _POINTS
    return jaxprs.jitted(run, each * jaxprs.work_of(program).operations)


def chunk(
    program: jaxprs.Program, plan: Plan | Sample, inputs: Inputs, bases: list, number: Any
) -> list:
    """The outputs of one round, of shape (lanes, points, *output shape)."""
    where = plan.where(number)
    leaf = inputs.leaf
    count = inputs.points.shape[0]
    offsets = take(inputs.steps, where) * inputs.points * inputs.direction
    new = take(leaf, where) + offsets.astype(leaf.dtype)
    values = [Value(leaf, where, new), *map(Value, inputs.reads)]
    return [
        _lanes_first(output, count, plan.lanes)
        for output in outputs_at(program.jaxpr, values, bases)
    ]


def _lanes_first(output: Value, points: int, lanes: int) -> Any:
    shape = output.base.shape
    array = jnp.broadcast_to(output.full(), (*shape, points, lanes))
    return jnp.transpose(array, (len(shape) + 1, len(shape), *range(len(shape))))
