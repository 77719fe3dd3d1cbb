"""Functions with known derivatives: elementary, special, oscillating, badly scaled, singular, nets.

Each is one expression in a namespace m (JAX, NumPy or mpmath) and a number x. Constants are exact
in float32, so that the float32 program is the same function. (jax.scipy.special.ndtr is not here:
its float32 program rounds √½, and the derivative of that program is what is estimated.) Vector
functions and network losses are taken along one coordinate, the others fixed.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

import mpmath
import numpy as np

from comparisons.measures.accuracy.namespaces import DIGITS, in_mpmath, in_numpy

POINTS = 20
_WORST_CONDITION = 100.0


class Function(NamedTuple):
    """A function of one number, and where to try it.

    Attributes:
        name: as the tables show it.
        family: the kind it belongs to.
        of: of(m, x) is its value, computed with the namespace m.
        low: the smallest |x|, or the lower end of the interval.
        high: the largest.
        logarithmic: draw log x evenly instead of x.
        origin: added to every point: 1 for points near 1.
    """

    name: str
    family: str
    of: Callable[[Any, Any], Any]
    low: float
    high: float
    logarithmic: bool = False
    origin: float = 0.0

    def points(self, dtype: type) -> np.ndarray:
        """Twenty points of a dtype, drawn by the function's name.

        Points where the derivative is so small that rounding the value alone costs two digits more
        than usual, |f| > 100 |x f'|, are drawn again: there every difference is as bad.
        """
        draw = np.random.default_rng(list(self.name.encode()))
        points: list = []
        while len(points) < POINTS:
            x = dtype(self._draw(draw))
            value = abs(float(self.of(in_numpy, np.float64(x))))
            slope = abs(float(x) * float(self.derivative(x)))
            if value <= _WORST_CONDITION * slope:
                points.append(x)
        return np.array(points, dtype)

    def derivative(self, x: Any, order: int = 1) -> Any:
        """A derivative at exactly this floating-point number, to 30 digits or more."""
        with mpmath.workdps(DIGITS):
            return mpmath.diff(lambda y: self.of(in_mpmath, y), mpmath.mpf(float(x)), order)

    def _draw(self, draw: np.random.Generator) -> float:
        if self.logarithmic:
            low, high = np.log([self.low, self.high])
            return self.origin + float(np.exp(draw.uniform(low, high)))
        return self.origin + float(draw.uniform(self.low, self.high))


_BIG, _TINY = 2.0**27, 2.0**-27  # about 1e8 and 1e-8, exact in float32


def _softmax_regression(m, x):
    """Cross-entropy of two examples and three classes, along one weight."""
    weights = [[x, -0.25, 0.5], [0.75, 0.125, -1.0]]
    total = 0.0
    for features, target in (((1.0, -0.5), 0), ((0.25, 2.0), 2)):
        scores = [sum(f * w[k] for f, w in zip(features, weights, strict=True)) for k in range(3)]
        total = total + m.log(sum(m.exp(s) for s in scores)) - scores[target]
    return total / 2


def _simple_net(m, x):
    """The book's simpleNet at x = (0.625, 0.875), along W[1, 2]."""
    weights = [[0.5, 1.0, 0.875], [0.875, 0.0625, x]]
    scores = [0.625 * weights[0][k] + 0.875 * weights[1][k] for k in range(3)]
    return m.log(sum(m.exp(s) for s in scores)) - scores[2]


def _two_layers(m, x, activation):
    """A network 2-3-2 with a cross-entropy, along one weight of the first layer."""
    first = [[x, -0.5, 0.25], [0.75, 1.0, -0.125]]
    second = [[1.0, -0.5], [0.25, 0.75], [-1.0, 0.5]]
    hidden = [activation(m, 0.5 * first[0][k] - 1.5 * first[1][k] + 0.125) for k in range(3)]
    scores = [sum(h * w[k] for h, w in zip(hidden, second, strict=True)) for k in range(2)]
    return m.log(m.exp(scores[0]) + m.exp(scores[1])) - scores[1]


def _attention(m, x):
    """A softmax-weighted sum of three values, along one key."""
    weights = [m.exp(1.5 * x), m.exp(0.5), m.exp(-0.25)]
    return (weights[0] * 2.0 + weights[1] * 0.5 - weights[2]) / sum(weights)


def _of(family: str, *rows) -> list[Function]:
    return [Function(name, family, *row) for name, *row in rows]


