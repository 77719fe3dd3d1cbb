"""The same mathematics in four libraries: one expression serves JAX, NumPy and mpmath alike."""

from types import SimpleNamespace

import jax.numpy as jnp
import jax.scipy.special as jax_special
import mpmath
import numpy as np
import scipy.special

DIGITS = 40

_ELEMENTARY = (
    *("sin", "cos", "tan", "exp", "log", "sqrt", "tanh", "sinh", "cosh", "log1p", "expm1"),
    *("arctan", "arcsin", "arccos", "arcsinh", "arccosh"),
)
_SPECIAL = ("erf", "erfc", "gammaln", "digamma", "i0e", "i1e", "expit", "logit", "entr", "betaln")
_MPMATH = {
    "arctan": "atan",
    "arcsin": "asin",
    "arccos": "acos",
    "arcsinh": "asinh",
    "arccosh": "acosh",
    "gammaln": "loggamma",
}

in_jax = SimpleNamespace(
    **{name: getattr(jnp, name) for name in _ELEMENTARY},
    **{name: getattr(jax_special, name) for name in _SPECIAL},
)
in_numpy = SimpleNamespace(
    **{name: getattr(np, name) for name in _ELEMENTARY},
    **{name: getattr(scipy.special, name) for name in _SPECIAL},
)
in_mpmath = SimpleNamespace(
    **{
        name: getattr(mpmath, _MPMATH.get(name, name))
        for name in (*_ELEMENTARY, "erf", "erfc", "gammaln", "digamma")
    },
    i0e=lambda x: mpmath.besseli(0, x) * mpmath.exp(-abs(x)),
    i1e=lambda x: mpmath.besseli(1, x) * mpmath.exp(-abs(x)),
    expit=lambda x: 1 / (1 + mpmath.exp(-x)),
    logit=lambda x: mpmath.log(x / (1 - x)),
    entr=lambda x: -x * mpmath.log(x),
    betaln=lambda a, b: mpmath.log(mpmath.beta(a, b)),
)
