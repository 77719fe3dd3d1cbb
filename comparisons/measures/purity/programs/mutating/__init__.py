"""Impure programs: each keeps its bug, and says what it is."""

from comparisons.measures.purity.programs.mutating import (
    captured_arrays,
    effects,
    ignored,
    jax_states,
    keys,
    loops,
    randomness,
    stairs,
    stale,
    states,
    types,
    vanishing,
    writes,
)
from comparisons.measures.purity.programs.program import Program, programs


def impure() -> list[Program]:
    """Every impure program, family by family."""
    return programs(
        ignored, captured_arrays, stale, stairs, vanishing, writes, states, jax_states, randomness,
        keys, loops, effects, types,
    )  # fmt: skip
