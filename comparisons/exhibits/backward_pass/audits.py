"""Audits: what a layer keeps of a forward pass, and the twin, which has nothing to keep."""

import numpy as np

import purenet
from comparisons.claims import Audit, Claim, found
from comparisons.exhibits.backward_pass import mutating, pure
from comparisons.exhibits.backward_pass.cases import Arrays


def run(params: Arrays, x: np.ndarray) -> tuple[list[Audit], list[Claim]]:
    """The audits of Affine's forward and of its twin."""
    layer = mutating.Affine(**params)
    method = Audit("layer.forward, at x", purenet.audit(layer.forward, x))
    twin = Audit("affine(params, x)", purenet.audit(pure.affine, params, x, argnums=(0, 1)))
    return [method, twin], [
        found(
            "the audit finds what Affine keeps of a forward pass for its backward",
            method,
            ("mutates-state", "self.x"),  # the shape is the same at each call
        ),
        found("the audit finds nothing in the pure layer", twin, is_original=False),
    ]
