"""The wide dtypes, float64 and complex128, for arrays and for the parameters of equations."""

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax
from jax.core import Tracer
from jax.extend.core import ClosedJaxpr, Jaxpr

_TINY = [
    np.dtype(getattr(jnp, name)) for name in dir(jnp) if name.startswith(("float4_", "float8_"))
]
_WIDE: dict[Any, Any] = {
    **{np.dtype(dtype): np.dtype(np.float64) for dtype in (*_TINY, jnp.bfloat16)},
    np.dtype(np.float16): np.dtype(np.float64),
    np.dtype(np.float32): np.dtype(np.float64),
    np.dtype(np.complex64): np.dtype(np.complex128),
}
_NEED_X64 = tuple(map(np.dtype, (np.float64, np.int64, np.uint64, np.complex128)))


def wide_dtype(dtype: Any) -> Any:
    """Float64 for every narrower float, complex128 for complex64; others as they are."""
    return _WIDE.get(np.dtype(dtype), dtype) if not is_extended(dtype) else dtype


def common_dtype(*dtypes: Any) -> Any:
    """As jnp.result_type; floats of 8 bits and fewer, which JAX does not promote, as float32."""
    return jnp.result_type(*(np.float32 if np.dtype(d) in _TINY else d for d in dtypes))


def widen(x: Any) -> Any:
    """An array in its wide dtype; needs x64 to be enabled around it."""
    wide = wide_dtype(x.dtype)
    if wide == x.dtype:
        return x
    return placed(x, wide)


def placed(x: Any, dtype: Any) -> Any:
    """An array of a dtype on the device, without a program being compiled for it."""
    if isinstance(x, Tracer):
        return lax.convert_element_type(x, dtype)
    if is_extended(dtype) or (getattr(x, "dtype", None) == dtype and isinstance(x, jax.Array)):
        return x
    with working_precision(has_64_bits(dtype)):
        return jax.device_put(np.asarray(x).astype(dtype))


def narrow(x: Any, dtype) -> Any:
    """An array back in the dtype it was traced in."""
    return x if is_extended(dtype) or x.dtype == dtype else lax.convert_element_type(x, dtype)


def widened_parameters(params: dict, widened_program: Callable) -> dict:
    """The parameters of an equation with every floating-point dtype in them widened.

    ``widened_program`` re-makes a nested program, such as the combiner of a reduction.
    """

    def one(key, value):
        if isinstance(value, np.dtype):
            return wide_dtype(value)
        if isinstance(value, type) and issubclass(value, np.generic):
            return wide_dtype(value)
        if isinstance(value, ClosedJaxpr):
            return widened_program(value)
        if isinstance(value, Jaxpr):
            return widened_program(ClosedJaxpr(value, ())).jaxpr
        if key == "precision" and not isinstance(value, tuple | None | lax.Precision):
            return None  # a dot algorithm names the dtypes it works in
        return value

    return {key: one(key, value) for key, value in params.items()}


def is_extended(dtype) -> bool:
    """Whether a dtype is one of JAX's own, such as that of a random key."""
    return jnp.issubdtype(dtype, jax.dtypes.extended)


def has_64_bits(dtype: Any) -> bool:
    """Whether a dtype is one of those that x64 has to be enabled for."""
    if dtype is None or is_extended(dtype):
        return False
    return np.dtype(dtype) in _NEED_X64


def working_precision(double: bool) -> AbstractContextManager:
    """The context a replay runs in: x64 enabled, for this thread only, where it is in float64."""
    return jax.enable_x64(True) if double else nullcontext()
