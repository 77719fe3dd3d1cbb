"""Data parallel over a mesh: each device has all parameters, and its share of every batch's rows.

The programs are those of one device; what is said here is only where the arrays lie. The sums over
a batch become sums over devices because the compiler sees that its rows are shared out.
"""

from typing import Any

import jax
import numpy as np
from jax.sharding import Mesh, NamedSharding, PartitionSpec

from purenet.meshes import put


def everywhere(mesh: Mesh | None, tree: Any) -> Any:
    """Within a program: the same arrays on every device."""
    if mesh is None:
        return tree
    return jax.lax.with_sharding_constraint(tree, NamedSharding(mesh, PartitionSpec()))


def split_rows(mesh: Mesh | None, batch: Any) -> Any:
    """Within a program: rows shared out, where they can be in equal parts; else on every device."""
    if mesh is None:
        return batch
    return jax.tree.map(
        lambda x: jax.lax.with_sharding_constraint(x, _rows_sharding(mesh, np.shape(x))), batch
    )


def placed_rows(mesh: Mesh | None, tree: Any) -> Any:
    """Outside programs: rows shared out over the devices, where they can be in equal parts."""
    if mesh is None:
        return jax.tree.map(jax.numpy.asarray, tree)
    return jax.tree.map(lambda x: put(x, _rows_sharding(mesh, np.shape(x))), tree)


def placed_columns(mesh: Mesh | None, indices: np.ndarray) -> Any:
    """Outside programs: the indices of batches (steps, batch_size), each batch shared out."""
    if mesh is None:
        return indices
    equal = indices.shape[1] % mesh.devices.size == 0
    spec = PartitionSpec(None, mesh.axis_names) if equal else PartitionSpec()
    return put(indices, NamedSharding(mesh, spec))


def _rows_sharding(mesh: Mesh, shape: tuple[int, ...]) -> NamedSharding:
    equal = shape and shape[0] % mesh.devices.size == 0
    return NamedSharding(mesh, PartitionSpec(mesh.axis_names) if equal else PartitionSpec())
