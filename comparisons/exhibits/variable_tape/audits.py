"""Audits: what a tape keeps of a forward and of a backward pass, where it outlives the call."""

from collections.abc import Callable

import numpy as np

import purenet
from comparisons.claims import Audit, Claim, found
from comparisons.exhibits.variable_tape import pure
from comparisons.exhibits.variable_tape.mutating import Square, Variable


def run(composed: Callable, value: float) -> tuple[list[Audit], list[Claim]]:
    """The audits of a Variable and of a Function used again, of fresh ones, and of the twin."""
    x, square = Variable(np.array(value)), Square()

    def derivative(data):  # noqa: ARG001 - that it ignores its argument is what is shown
        composed(x).backward()
        return x.grad

    again = Audit("composed(x).backward(); x.grad, at x.data", purenet.audit(derivative, x.data))
    reused = Audit(
        "lambda data: square([Variable(data)])[0].data",
        purenet.audit(lambda data: square([Variable(data)])[0].data, x.data.copy()),
    )
    fresh = Audit(
        "lambda data: composed(Variable(data)).data",
        purenet.audit(lambda data: composed(Variable(data)).data, x.data.copy()),
    )
    twin = Audit(
        "lambda x: backward(composed, x)[0]",
        purenet.audit(lambda x: pure.backward(pure.composed, x)[0], value),
    )
    return [again, reused, fresh, twin], [
        found(
            "the audit finds where backward puts the gradient: x.grad",
            again,
            ("mutates-state", "x.grad"),
            ("ignored-parameter", "data"),
            ("aliased-state", "x.data"),
        ),
        found(
            "the audit finds that a Function keeps its inputs and outputs",
            reused,
            ("mutates-state", "square.inputs"),
            ("mutates-state", "square.outputs"),
        ),
        found("a tape made inside the call is pure: nothing of it is left afterwards", fresh),
        found("the audit finds nothing in the pure derivative", twin, is_original=False),
    ]
