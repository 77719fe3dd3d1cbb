"""Meshes of devices: the axes left to the compiler, and arrays put on all of them."""

from typing import Any

import jax
import jax.numpy as jnp
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


def replicated(mesh: Mesh | None, tree: Any) -> Any:
    """Outside programs: arrays put on every device, those of other processes included."""
    if mesh is None:
        return jax.tree.map(jnp.asarray, tree)
    return jax.tree.map(lambda x: put(x, NamedSharding(mesh, PartitionSpec())), tree)


def put(x: Any, sharding: NamedSharding) -> jax.Array:
    """An array that every process has whole, laid out over the devices of all of them."""
    if isinstance(x, jax.Array) and not x.is_fully_addressable:
        return x
    if isinstance(x, jax.Array) and jnp.issubdtype(x.dtype, jax.dtypes.prng_key):
        data = put(jax.random.key_data(x), sharding)
        return jax.random.wrap_key_data(data, impl=jax.random.key_impl(x))
    if sharding.is_fully_addressable:
        return jax.device_put(x, sharding)
    whole = np.asarray(jnp.asarray(x))
    return jax.make_array_from_callback(whole.shape, sharding, lambda part: whole[part])
