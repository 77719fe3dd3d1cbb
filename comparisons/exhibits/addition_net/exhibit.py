"""A net that only adds: f([[101]]) is still 107, until 101 is written into its list."""

import jax.numpy as jnp

from comparisons.claims import equal
from comparisons.exhibition import Exhibition, ablate
from comparisons.exhibits.addition_net import audits, pure
from comparisons.exhibits.addition_net.mutating import AdditionNet, captured_loss
from comparisons.settings import Settings

X, T = 2, 5


def run(settings: Settings) -> Exhibition:
    """Evaluate both losses at 100 and 101, in and out of order, and look at the weight after."""
    del settings
    net = AdditionNet()
    f = captured_loss(net, X, T)
    claims = [
        equal(
            "the loss at the weight 100 is 107", mutating=f(net.w), pure=_pure(100), expected=107
        ),
        equal(
            "f([[101]]) is still 107: the lambda ignores its argument",
            mutating=f([[101]]),
            expected=107,
        ),
        equal("the pure loss at [[101]] is 108", pure=_pure(101), expected=108),
    ]
    net.w[0][0] = 101
    claims += [
        equal("after net.w[0][0] = 101 the lambda gives 108", mutating=f(None), expected=108),
        equal("the weight stays 101 afterwards", mutating=net.w[0][0], expected=101),
        equal(
            "the pure loss at 101, 100, 100 and 101 follows the argument: no call affects another",
            pure=[_pure(101), _pure(100), _pure(100), _pure(101)],
            expected=[108, 107, 107, 108],
        ),
    ]

    examined, diagnoses = audits.run(X, T)

    def set_state(weight):
        net.w[0][0] = weight[0][0]

    ablation = ablate(
        argument="w",
        state="net.w",
        mutating=f,
        pure=lambda w: pure.loss({"w": jnp.array(w, float)}, X, T),
        unchanged=[[100]],
        changed=[[101]],
        set_state=set_state,
    )
    title = (__doc__ or "").splitlines()[0]
    return Exhibition(
        "addition_net", title, (*claims, *diagnoses), ablation, audits=tuple(examined)
    )


def _pure(weight: float) -> float:
    return float(pure.loss({"w": jnp.full((1, 1), weight, float)}, X, T)[0, 0])
