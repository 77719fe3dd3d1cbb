"""The corpus: impure programs with what is wrong with them, and pure ones that look as bad."""

from comparisons.measures.purity.programs.mutating import impure as impure
from comparisons.measures.purity.programs.program import Program as Program
from comparisons.measures.purity.programs.tricky import pure as pure
