"""Audits: a weight of whole numbers, ignored, in the very list that the net holds."""

import jax.numpy as jnp

import purenet
from comparisons.claims import Audit, Claim, found
from comparisons.exhibits.addition_net import pure
from comparisons.exhibits.addition_net.mutating import AdditionNet, captured_loss


def run(x, t) -> tuple[list[Audit], list[Claim]]:
    """The audits of the lambda at the net's own list and of the twin."""
    net = AdditionNet()
    lambda_ = Audit(
        "lambda w: net.loss(x, t), at net.w", purenet.audit(captured_loss(net, x, t), net.w)
    )
    params = {"w": jnp.array([[100.0]])}
    twin = Audit("loss(params, x, t)", purenet.audit(pure.loss, params, x, t))
    return [lambda_, twin], [
        found(
            "the audit finds the list that is read instead, and that 100 is an integer",
            lambda_,
            ("integer-parameter", "w[0][0]"),
            ("ignored-parameter", "w[0][0]"),
            ("aliased-state", "net.w[0][0]"),
        ),
        found("the audit finds nothing in the pure loss", twin, is_original=False),
    ]
