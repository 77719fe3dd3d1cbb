"""Loops inside custom derivative rules that stop at a tolerance: what one more round moves."""

from collections.abc import Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from purenet.jaxprs.primitives import facts
from purenet.jaxprs.program import Program, equations, nested
from purenet.jaxprs.replay import Replay


def stops_in_rules(program: Program) -> bool:
    """Whether a function with a derivative rule of its own iterates to some tolerance."""
    return any(
        inner.primitive.name == "while" and _stops(inner.params)
        for equation in equations(program.jaxpr)
        if facts(equation.primitive.name).rule
        for sub in nested(equation.params)
        for inner in equations(sub)
    )


def moved_by_a_round(
    program: Program, constants: Sequence[Any], leaves: Sequence[Any], directions: Sequence[Any]
) -> float:
    """How far one more round of such loops moves the program's own derivative, relatively.

    The iterate at which a loop stops has a derivative of its own, near that of what it approaches.
    Both derivatives here are the iterates', by forward mode through the loop; the rule has no part
    in them. NaN where JAX has none.

    Args:
        program: of floating-point outputs.
        constants: its constants.
        leaves: in float64; call it under ``working_precision``.
        directions: each in the tree of the leaves.
    """

    def along(replay: Replay) -> np.ndarray:
        def run(leaves):
            outputs = replay.evaluate(program, constants, leaves, leaves)
            return [out for out in outputs if jnp.issubdtype(out.dtype, jnp.inexact)]

        derivative = jax.jit(lambda direction: jax.jvp(run, (list(leaves),), (direction,))[1])
        found = [jax.tree.leaves(derivative(list(direction))) for direction in directions]
        return np.concatenate([np.ravel(out) for outputs in found for out in outputs])

    try:
        stopped, further = along(_Further(rounds=0)), along(_Further(rounds=1))
    except (NotImplementedError, TypeError, ValueError):  # a primitive without forward mode
        return np.nan
    return float(np.max(np.abs(further - stopped)) / np.max(np.abs(stopped)))


class _Further(Replay):
    """A replay in float64, in one lane, whose loops in custom rules take so many more rounds."""

    def __init__(self, rounds: int):
        super().__init__(double=True)
        self._rounds = rounds
        self._rules = 0

    def equation(self, equation, inputs: list[tuple]) -> list[tuple]:
        """As `Replay.equation`, noting whose inside this is."""
        within = bool(facts(equation.primitive.name).rule)
        self._rules += within
        outputs = super().equation(equation, inputs)
        self._rules -= within
        return outputs

    def _while(self, params, inputs):
        carry = super()._while(params, inputs)
        if self._rules and _stops(params):
            start = params["cond_nconsts"]
            constants = inputs[start : start + params["body_nconsts"]]
            for _ in range(self._rounds):
                carry = self._call(params["body_jaxpr"], [*constants, *carry])
        return carry


def _stops(params: dict) -> bool:
    """Whether a loop's condition looks at more than whole numbers, which count its rounds."""
    jaxpr = params["cond_jaxpr"].jaxpr
    read = {id(v) for equation in jaxpr.eqns for v in equation.invars}
    read |= {id(v) for v in jaxpr.outvars}
    return any(
        id(v) in read and not jnp.issubdtype(v.aval.dtype, jnp.integer)
        for v in jaxpr.invars[params["cond_nconsts"] :]
    )
