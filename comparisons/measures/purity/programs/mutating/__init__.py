"""Impure programs: each keeps its bug, and says what it is."""

from comparisons.measures.purity.programs.mutating import (
    captured,
    chance,
    effects,
    ignored,
    jax_states,
    keys,
    loops,
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
        ignored, captured, stale, stairs, vanishing, writes, states, jax_states, chance, keys,
        loops, effects, types,
    )  # fmt: skip
