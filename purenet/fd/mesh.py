"""Evaluations shared out over the devices of a mesh; every device ends up with all of them."""

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
from jax import lax
from jax.sharding import Mesh, PartitionSpec


def over_rounds(run: Callable, mesh: Mesh) -> Callable:
    """A loop ``run(inputs, origin, first, last)``, zero elsewhere, each device a part of it."""
    axes = mesh.axis_names

    def part(inputs, origin, first, last):
        each = -(-(last - first) // mesh.size)
        start = first + lax.axis_index(axes) * each
        found = run(inputs, origin, start, jnp.minimum(start + each, last))
        return [lax.psum(out, axes) for out in found]

    return _on_every_device(part, mesh, (PartitionSpec(),) * 4)


def over_points(run: Callable, mesh: Mesh, shared: int) -> Callable:
    """A function of points, the first axis of all its arguments but the first ``shared`` ones."""
    axes = mesh.axis_names

    def part(*arguments):
        return [lax.all_gather(out, axes, tiled=True) for out in run(*arguments)]

    def of(*arguments):
        points = len(arguments) - shared
        specs = (*[PartitionSpec()] * shared, *[PartitionSpec(axes)] * points)
        return _on_every_device(part, mesh, specs)(*arguments)

    return of


def _on_every_device(part: Callable, mesh: Mesh, specs: Any) -> Callable:
    return jax.shard_map(
        part, mesh=mesh, in_specs=specs, out_specs=PartitionSpec(), check_vma=False
    )
