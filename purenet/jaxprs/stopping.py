"""Loops that stop at a tolerance: how far one more round moves the derivative."""

from collections.abc import Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from purenet.jaxprs.program import Program, equations
from purenet.jaxprs.replay import Replay


def stops_at_a_tolerance(program: Program) -> bool:
    """Whether it has a loop whose end depends on more than a count."""
    return any(e.primitive.name == "while" and _stops(e.params) for e in equations(program.jaxpr))


def moved_by_a_round(
    program: Program, constants: Sequence[Any], leaves: Sequence[Any], directions: Sequence[Any]
) -> float:
    """How far one more round of such loops moves the program's own derivative, relatively.

    The iterate at which a loop stops has a derivative of its own, near that of what it approaches.
    Both derivatives here are iterates', by forward mode through the loop: no rule has part in them.
    NaN where JAX has none.

    Args:
        program: of floating-point outputs.
        constants: its constants.
        leaves: in float64; call it under ``working_precision``.
        directions: each in the tree of the leaves.
    """

    def along(replay: Replay) -> np.ndarray:
        def run(leaves):
            outputs = replay.evaluate(program, list(constants), leaves, leaves)
            return [out for out in outputs if jnp.issubdtype(out.dtype, jnp.inexact)]

        derivative = jax.jit(lambda direction: jax.jvp(run, (list(leaves),), (direction,))[1])
        found = [jax.tree.leaves(derivative(list(direction))) for direction in directions]
        return np.concatenate([np.ravel(out) for outputs in found for out in outputs])

    try:
        stopped, further = along(Replay(double=True)), along(_Further())
    except (NotImplementedError, TypeError, ValueError):  # a primitive without forward mode
        return np.nan
    moved, size = (np.max(np.abs(part), initial=0.0) for part in (further - stopped, stopped))
    return float(moved / size) if size else np.nan


class _Further(Replay):
    """A replay in float64, in one lane, whose loops that stop at a tolerance take a round more."""

    def __init__(self):
        super().__init__(double=True)

    def _while(self, params, inputs):
        carry = super()._while(params, inputs)
        if not _stops(params):
            return carry
        start = params["cond_nconsts"]
        constants = inputs[start : start + params["body_nconsts"]]
        return self._call(params["body_jaxpr"], [*constants, *carry])


def _stops(params: dict) -> bool:
    """Whether a loop's condition looks at more than whole numbers, which count its rounds."""
    jaxpr = params["cond_jaxpr"].jaxpr
    read = {id(v) for equation in jaxpr.eqns for v in equation.invars}
    read |= {id(v) for v in jaxpr.outvars}
    return any(
        id(v) in read and not jnp.issubdtype(v.aval.dtype, jnp.integer)
        for v in jaxpr.invars[params["cond_nconsts"] :]
    )