CORPUS: tuple[Function, ...] = (
    *_of(
        "elementary",
        ("exp", lambda m, x: m.exp(x), -3, 3),
        ("sin", lambda m, x: m.sin(x), -3, 3),
        ("cos", lambda m, x: m.cos(x), 0.25, 3),
        ("tan", lambda m, x: m.tan(x), -1.25, 1.25),
        ("log", lambda m, x: m.log(x), 0.01, 100, True),
        ("sqrt", lambda m, x: m.sqrt(x), 0.01, 100, True),
        ("x³", lambda m, x: x**3, -2, 2),
        ("1/x", lambda m, x: 1 / x, 0.1, 10, True),
        ("tanh", lambda m, x: m.tanh(x), -2, 2),
        ("sinh", lambda m, x: m.sinh(x), -3, 3),
        ("cosh", lambda m, x: m.cosh(x), 0.25, 3),
        ("arctan", lambda m, x: m.arctan(x), -3, 3),
        ("arcsin", lambda m, x: m.arcsin(x), -0.875, 0.875),
        ("arccos", lambda m, x: m.arccos(x), 0.125, 0.875),
        ("arcsinh", lambda m, x: m.arcsinh(x), -3, 3),
        ("arccosh", lambda m, x: m.arccosh(x), 1.25, 5),
        ("log1p", lambda m, x: m.log1p(x), -0.5, 5),
        ("expm1", lambda m, x: m.expm1(x), -2, 2),
        ("gauss", lambda m, x: m.exp(-x * x), -2, 2),
        ("x log x", lambda m, x: x * m.log(x), 0.1, 10, True),
        ("a quintic", lambda m, x: x**5 - 3 * x**2 + x, -3, 3),
        ("x/(1 + x²)", lambda m, x: x / (1 + x * x), -3, 3),
    ),
    *_of(
        "special",
        ("erf", lambda m, x: m.erf(x), -2, 2),
        ("erfc", lambda m, x: m.erfc(x), -1, 2),
        ("gammaln", lambda m, x: m.gammaln(x), 2.5, 10),
        ("digamma", lambda m, x: m.digamma(x), 2, 10),
        ("i0e", lambda m, x: m.i0e(x), 0.5, 5),
        ("i1e", lambda m, x: m.i1e(x), 0.25, 1.25),
        ("expit", lambda m, x: m.expit(x), -4, 4),
        ("logit", lambda m, x: m.logit(x), 0.0625, 0.4375),
        ("entr", lambda m, x: m.entr(x), 0.0625, 4),
        ("betaln", lambda m, x: m.betaln(x, 2.5), 0.5, 5),
    ),
    *_of(
        "oscillating",
        ("sin 50x", lambda m, x: m.sin(50 * x), -2, 2),
        ("sin 1/x", lambda m, x: m.sin(1 / x), 0.0625, 1),
        ("sin x²", lambda m, x: m.sin(x * x), 1, 8),
        ("x sin x", lambda m, x: x * m.sin(x), -10, 10),
        ("sin far out", lambda m, x: m.sin(x), 100, 1000),
        ("a beat", lambda m, x: m.sin(10 * x) * m.cos(11 * x), -2, 2),
        ("damped", lambda m, x: m.exp(-x) * m.sin(8 * x), 0.125, 4),
        ("sin eˣ", lambda m, x: m.sin(m.exp(x)), -2, 4),
    ),
    *_of(
        "badly scaled",
        ("exp(2²⁷ x)", lambda m, x: m.exp(_BIG * x), 0.1 * _TINY, 3 * _TINY, True),
        ("sin(2⁻²⁷ x)", lambda m, x: m.sin(_TINY * x), 0.1 * _BIG, 3 * _BIG, True),
        ("2²⁷ eˣ", lambda m, x: _BIG * m.exp(x), -2, 2),
        ("2⁻²⁷ sin x", lambda m, x: _TINY * m.sin(x), -3, 3),
        ("log(2²⁷ x)", lambda m, x: m.log(_BIG * x), 2 * _TINY, 100 * _TINY, True),
        ("(2²⁷ x)³", lambda m, x: (_BIG * x) ** 3, 0.1 * _TINY, 10 * _TINY, True),
        ("tanh(2⁻²⁷ x)", lambda m, x: m.tanh(_TINY * x), 0.1 * _BIG, 2 * _BIG, True),
        ("1/(1 + 2²⁷ x)", lambda m, x: 1 / (1 + _BIG * x), 0.1 * _TINY, 10 * _TINY, True),
    ),
    *_of(
        "near-singular",
        ("tan near its pole", lambda m, x: m.tan(x), -0.25, -0.0078125, False, 1.5703125),
        ("1/(x - 1)", lambda m, x: 1 / (x - 1), 0.001, 0.1, True, 1.0),
        ("log(x - 1)", lambda m, x: m.log(x - 1), 0.001, 0.1, True, 1.0),
        ("log near 0", lambda m, x: m.log(x), 1e-8, 1e-3, True),
        ("sqrt near 0", lambda m, x: m.sqrt(x), 1e-8, 1e-3, True),
        ("logit near 0", lambda m, x: m.logit(x), 1e-4, 0.1, True),
        ("1/x near 0", lambda m, x: 1 / x, 1e-8, 1e-3, True),
        ("1/(1 + 25x²)", lambda m, x: 1 / (1 + 25 * x * x), 0.0625, 1),
        ("√x of x² - 1", lambda m, x: m.sqrt(x * x - 1), 0.001, 0.1, True, 1.0),
    ),
    *_of(
        "vectors",
        ("length", lambda m, x: m.sqrt(x * x + 2.25), -3, 3),
        ("rotation", lambda m, x: m.cos(x) * 1.5 - m.sin(x) * 0.25, -3, 3),
        ("polar radius", lambda m, x: x * m.cos(0.75) + m.sin(x) * 0.5, -3, 3),
        ("inverse of a 2x2", lambda m, x: 1.5 / (x * 1.5 - 0.25 * 0.5), 0.5, 3),
    ),
    *_of(
        "networks",
        ("softmax regression", _softmax_regression, -2, 2),
        ("simple_net", _simple_net, -2, 2),
        ("two layers, sigmoid", lambda m, x: _two_layers(m, x, lambda m, z: m.expit(z)), -2, 2),
        ("two layers, tanh", lambda m, x: _two_layers(m, x, lambda m, z: m.tanh(z)), -2, 2),
        ("attention", _attention, -2, 2),
    ),
)
