"""Audits: the lambda reads its model in place of W, the def changes it, the twin does neither."""

import jax.numpy as jnp

import purenet
from comparisons.claims import Audit, Claim, found
from comparisons.exhibits.linear_model import pure
from comparisons.exhibits.linear_model.mutating import LinearModel, assigning_loss, captured_loss


def run(x, t) -> tuple[list[Audit], list[Claim]]:
    """The audits of the two functions that were said to be equivalent, and of the twin."""
    model = LinearModel()
    captured, assigning = captured_loss(model, x, t), assigning_loss(model, x, t)
    lambda_ = Audit("lambda W: model.loss(x, t), at model.W", purenet.audit(captured, model.W))
    copied = Audit(
        "lambda W: model.loss(x, t), at model.W.copy()", purenet.audit(captured, model.W.copy())
    )
    def_ = Audit("def loss_W(W): model.W = W; ...", purenet.audit(assigning, model.W.copy()))
    params = {"W": jnp.array([[0.5]])}
    twin = Audit("loss(params, x, t)", purenet.audit(pure.loss, params, x, t))
    return [lambda_, copied, def_, twin], [
        found(
            "the audit tells the two apart: the lambda ignores W and reads model.W",
            lambda_,
            ("ignored-parameter", "W"),
            ("aliased-state", "model.W"),
        ),
        found(
            "at a copy of W the audit finds that the lambda ignores it and captures model.W",
            copied,
            ("ignored-parameter", "W"),
            ("captured-array", "model.W"),
        ),
        found(
            "the audit finds that the def reads W, and changes the model",
            def_,
            ("mutates-state", "model.W"),
        ),
        found("the audit finds nothing in the pure loss", twin, is_original=False),
    ]
