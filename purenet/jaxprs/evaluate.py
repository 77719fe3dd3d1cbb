"""A traced program evaluated as it is, in its own dtypes: what the caller's function gives."""

from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import jax

from purenet.jaxprs.program import Program
from purenet.jaxprs.replay import NATIVE


def evaluated(program: Program, constants: Sequence[Any], leaves: Sequence[Any]) -> list:
    """The outputs of a program at leaves of the dtypes that it was traced in.

    Call it outside ``working_precision``.
    """
    return _evaluated(program)(list(constants), list(leaves))


@lru_cache(maxsize=256)
def _evaluated(program: Program):
    @jax.jit
    def run(constants, leaves):
        return NATIVE.evaluate(program, constants, leaves, leaves)

    return run
