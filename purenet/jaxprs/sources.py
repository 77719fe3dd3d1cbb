"""Where an equation was written: the file and line of the caller's code."""

import os
import re
from typing import Any

import jax
from jax.extend import source_info_util

_JAX = os.path.dirname(jax.__file__)


def written_at(equation: Any, program: Any = None, outer: str = "") -> str:
    """The file and line of the code that made an equation: ``net.py:12``; "" where unknown.

    Args:
        equation: the equation.
        program: the jaxpr it stands in. What JAX itself has jitted remembers who called it first,
            be it elsewhere; there the place of the call counts.
        outer: the place of the call of that program.
    """
    if outer and _JAX in str(getattr(program.debug_info, "func_src_info", "")):
        return outer
    summary = source_info_util.summarize(equation.source_info)
    found = re.match(r"(.+?):(\d+)", summary)
    return f"{os.path.basename(found[1])}:{found[2]}" if found else outer
