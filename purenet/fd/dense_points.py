"""The whole program at many displaced points: what the dense evaluation compiles."""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

from purenet import jaxprs
from purenet.fd.differences import coordinate_count
from purenet.fd.mesh import Mesh, over_points

MOVES = 2  # coordinates that one point displaces at the most


@jaxprs.held
def compiled(
    program: jaxprs.Program,
    replay: jaxprs.Replay,
    together: int,
    moving: tuple[int, ...],
    mesh: Mesh | None,
) -> Any:
    """The jitted program of a number of points a device, at which some leaves move.

    It takes the program's constants, the leaves at the base point and a direction in the moving
    ones; then for each point how far it lies along that direction, `MOVES` coordinates of the
    moving leaves, -1 where it displaces fewer, and by how much it displaces each.
    """

    def outputs_at(constants, leaves, direction, along, coordinates, offsets):
        def at(along, coordinates, offsets):
            moved, start = list(leaves), 0
            for i, d in zip(moving, direction, strict=True):
                moved[i] = _displaced(leaves[i], along * d, coordinates - start, offsets)
                start += coordinate_count(leaves[i])
            return replay.evaluate(program, constants, leaves, moved)

        if together > 1:
            return jax.vmap(at)(along, coordinates, offsets)
        return [out[None] for out in at(along[0], coordinates[0], offsets[0])]

    operations = together * jaxprs.work_of(program).operations
    if mesh is not None:
        outputs_at = over_points(outputs_at, mesh, shared=3)
    return jaxprs.jitted(outputs_at, operations, hurry=False)


def _displaced(leaf: Any, by: Any, coordinates: Any, offsets: Any) -> Any:
    """A leaf moved by an array, or a number, and in some coordinates; in its dtype, if that can be.

    An imaginary displacement, that of a complex step, makes a complex leaf of a real one.
    """
    position = jnp.arange(leaf.size, dtype=np.int32).reshape(leaf.shape)

    def moved(part: Any, by: Any, first: int) -> Any:
        for coordinate, offset in zip(coordinates, offsets, strict=True):
            by = by + jnp.where(position == coordinate - first, offset, 0)
        return part + by

    if jnp.iscomplexobj(leaf):
        parts = (moved(leaf.real, by.real, 0), moved(leaf.imag, by.imag, leaf.size))
        return lax.complex(*parts).astype(leaf.dtype)
    wide = moved(leaf.astype(offsets.real.dtype), by, 0)
    return wide if jnp.iscomplexobj(wide) else wide.astype(leaf.dtype)
