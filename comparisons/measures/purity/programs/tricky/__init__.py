"""Pure programs, each of which looks impure to someone who does not look twice."""

from comparisons.measures.purity.programs.program import Program, programs
from comparisons.measures.purity.programs.tricky import (
    caches,
    captured_arrays,
    containers,
    derivatives,
    keys,
    libraries,
    local,
    loops,
    numpy_losses,
)


def pure() -> list[Program]:
    """Every pure program, family by family; those of other packages where these are installed."""
    plain = programs(
        captured_arrays, caches, derivatives, numpy_losses, keys, local, loops, containers
    )
    return [*plain, *filter(libraries.available, programs(libraries))]
