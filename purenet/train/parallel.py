"""Data parallel over a mesh: each device has all parameters, and its share of every batch's rows.

The programs are those of one device; what is said here is only where the arrays lie. The sums over
a batch become sums over devices because the compiler sees that its rows are shared out.
"""

from typing import Any

import jax
import numpy as np
from jax.sharding import AxisType, Mesh, NamedSharding, PartitionSpec


def automatic(mesh: Mesh | None) -> Mesh | None:
    """The mesh with every axis left to the compiler, whatever it was made for.

    Raises:
        TypeError: where it is not a mesh.
    """
    if mesh is None:
        return None
    if not isinstance(mesh, Mesh):
        raise TypeError(
            f"got a mesh of type {type(mesh).__name__}; wanted a jax.sharding.Mesh; "
            "pass jax.make_mesh((jax.device_count(),), ('batch',)), say"
        )
    return Mesh(mesh.devices, mesh.axis_names, axis_types=(AxisType.Auto,) * mesh.devices.ndim)


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


def placed(mesh: Mesh | None, tree: Any) -> Any:
    """Outside programs: arrays put on every device, those of other processes included."""
    if mesh is None:
        return jax.tree.map(jax.numpy.asarray, tree)
    return jax.tree.map(lambda x: _put(x, NamedSharding(mesh, PartitionSpec())), tree)


def placed_rows(mesh: Mesh | None, tree: Any) -> Any:
    """Outside programs: rows shared out over the devices, where they can be in equal parts."""
    if mesh is None:
        return jax.tree.map(jax.numpy.asarray, tree)
    return jax.tree.map(lambda x: _put(x, _rows_sharding(mesh, np.shape(x))), tree)


def placed_columns(mesh: Mesh | None, indices: np.ndarray) -> Any:
    """Outside programs: the indices of batches (steps, batch_size), each batch shared out."""
    if mesh is None:
        return indices
    equal = indices.shape[1] % mesh.devices.size == 0
    spec = PartitionSpec(None, mesh.axis_names) if equal else PartitionSpec()
    return _put(indices, NamedSharding(mesh, spec))


def _rows_sharding(mesh: Mesh, shape: tuple[int, ...]) -> NamedSharding:
    equal = shape and shape[0] % mesh.devices.size == 0
    return NamedSharding(mesh, PartitionSpec(mesh.axis_names) if equal else PartitionSpec())


def _put(x: Any, sharding: NamedSharding) -> jax.Array:
    """An array that every process has whole, laid out over the devices of all of them."""
    if isinstance(x, jax.Array) and not x.is_fully_addressable:
        return x
    if isinstance(x, jax.Array) and jax.numpy.issubdtype(x.dtype, jax.dtypes.prng_key):
        data = _put(jax.random.key_data(x), sharding)
        return jax.random.wrap_key_data(data, impl=jax.random.key_impl(x))
    if sharding.is_fully_addressable:
        return jax.device_put(x, sharding)
    whole = np.asarray(jax.numpy.asarray(x))
    return jax.make_array_from_callback(whole.shape, sharding, lambda part: whole[part])
