"""Smooth functions at hard points: near edges and poles, far out, of scales from 1e-12 to 1e12."""

import jax
import jax.numpy as jnp
import mpmath
import pytest

import purenet
from purenet import fd
from tests.sampling import sample

POINTS = {  # in JAX, in mpmath, where
    "sin far out": (jnp.sin, mpmath.sin, 1e6),
    "sin farther out": (jnp.sin, mpmath.sin, 1e9),
    "cos far out": (jnp.cos, mpmath.cos, -3e7),
    "fast sin": (lambda x: jnp.sin(1e6 * x), lambda x: mpmath.sin(10**6 * x), 1.0),
    "faster sin": (lambda x: jnp.sin(1e9 * x), lambda x: mpmath.sin(10**9 * x), 0.3),
    "slow sin": (lambda x: jnp.sin(1e-9 * x), lambda x: mpmath.sin(x * mpmath.mpf(1e-9)), 1.0),
    "sin of a tiny unit": (lambda x: jnp.sin(x / 1e-12), lambda x: mpmath.sin(x / 1e-12), 1e-12),
    "sin of a huge unit": (lambda x: jnp.sin(x / 1e12), lambda x: mpmath.sin(x / 1e12), 1e12),
    "log1p at its edge": (jnp.log1p, mpmath.log1p, -0.999999),
    "log1p at its very edge": (jnp.log1p, mpmath.log1p, -1 + 1e-9),
    "log of a tiny number": (jnp.log, mpmath.log, 1e-12),
    "log of a huge number": (jnp.log, mpmath.log, 1e12),
    "log of nearly nothing": (jnp.log, mpmath.log, 1e-200),
    "logit near 0": (lambda p: jnp.log(p / (1 - p)), lambda p: mpmath.log(p / (1 - p)), 1e-7),
    "logit near 1": (lambda p: jnp.log(p / (1 - p)), lambda p: mpmath.log(p / (1 - p)), 1 - 1e-6),
    "entropy near 0": (
        lambda p: -p * jnp.log(p) - (1 - p) * jnp.log1p(-p),
        lambda p: -p * mpmath.log(p) - (1 - p) * mpmath.log(1 - p),
        1e-9,
    ),
    "sqrt near 0": (jnp.sqrt, mpmath.sqrt, 1e-10),
    "sqrt of a huge number": (jnp.sqrt, mpmath.sqrt, 1e30),
    "cube root near 0": (jnp.cbrt, mpmath.cbrt, 1e-9),
    "x^1.5 near 0": (lambda x: x**1.5, lambda x: x ** mpmath.mpf(1.5), 1e-8),
    "a pole": (lambda x: 1 / x, lambda x: 1 / x, 1e-9),
    "a pole beside 1": (lambda x: 1 / (x - 1), lambda x: 1 / (x - 1), 1 + 1e-7),
    "a double pole": (lambda x: 1 / (x - 1) ** 2, lambda x: 1 / (x - 1) ** 2, 1 - 1e-5),
    "tan near its pole": (jnp.tan, mpmath.tan, 1.5707),
    "tan nearer its pole": (jnp.tan, mpmath.tan, 1.570796),
    "arcsin at its edge": (jnp.arcsin, mpmath.asin, 1 - 1e-8),
    "arccosh at its edge": (jnp.arccosh, mpmath.acosh, 1 + 1e-9),
    "arctanh at its edge": (jnp.arctanh, mpmath.atanh, -1 + 1e-7),
    "arctan far out": (jnp.arctan, mpmath.atan, 1e5),
    "tanh in saturation": (jnp.tanh, mpmath.tanh, 8.0),
    "exp of a large number": (jnp.exp, mpmath.exp, 300.0),
    "exp far below": (jnp.exp, mpmath.exp, -300.0),
    "a narrow bell": (
        lambda x: jnp.exp(-(((x - 1) / 1e-5) ** 2)),
        lambda x: mpmath.exp(-(((x - 1) / mpmath.mpf(1e-5)) ** 2)),
        1 + 7e-6,
    ),
    "a steep sigmoid": (
        lambda x: jax.nn.sigmoid(1e7 * (x - 0.5)),
        lambda x: 1 / (1 + mpmath.exp(-(10**7) * (x - mpmath.mpf(0.5)))),
        0.5 + 3e-8,
    ),
    "a smoothed kink": (
        lambda x: jnp.sqrt(x**2 + 1e-12),
        lambda x: mpmath.sqrt(x**2 + mpmath.mpf(1e-12)),
        3e-7,
    ),
    "a smoothed kink at a distance": (
        lambda x: jnp.sqrt((x - 2) ** 2 + 1e-10),
        lambda x: mpmath.sqrt((x - 2) ** 2 + mpmath.mpf(1e-10)),
        2 + 4e-6,
    ),
    "a time stamp": (
        lambda t: jnp.sin((t - 1.7e9) / 3600),
        lambda t: mpmath.sin((t - mpmath.mpf(1.7e9)) / 3600),
        1.7e9 + 1000,
    ),
    "a ripple on a slope": (
        lambda x: 1e3 * x + 1e-3 * jnp.sin(1e5 * x),
        lambda x: 1000 * x + mpmath.mpf(1e-3) * mpmath.sin(10**5 * x),
        0.7,
    ),
    "erfc in the tail": (jax.scipy.special.erfc, mpmath.erfc, 5.0),
    "lgamma near its pole": (jax.scipy.special.gammaln, mpmath.loggamma, 1e-7),
}


def wrong_by_one_percent(f):
    wrong = jax.custom_jvp(lambda x: f(x))
    wrong.defjvp(lambda x, t: (f(x[0]), 1.01 * jax.jvp(f, x, t)[1]))
    return wrong


def exact(f, x):
    with mpmath.workdps(60):
        return float(mpmath.diff(f, mpmath.mpf(x), h=mpmath.mpf(abs(x)) * mpmath.mpf(10) ** -25))


@pytest.mark.parametrize("name", sample(POINTS, every=16))
def test_what_is_right_is_decided_and_what_is_wrong_never_passes(name, x64):
    f, in_mpmath, x = POINTS[name]
    value, error = fd.estimate(f)(x)
    assert abs(float(value) - exact(in_mpmath, x)) <= float(error)
    report = purenet.compare_grads(f, x, modes=("rev",))
    assert report.verdict == "agrees", str(report)
    report = purenet.compare_grads(wrong_by_one_percent(f), x, modes=("rev",))
    assert report.verdict == "disagrees", str(report)
