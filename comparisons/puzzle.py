"""The puzzle in numbers: what the mutating program gives, why, and what the pure one gives."""

from functools import cache
from typing import NamedTuple

import numpy as np

from comparisons.exhibition import Ablation, ablate
from comparisons.exhibits.simple_net import published
from comparisons.exhibits.simple_net.mutating import (
    SimpleNet,
    captured_loss,
    numerical_gradient,
    puzzle,
)

STEP = 1e-4  # the h of the original's numerical_gradient
W, X, T = published.A_W, published.X, published.T


class Asked(NamedTuple):
    """What the mutating program gives; it takes NumPy alone to find out.

    Attributes:
        gradient: the result of the three lines.
        value: f(W).
        value_of_none: f(None).
        gradient_of_copy: the same gradient, asked for at a copy of net.W.
        trace: (f after writing + h, f after writing - h), a row for each element of W.
    """

    gradient: np.ndarray
    value: float
    value_of_none: float
    gradient_of_copy: np.ndarray
    trace: np.ndarray


class Answered(NamedTuple):
    """What the pure program gives beside it.

    Attributes:
        ablation: which change moves which loss.
        by_jax: the gradient of the pure loss by jax.grad.
        by_differences: the same by fd.grad.
    """

    ablation: Ablation
    by_jax: np.ndarray
    by_differences: np.ndarray


def asked() -> Asked:
    """Run the mutating program, and look at what it writes and reads."""
    net = SimpleNet(W)
    f = captured_loss(net, X, T)
    trace: list = []
    numerical_gradient(f, net.W, trace)
    return Asked(
        puzzle(W, X, T),
        float(f(W)),
        float(f(None)),
        numerical_gradient(f, net.W.copy()),
        np.array(trace),
    )


@cache
def answered() -> Answered:
    """Run both programs, once; this one waits for JAX."""
    import jax

    from comparisons.exhibits.simple_net import pure
    from purenet import fd

    net = SimpleNet(W)

    def set_state(value):
        net.W[...] = value

    with jax.enable_x64(True):
        ablation = ablate(
            argument="W",
            state="net.W",
            mutating=captured_loss(net, X, T),
            pure=lambda W: pure.loss({"W": W}, X, T),
            unchanged=W,
            changed=published.B_ELSEWHERE,
            set_state=set_state,
        )
        gradients = (np.asarray(pure.puzzle(W, X, T, grad)) for grad in (jax.grad, fd.grad))
        return Answered(ablation, *gradients)
