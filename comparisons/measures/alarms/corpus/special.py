"""How the functions of jax.nn and jax.scipy.special are asked, by what they have derivatives by."""

import numpy as np

from comparisons.measures.alarms.corpus.domains import (
    INSIDE,
    ONE,
    POSITIVE,
    TWO,
    UNIT,
    between,
    joined,
    signed,
)
from comparisons.measures.alarms.corpus.recipes import (
    Namespace,
    Recipe,
    Recipes,
    complexly,
    same,
)

_NOT_ACTIVATIONS = {
    "makes arrays of integers into constants": "one_hot",
    "quantised to eight bits or fewer": "scaled_matmul scaled_dot_general",
    "returns a configuration": "get_scaled_dot_general_config",
}

_ACTIVATIONS: Recipes = {
    # cells of width one, so that the kinks at -3, 0, 3 and 6 are between cells
    **same("hard_sigmoid hard_silu hard_swish relu6", Recipe(between(-5, 7, (3, 4)))),
    "dot_product_attention": (
        Recipe(between(-1.5, 1.5, *[(2, 1, 3)] * 3)),
        Recipe(between(-1.5, 1.5, *[(2, 1, 3)] * 3), lambda f, *x: f(*x, is_causal=True), "causal"),
    ),
    "gelu": (Recipe(ONE), Recipe(ONE, lambda f, x: f(x, approximate=False), "exact")),
    "glu": Recipe(between(-1.5, 1.5, (2, 4))),
    "log1mexp": Recipe(between(0.3, 3, (2, 3))),
    "logmeanexp": Recipe(ONE, lambda f, x: f(x, axis=-1)),
    "logsumexp": (
        Recipe(ONE, lambda f, x: f(x, axis=-1)),
        Recipe(between(0.2, 3.2, (2, 3), (2, 3)), lambda f, x, b: f(x, axis=0, b=b), "weighted"),
    ),
}

_NOT_SPECIAL = {"of integers, returns constants": "bernoulli"}

POSITIVES = between(0.5, 3, (2, 3), (2, 3))
THREE_BY_UNIT = joined(between(0.5, 3, (2, 3), (2, 3)), UNIT)

_SPECIAL: Recipes = {
    # the recurrence, begun at 50, overflows in float32
    "bessel_jn": Recipe(between(1, 4, (3,)), lambda f, z: f(z, v=3, n_iter=20)),
    **same("beta betaln gammainc gammaincc kl_div rel_entr", Recipe(POSITIVES)),
    "betainc": Recipe(
        UNIT, lambda f, x: f(np.asarray(1.5, x.dtype), np.asarray(2.5, x.dtype), x), "x"
    ),
    "boxcox": Recipe(joined(POSITIVE, signed(0.4, 2, (2, 3)))),
    "boxcox1p": Recipe(joined(POSITIVE, signed(0.4, 2, (2, 3)))),
    "comb": Recipe(joined(between(3.1, 5.9, (2, 3)), between(0.2, 2.8, (2, 3)))),
    **same("digamma entr exp1 expi gamma gammaln loggamma factorial spence", Recipe(POSITIVE)),
    "erfinv": Recipe(INSIDE),
    "expn": Recipe(POSITIVE, lambda f, x: f(3, x), "x"),
    "hyp1f1": Recipe(between(0.5, 2, (3,), (3,), (3,))),
    "hyp2f1": Recipe(
        between(-0.7, 0.7, (2, 3)),
        lambda f, x: f(*(np.asarray(c, x.dtype) for c in (0.6, 1.3, 2.2)), x),
        "x",
    ),
    **same("logit ndtri", Recipe(UNIT)),
    "multigammaln": Recipe(between(2, 5, (2, 3)), lambda f, a: f(a, 3)),
    "owens_t": Recipe(TWO),
    "poch": Recipe(POSITIVES),
    "polygamma": Recipe(POSITIVE, lambda f, x: f(2, x), "x"),
    "sph_harm_y": Recipe(
        between(0.3, 2.8, (3,), (3,)),
        lambda f, theta, phi: f(np.array([2]), np.array([1]), theta, phi, n_max=2),
    ),
    "wofz": Recipe(joined(ONE, POSITIVE), complexly),
    "xlog1py": Recipe(joined(ONE, POSITIVE)),
    "xlogy": Recipe(joined(ONE, POSITIVE)),
    "zeta": Recipe(joined(between(1.5, 4, (2, 3)), POSITIVE)),
}

NN = Namespace("jax.nn", _ACTIVATIONS, _NOT_ACTIVATIONS)
SPECIAL = Namespace("jax.scipy.special", _SPECIAL, _NOT_SPECIAL)
