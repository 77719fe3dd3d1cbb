"""A second opinion free of the step: how fast the Taylor remainder falls with it."""

import numpy as np

from purenet import jaxprs
from purenet.check.comparison import Suspect
from purenet.fd.bounded import lengths
from purenet.fd.numbers import side_by_side

_EXPONENTS = np.arange(2, 26)
# without it test_the_rates_stand_beside_a_disagreement fails
_NOISES = 30.0  # of f, below which a remainder says nothing


def opinion(suspect: Suspect) -> str:
    """A sentence on the remainders that the witness's value and the finite difference leave.

    The symmetric remainder |f(x + h) - f(x - h) - 2 h g| / 2 falls as h cubed where g is the
    derivative, and as h where it is not, whatever the steps. It is followed from an eighth of a
    coordinate's scale down to where it drowns in the round-off of f.

    Source: the Taylor test of Farrell, Ham, Funke & Rognes, SISC 35:C369, 2013.
    """
    by_jax, by_differences = suspect.values.by_jax, suspect.values.by_differences
    if not np.isfinite([by_jax, by_differences]).all():
        return ""
    rates = [_rate(suspect, g) for g in (by_jax, by_differences)]
    return (
        f"{suspect.values.path}: the Taylor remainder falls as {_power(rates[0])} with "
        f"{suspect.target.whose} value, as {_power(rates[1])} with the finite difference "
        "(h^3 is right, h^1 is wrong)"
    )


def _rate(suspect: Suspect, derivative: float) -> float | None:
    """The median power of h with which the remainder falls; None where it is all round-off."""
    evaluator, leaf = suspect.setup.evaluator, suspect.leaf
    with jaxprs.working_precision(True):
        scale = lengths(evaluator, leaf)[[suspect.coordinate]]
        steps = 2.0**-_EXPONENTS
        points = np.concatenate([steps, -steps])
        outputs = evaluator.displaced(leaf, np.array([suspect.coordinate]), scale, points)
    values = side_by_side(outputs, len(points))
    plus, minus = np.split(values[:, suspect.output], 2)
    remainder = np.abs(plus - minus - 2 * steps * scale[0] * derivative) / 2
    noise = _NOISES * evaluator.relative_noise() * np.maximum(np.abs(plus), np.abs(minus))
    heard = np.isfinite(remainder) & (remainder > noise)
    pairs = heard[:-1] & heard[1:]
    if not pairs.any():
        return None
    # the smallest steps that are still heard: far out, higher powers rule
    falls = np.log2(remainder[:-1][pairs] / remainder[1:][pairs])[-4:]
    return float(np.median(falls))


def _power(rate: float | None) -> str:
    return "nothing but round-off" if rate is None else f"h^{rate:.1f}"
