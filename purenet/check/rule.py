"""The derivative that a caller gives to be checked: a gradient, a vjp or a jvp."""

from typing import Any, NamedTuple

import jax

from purenet import trees

_KINDS = ("gradient", "vjp", "jvp")


class Rule(NamedTuple):
    """What is given: "gradient", "vjp" or "jvp", and the function or the numbers."""

    kind: str
    given: Any

    @property
    def is_numbers(self) -> bool:
        """Whether it is a gradient's numbers, rather than a function."""
        leaves = jax.tree.leaves(self.given)
        return self.kind == "gradient" and (
            not callable(self.given) or (bool(leaves) and all(map(trees.is_numeric, leaves)))
        )


def given_rule(gradient: Any, vjp: Any, jvp: Any) -> Rule | None:
    """The one rule that is given, or None.

    Raises:
        TypeError: where several are, or where a vjp or a jvp cannot be called.
    """
    given = {
        kind: rule
        for kind, rule in zip(_KINDS, (gradient, vjp, jvp), strict=True)
        if rule is not None
    }
    if len(given) > 1:
        raise TypeError(
            f"got {' and '.join(given)}; wanted one derivative to hold against finite differences; "
            "check them one after the other"
        )
    for kind, rule in given.items():
        if kind != "gradient" and not callable(rule):
            raise TypeError(
                f"got {kind} of type {type(rule).__name__}; wanted a function, "
                + ("vjp(*args, cotangent)" if kind == "vjp" else "jvp(*args, tangent)")
                + "; pass numbers as gradient"
            )
        return Rule(kind, rule)
    return None
