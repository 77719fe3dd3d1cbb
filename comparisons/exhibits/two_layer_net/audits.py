"""Audits: four ignored parameters, what the layers remember, and the pure function behind it."""

from collections.abc import Iterable, Mapping
from typing import Any

import jax
import numpy as np

import purenet
from comparisons.claims import Audit, Claim, close, equal, found
from comparisons.exhibits.two_layer_net import pure
from comparisons.exhibits.two_layer_net.mutating import TwoLayerNet, captured_loss


def run(model, params, x, t) -> tuple[list[Audit], list[Claim]]:
    """The audits of loss_W at all four parameters, of the net's own loss, and of the twin."""
    net, loss = TwoLayerNet(params), pure.loss_of(model)
    loss_W = Audit(
        "loss_W = lambda W: net.loss(x, t), at net.params",
        purenet.audit(captured_loss(net, x, t), net.params),
    )
    method = Audit("net.loss, at x", purenet.audit(net.loss, x, t))
    twin = Audit("loss(params, x, t)", purenet.audit(loss, params, x, t))
    return [loss_W, method, twin], [
        found(
            "the audit finds that loss_W ignores all four parameters and reads net.params, and "
            "that the layers keep what they need for backward",
            loss_W,
            *(("ignored-parameter", f"W[{name!r}]") for name in params),
            *(("aliased-state", f"net.params[{name!r}]") for name in params),
            ("mutates-state", "net.activation.out"),
            ("mutates-state", "net.affine2.x"),
            ("mutates-state", "net.last_layer.y"),
        ),
        found(
            "the audit finds that every layer of net keeps its input or its output",
            method,
            ("mutates-state", "self.affine1.x"),
            ("mutates-state", "self.activation.out"),
            ("mutates-state", "self.affine2.x"),
            ("mutates-state", "self.last_layer.t"),
            ("mutates-state", "self.last_layer.y"),
        ),
        found("the audit finds nothing in the pure loss", twin, is_original=False),
    ]


def lifted(net: TwoLayerNet, x, t, differences: dict, by_jax: dict) -> list[Claim]:
    """purenet.pure_version of loss_W, beside the in-place differences and jax.grad of the twin."""
    loss_W = captured_loss(net, x, t)
    function, params = purenet.pure_version(loss_W, net.params)
    value, gradients = jax.value_and_grad(function)(params)
    names = [f"net.params[{name!r}]" for name in net.params]
    return [
        equal(
            "pure_version makes the four parameters the argument",
            pure=sorted(params),
            expected=sorted(names),
        ),
        close(
            "the pure version has the value of loss_W",
            mutating=loss_W(None),
            pure=value,
            tolerance=1e-14,
        ),
        close(
            "jax.grad of the pure version is the in-place gradient",
            mutating=_ravel(differences, net.params),
            pure=_ravel(gradients, names),
            tolerance=1e-8,
        ),
        close(
            "jax.grad of the pure version is that of the pure program",
            pure=_ravel(gradients, names),
            expected=_ravel(by_jax, net.params),
            tolerance=1e-14,
        ),
    ]


def _ravel(gradients: Mapping[str, Any], names: Iterable[str]) -> np.ndarray:
    """All coordinates of the parameters named, in one vector."""
    return np.concatenate([np.ravel(gradients[name]) for name in names])
