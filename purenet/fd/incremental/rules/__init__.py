"""One small function a family of primitives: what a patch becomes on its way through.

A rule is called as ``rule(operation, values, bases)``: the operation (its name, its parameters, a
way to apply it to arrays), its operands as values, of which one at least moved, and its outputs at
the base point. It returns the outputs as values, or None where it does not apply: then, as for an
operation without a rule, whole arrays are computed, which is always right.
"""

from purenet.fd.incremental.rules import (
    contract,
    elementwise,
    index,
    parts,
    reduce,
    shape,
    window,
)

RULES = {
    **elementwise.RULES,
    **shape.RULES,
    **parts.RULES,
    **index.RULES,
    **reduce.RULES,
    **contract.RULES,
    **window.RULES,
}
