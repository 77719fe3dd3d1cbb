"""Which lines of the two programs correspond."""

from comparisons.programs import Twin

TWINS = (
    Twin(
        "where a gradient goes: it is added to what the variable keeps, or returned",
        "Variable.backward: gxs = ... x.grad = ",
        "backward: y, pull_back ... return",
    ),
    Twin(
        "the tape: laid by each call and kept; or made anew by jax.vjp",
        "Function.__call__: set_creator ... return",
        "",
    ),
    Twin(
        "one function: forward and backward as methods, or a plain function",
        "Square.forward: return",
        "composed: return",
    ),
    Twin(
        "several inputs: lists in, lists out; or arguments",
        "Add.forward: x0, x1 ... return",
        "sum_of_squares: return",
    ),
)
