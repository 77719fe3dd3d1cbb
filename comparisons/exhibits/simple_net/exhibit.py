"""The puzzle itself: f ignores W, and at a copy of W its gradient is all zeros."""

import jax
import jax.numpy as jnp
import numpy as np

from comparisons.claims import Claim, close, equal
from comparisons.exhibition import Ablation, Exhibition, ablate
from comparisons.exhibits.simple_net import audits, published, pure
from comparisons.exhibits.simple_net.mutating import SimpleNet, captured_loss, numerical_gradient
from comparisons.settings import Settings
from purenet import fd

_PRINTED = 1e-8  # the publications print eight decimals, of W as of dW
_X, _T = published.X, published.T


def run(settings: Settings) -> Exhibition:
    """Repeat both published runs on both sides, then ask each loss what it depends on."""
    del settings
    examined, diagnoses = audits.run()
    claims = [*_what_it_depends_on(), *diagnoses, *audits.lifted(), *_run_a(), *_run_b()]
    title = (__doc__ or "").splitlines()[0]
    return Exhibition("simple_net", title, tuple(claims), _ablation(), audits=tuple(examined))


def _run_a() -> list[Claim]:
    net, params = SimpleNet(published.A_W, published.A_DELTA), {"W": jnp.array(published.A_W)}
    return [
        close(
            "run A: the predictions are the published ones",
            mutating=net.predict(_X),
            pure=pure.model.apply(params, _X),
            expected=published.A_PREDICTIONS,
            tolerance=_PRINTED,
        ),
        close(
            "run A: the loss is the published one (W is printed to eight decimals)",
            mutating=net.loss(_X, _T),
            pure=pure.loss(params, _X, _T, published.A_DELTA),
            expected=published.A_LOSS,
            tolerance=_PRINTED,
        ),
        close(
            "run A: dW, in place and by jax.grad, is the published one",
            mutating=numerical_gradient(captured_loss(net, _X, _T), net.W),
            pure=jax.grad(pure.loss)(params, _X, _T, published.A_DELTA)["W"],
            expected=published.A_GRADIENT,
            tolerance=_PRINTED,
        ),
    ]


def _run_b() -> list[Claim]:
    net, params = _net_b(), _params_b()
    trace: list = []
    gradient = numerical_gradient(captured_loss(net, _X, _T), net.W, trace)
    return [
        close(
            "run B: the loss, with 1e-7 in its logarithm, is the published one",
            mutating=net.loss(_X, _T),
            pure=pure.loss(params, _X, _T, published.B_DELTA),
            expected=published.B_LOSS,
            tolerance=1e-14,
        ),
        close(
            "run B: all twelve traced values, f(W + h) and f(W - h), are the published ones",
            mutating=trace,
            pure=pure.trace(params, _X, _T, published.B_DELTA),
            expected=published.B_TRACE,
            tolerance=1e-11,
        ),
        close(
            "run B: dW, in place and by fd.grad, is the published one",
            mutating=gradient,
            pure=fd.grad(pure.loss)(params, _X, _T, published.B_DELTA)["W"],
            expected=published.B_GRADIENT,
            tolerance=_PRINTED,
        ),
    ]


def _what_it_depends_on() -> list[Claim]:
    net, params = _net_b(), _params_b()
    f = captured_loss(net, _X, _T)
    elsewhere = {"W": jnp.array(published.B_ELSEWHERE)}
    gradient_elsewhere = jax.grad(pure.loss)(elsewhere, _X, _T, published.B_DELTA)["W"]
    return [
        equal(
            "f(3) equals f(W): the lambda ignores its argument", mutating=f(3), expected=f(net.W)
        ),
        equal(
            "f(a) equals f(W) for the published matrix a",
            mutating=f(published.B_ELSEWHERE),
            expected=f(net.W),
        ),
        close(
            "the pure loss at a is the loss of a net with the weights a",
            pure=pure.loss(elsewhere, _X, _T, published.B_DELTA),
            expected=SimpleNet(published.B_ELSEWHERE, published.B_DELTA).loss(_X, _T),
            tolerance=1e-14,
        ),
        equal(
            'the lambda\'s gradient "at" a is all zeros: the net does not read a',
            mutating=numerical_gradient(f, published.B_ELSEWHERE.copy()),
            expected=np.zeros((2, 3)),
        ),
        close(
            "the pure gradient at a is the gradient of a net with the weights a",
            mutating=_gradient_of_net(published.B_ELSEWHERE),
            pure=gradient_elsewhere,
            tolerance=_PRINTED,
        ),
        equal(
            "at net.W.copy() the lambda's gradient is all zeros",
            mutating=numerical_gradient(f, net.W.copy()),
            expected=np.zeros((2, 3)),
        ),
        equal(
            "at a copy the pure gradient is the same",
            pure=fd.grad(pure.loss)(params, _X, _T, published.B_DELTA)["W"],
            expected=fd.grad(pure.loss)(jax.tree.map(jnp.copy, params), _X, _T, published.B_DELTA)[
                "W"
            ],
        ),
    ]


def _gradient_of_net(W):
    net = SimpleNet(W, published.B_DELTA)
    return numerical_gradient(captured_loss(net, _X, _T), net.W)


def _ablation() -> Ablation:
    net = _net_b()

    def set_state(W):
        net.W[...] = W

    return ablate(
        argument="W",
        state="net.W",
        mutating=captured_loss(net, _X, _T),
        pure=lambda W: pure.loss({"W": jnp.array(W)}, _X, _T, published.B_DELTA),
        unchanged=published.rebuilt_weights(),
        changed=published.B_ELSEWHERE,
        set_state=set_state,
    )


def _net_b() -> SimpleNet:
    return SimpleNet(published.rebuilt_weights(), published.B_DELTA)


def _params_b() -> dict:
    return {"W": jnp.array(published.rebuilt_weights())}
