"""What is compared: purenet and its peers, each at its defaults, with its evaluations counted."""

import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import NamedTuple

import autograd.test_util
import numdifftools
import numpy as np
from jax._src import public_test_util
from scipy.differentiate import derivative
from scipy.optimize._numdiff import approx_derivative

from comparisons.measures.accuracy.corpus import Function
from comparisons.measures.accuracy.namespaces import in_jax, in_numpy
from purenet import fd


class Result(NamedTuple):
    """What one tool gave for the points of one function.

    Attributes:
        values: the derivatives; NaN where it gave none.
        evaluations: evaluations of the function a point.
        bounds: bounds on the errors, of tools that give any.
    """

    values: np.ndarray
    evaluations: np.ndarray
    bounds: np.ndarray | None = None


def purenet_estimate(function: Function, points: np.ndarray) -> Result:
    """fd.estimate of the JAX version, in float64 whatever the points' dtype."""
    estimate = fd.estimate(lambda x: function.of(in_jax, x))
    found = [estimate(x) for x in points]
    return Result(
        np.array([float(e.value) for e in found]),
        np.array([e.evaluations for e in found]),
        np.array([float(e.error) for e in found]),
    )


def purenet_grad(function: Function, points: np.ndarray) -> Result:
    """fd.grad of the JAX version: two evaluations."""
    grad = fd.grad(lambda x: function.of(in_jax, x))
    return Result(np.array([float(grad(x)) for x in points]), np.full(len(points), 2))


def scipy_differentiate(function: Function, points: np.ndarray) -> Result:
    """scipy.differentiate.derivative: order 8, step halved until converged."""
    with _quietly():
        found = derivative(lambda x: function.of(in_numpy, x), points)
    return Result(found.df, found.nfev)


def scipy_approx_derivative(function: Function, points: np.ndarray) -> Result:
    """scipy.optimize's approx_derivative, three points."""

    def one(x):
        found = approx_derivative(
            lambda v: np.ravel(function.of(in_numpy, v[0])), np.array([x]), method="3-point"
        )
        return np.asarray(found).item()

    return _counted(one, points, 3)


def numdifftools_derivative(function: Function, points: np.ndarray) -> Result:
    """numdifftools.Derivative: a ladder of steps, Richardson and Wynn extrapolation."""
    counts = [0]

    def counting(x):
        counts[0] += np.size(x)
        return function.of(in_numpy, x)

    result = _counted(lambda x: np.asarray(numdifftools.Derivative(counting)(x)).item(), points, 0)
    return result._replace(evaluations=np.full(len(points), counts[0] / len(points)))


def autograd_numerical_jvp(function: Function, points: np.ndarray) -> Result:
    """autograd's make_numerical_jvp: a central difference of step 1e-6."""

    def one(x):
        jvp = autograd.test_util.make_numerical_jvp(lambda v: function.of(in_numpy, v), x)
        return float(jvp(x.dtype.type(1.0)))

    return _counted(one, points, 3)


def jax_numerical_jvp(function: Function, points: np.ndarray) -> Result:
    """JAX's numerical_jvp, which check_grads uses: a central difference of step 1e-4."""

    def one(x):
        tangent = x.dtype.type(1.0)
        return public_test_util.numerical_jvp(
            lambda v: function.of(in_jax, v), (x,), (tangent,)
        ).item()

    return _counted(one, points, 2)


def complex_step(function: Function, points: np.ndarray) -> Result | None:
    """fd.grad with method="complex"; None where a primitive is not analytic."""
    grad = fd.grad(lambda x: function.of(in_jax, x), method="complex")
    try:
        return Result(np.array([float(grad(x)) for x in points]), np.ones(len(points)))
    except TypeError:
        return None


ESTIMATE = "fd.estimate"
ADAPTIVE = ("scipy.differentiate", "numdifftools")
TOOLS: dict[str, Callable[[Function, np.ndarray], Result]] = {
    ESTIMATE: purenet_estimate,
    "fd.grad": purenet_grad,
    "scipy.differentiate": scipy_differentiate,
    "scipy approx_derivative": scipy_approx_derivative,
    "numdifftools": numdifftools_derivative,
    "autograd numerical jvp": autograd_numerical_jvp,
    "jax numerical_jvp": jax_numerical_jvp,
}


def _counted(one: Callable, points: np.ndarray, evaluations: int) -> Result:
    values = []
    for x in points:
        with _quietly():
            try:
                values.append(one(x))
            except (ValueError, FloatingPointError, ZeroDivisionError):
                values.append(np.nan)
    return Result(np.array(values, float), np.full(len(points), evaluations))


@contextmanager
def _quietly() -> Iterator[None]:
    """Peers warn where they leave a function's domain; their NaN says it as well."""
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        yield
