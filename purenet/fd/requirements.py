"""What a difference needs of a call: numbers to move, finite ones, a scalar, real outputs."""

from collections.abc import Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax.tree_util import treedef_is_leaf

from purenet import jaxprs, trees
from purenet.fd.options import require_flags
from purenet.fd.point import Point


def require_numbers(point: Point) -> None:
    """Raise TypeError where a leaf is a tracer, whose value nobody knows."""
    for leaf, path in zip(point.leaves, point.paths, strict=True):
        if jaxprs.is_traced(leaf):
            raise TypeError(
                f"got {path} as a tracer, inside jit, vmap or grad; wanted numbers, since which "
                "steps are needed depends on them; call it outside, or use fd.grad inside"
            )


def require_known(point: Point, values: Sequence[Any]) -> None:
    """Raise TypeError where what a function captured, or gives, is a tracer of a trace around."""
    for value in values:
        if jaxprs.is_traced(value):
            raise TypeError(
                f"got {point.name}, which captured a tracer ({jax.typeof(value)}) inside jit, "
                "vmap or grad; wanted numbers, since which steps are needed depends on them; call "
                "it outside, or use fd.grad inside"
            )


def require_base_point(point: Point) -> None:
    """Raise ValueError where no parameter moves, or one that is NaN or infinite, with its place."""
    if not point.movable:
        raise ValueError(
            f"got {', '.join(point.paths)} without a floating-point number; wanted one at least, "
            "which can move by a little; cast it, or name another argument by argnums"
        )
    for leaf, path in zip(point.moved, point.moved_paths, strict=True):
        if jaxprs.is_traced(leaf):
            continue
        array = np.asarray(leaf)
        finite = np.isfinite(array)
        if not finite.all():
            worst = int(np.argmin(finite))
            raise ValueError(
                f"got {trees.coordinate_path(path, array.shape, worst)} = {array.flat[worst]}; "
                "wanted finite parameters to move by a little; look for where it was computed"
            )


def require_range(point: Point, traced: jaxprs.Traced) -> None:
    """Raise ValueError where a parameter is infinite in the dtype that JAX takes it in."""
    for leaf, path, dtype in zip(point.moved, point.moved_paths, traced.input_dtypes, strict=True):
        if jaxprs.is_traced(leaf) or np.asarray(leaf).dtype == dtype:
            continue
        with np.errstate(over="ignore"):
            finite = np.isfinite(np.asarray(leaf).astype(dtype))
        if not finite.all():
            worst = int(np.argmin(finite))
            raise ValueError(
                f"got {trees.coordinate_path(path, finite.shape, worst)} = "
                f"{np.asarray(leaf).flat[worst]:.6g}, which is infinite in {dtype}, in which JAX "
                "takes it; wanted numbers in its range; use jax.enable_x64(True), or scale them"
            )


def require_finite_base(outputs: Sequence[Any]) -> None:
    """Raise ValueError where an output at the base point is NaN or infinite."""
    for output in map(np.asarray, outputs):
        bad = output[~np.isfinite(output)]
        if bad.size:
            raise ValueError(
                f"got a function that is {bad.flat[0]} at the base point; wanted a finite value to "
                "difference; look for a division by zero, the logarithm of zero or an overflow"
            )


def require_scalar(outputs: Sequence[jax.ShapeDtypeStruct], tree: Any) -> None:
    """Raise TypeError where a function returns anything but one scalar."""
    if len(outputs) != 1 or not treedef_is_leaf(tree) or outputs[0].shape != ():
        got = ", ".join(f"{out.dtype}{list(out.shape)}" for out in outputs)
        raise TypeError(
            f"got a function that returns {got}; wanted one scalar, the loss; "
            "reduce it with a sum or a mean, or use fd.jacobian"
        )


def require_outputs(outputs: Sequence[jax.ShapeDtypeStruct], *, holomorphic: bool) -> None:
    """Raise TypeError where an output is not real (complex for ``holomorphic``) floating point."""
    require_flags(holomorphic=holomorphic)
    kind, name = (np.complexfloating, "complex") if holomorphic else (np.floating, "real")
    for out in outputs:
        if not jnp.issubdtype(out.dtype, kind):
            raise TypeError(
                f"got a function that returns {out.dtype}; wanted {name} floating-point outputs; "
                + (
                    "leave holomorphic out"
                    if holomorphic
                    else "return a float, such as the real "
                    "part of a complex number, or pass holomorphic=True where it is holomorphic"
                )
            )


def require_inputs(leaves: Sequence[Any], paths: Sequence[str], *, holomorphic: bool) -> None:
    """Raise TypeError where a leaf of a holomorphic function is not complex."""
    for leaf, path in zip(leaves, paths, strict=True):
        if holomorphic and not jnp.iscomplexobj(leaf):
            raise TypeError(
                f"got {path} of dtype {jnp.result_type(leaf)} with holomorphic=True; wanted "
                "complex numbers; cast it to complex, or leave holomorphic out"
            )
