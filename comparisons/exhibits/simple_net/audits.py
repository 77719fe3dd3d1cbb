"""Audits: what the lambda reads in place of W, and the pure function that was meant by it."""

import jax
import jax.numpy as jnp

import purenet
from comparisons.claims import Audit, Claim, close, equal, found
from comparisons.exhibits.simple_net import published, pure
from comparisons.exhibits.simple_net.mutating import SimpleNet, captured_loss, numerical_gradient

_X, _T, _DELTA = published.X, published.T, published.B_DELTA


def run() -> tuple[list[Audit], list[Claim]]:
    """The audits of run B's lambda at net.W and at a copy, and of the twin."""
    net = _net()
    f = captured_loss(net, _X, _T)
    aliased = Audit("lambda W: net.loss(x, t), at net.W", purenet.audit(f, net.W))
    copied = Audit("lambda W: net.loss(x, t), at net.W.copy()", purenet.audit(f, net.W.copy()))
    params = {"W": jnp.array(net.W)}
    twin = Audit("loss(params, x, t)", purenet.audit(pure.loss, params, _X, _T, _DELTA))
    return [aliased, copied, twin], [
        found(
            "the audit says why the lambda works: it ignores W, but W is the array net.W",
            aliased,
            ("ignored-parameter", "W"),
            ("aliased-state", "net.W"),
        ),
        found(
            "the audit says why it fails at a copy: net.W is another array",
            copied,
            ("ignored-parameter", "W"),
            ("captured-array", "net.W"),
        ),
        found("the audit finds nothing in the pure loss", twin, is_original=False),
    ]


def lifted() -> list[Claim]:
    """purenet.pure_version of the lambda, beside the original and beside the twin."""
    net = _net()
    f, before = captured_loss(net, _X, _T), net.W.copy()
    function, params = purenet.pure_version(f, net.W)
    value, gradient = jax.value_and_grad(function)(params)
    by_twin = jax.grad(pure.loss)({"W": jnp.array(net.W)}, _X, _T, _DELTA)["W"]
    return [
        equal("pure_version makes net.W the argument", pure=list(params), expected=["net.W"]),
        equal("pure_version leaves net.W unchanged", mutating=net.W, expected=before),
        close(
            "the pure version has the lambda's value",
            mutating=f(None),
            pure=value,
            tolerance=1e-14,
        ),
        close(
            "jax.grad of the pure version is the in-place gradient",
            mutating=numerical_gradient(f, net.W),
            pure=gradient["net.W"],
            tolerance=1e-9,
        ),
        close(
            "jax.grad of the pure version is that of the pure program",
            pure=gradient["net.W"],
            expected=by_twin,
            tolerance=1e-14,
        ),
    ]


def _net() -> SimpleNet:
    return SimpleNet(published.rebuilt_weights(), _DELTA)
