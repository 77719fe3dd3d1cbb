"""Where a black box rounds to fewer digits than float64: the arrays of its own that have them."""

from collections.abc import Callable
from types import FrameType
from typing import Any

import jax
import numpy as np

from purenet import kinds, trees
from purenet.purity import is_library, profiled


def narrow_arrays(function: Callable[[tuple], Any], args: tuple) -> dict[str, str]:
    """The arrays of float32 and narrower that a call makes, and the dtype of each.

    Local variables and attributes of ``self``, as they are when a Python function returns. The call
    is watched by a profile function; one that is there already is put back.

    Args:
        function: takes ``args``, is called once.
        args: whose own arrays, and views of them, do not count.
    """
    own = {id(leaf) for leaf in jax.tree.leaves(args)}
    found: dict[str, str] = {}

    def look(frame: FrameType, event: str, _: Any) -> None:
        if event != "return" or is_library(frame.f_globals.get("__name__")):
            return
        values = dict(frame.f_locals)
        owner = getattr(values.pop("self", None), "__dict__", {})
        values |= {f"self.{name}": value for name, value in owner.items()}
        for name, value in values.items():
            if {id(value), id(getattr(value, "base", None))} & own:
                continue
            if _is_narrow(value):
                found.setdefault(f"{name} in {frame.f_code.co_qualname}", str(value.dtype))

    profiled(look, lambda: function(args))
    return found


def _is_narrow(value: Any) -> bool:
    if not (isinstance(value, np.ndarray | np.generic) or kinds.is_torch(value)):
        return False
    dtype = trees.dtype_of(value)
    return (
        dtype is not None
        and trees.is_differentiable(value)
        and dtype.itemsize < (16 if dtype.kind == "c" else 8)
    )
