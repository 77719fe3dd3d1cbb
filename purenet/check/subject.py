"""The function on trial: its program, or how it is called; whether it repeats, what it rounds."""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from purenet import jaxprs
from purenet.check.narrow import narrow_arrays
from purenet.check.rule import Rule
from purenet.fd.host import Host
from purenet.fd.options import Options
from purenet.fd.point import Point, is_numpy_code, trace
from purenet.fd.setup import Setup, on_host
from purenet.fd.watch import Watch
from purenet.purity import last_own_line

# without it test_float32_inside_is_named_and_allowed_for fails
_ROUNDED = 1e-11  # relative noise of a function from which on it says that it rounds inside
_LISTED = 4  # of its arrays that are named


def traced_or_on_host(point: Point, options: Options, rule: Rule | None, watch: Watch) -> Any:
    """The program of a point; its setup on the host where JAX cannot trace it.

    So is what is NumPy's code, where the derivative on trial is not JAX's.

    Raises:
        TypeError: where it cannot, and no derivative is given to be checked.
        Exception: what the function itself raises.
    """
    if options.strategy == "host":
        return on_host(point, options, watch=watch)
    try:
        traced = trace(point)
    except Exception as untraceable:
        if options.strategy in ("dense", "incremental"):
            raise
        if rule is not None:
            return on_host(point, options, untraceable, watch=watch)
        on_host(point, options, untraceable)  # where it fails on numbers too, that is why
        raise TypeError(_no_derivative(point, untraceable)) from untraceable
    if rule is not None and options.strategy == "auto" and is_numpy_code(point, traced):
        return on_host(point, options, watch=watch)
    return traced


def unsteady(point: Point, traced: jaxprs.Traced | Setup, name: str) -> str:
    """A sentence where two calls on equal inputs give two values.

    What one program gives twice can differ only where it calls back into Python.
    """
    if isinstance(traced, Setup):
        again = on_host(point, traced.options)
        if failure := _other_structure(traced, again, name):
            return failure
        values = [traced.evaluator.base(), again.evaluator.base()]
    else:
        again = trace(point)
        if failure := _other_structure(traced, again, name):
            return failure
        if traced.is_same(again) and not traced.program.calls_back:
            return ""
        values = [
            jaxprs.evaluated(one.program, one.constants, [
                jaxprs.placed(leaf, dtype)
                for leaf, dtype in zip(point.moved, one.input_dtypes, strict=True)
            ])
            for one in (traced, again)
        ]  # fmt: skip
    for first, second in zip(*values, strict=True):
        one, other = np.asarray(first), np.asarray(second)
        if jnp.issubdtype(one.dtype, np.inexact) and not _equal(one, other):
            apart = one != other
            return (
                f"{name} is not deterministic: two calls on equal inputs gave "
                f"{one[apart].flat[0]:.10g} and {other[apart].flat[0]:.10g}; there is no "
                "derivative to compare; pass randomness in as a key, and state as an argument"
            )
    return ""


def _other_structure(first: Any, second: Any, name: str) -> str:
    """A sentence where two calls on equal inputs give outputs of two structures."""
    one, other = (
        jax.tree.unflatten(call.output_tree, [f"{o.dtype}{list(o.shape)}" for o in call.outputs])
        for call in (first, second)
    )
    if one == other:
        return ""
    return (
        f"{name} is not deterministic: two calls on equal inputs gave {one} and {other}; there is "
        "no derivative to compare; pass what it counts or keeps as an argument"
    )


def narrow(point: Point, traced: jaxprs.Traced | Setup) -> list[str]:
    """A note on the arrays of fewer digits in a black box, where its values show them."""
    if not isinstance(traced, Setup) or not isinstance(traced.evaluator, Host):
        return []
    host = traced.evaluator
    if not host.double:
        dtypes = ", ".join(dict.fromkeys(str(x.dtype) for x in host.leaves))
        return [f"{point.name} does not take float64: it was evaluated in {dtypes}"]
    if host.relative_noise() < _ROUNDED:
        return []
    found = narrow_arrays(point.output, point.fresh(host.leaves, True))
    dtypes = " and ".join(dict.fromkeys(found.values()))
    listed = ", ".join(list(found)[:_LISTED]) + (" and more" if len(found) > _LISTED else "")
    noise = f"{point.name} is only good to {host.relative_noise():.0e} of its size"
    return [f"{point.name} rounds to {dtypes}: {listed}; {noise}"] if found else [noise]


def held_constant(point: Point) -> list[str]:
    """A note on the leaves of a module that are no parameters."""
    if not point.held:
        return []
    paths = [point.paths[i] for i in point.held]
    listed = ", ".join(paths[:_LISTED]) + (" and more" if len(paths) > _LISTED else "")
    return [f"held constant, since the module's library does not differentiate them: {listed}"]


def decided(traced: jaxprs.Traced | Setup) -> list[str]:
    """A note where the parameters' values decide in Python what the function computes."""
    if isinstance(traced, Setup) or not traced.decides:
        return []
    return ["a parameter decides in Python: one branch was proved, the one taken at these values"]


def _no_derivative(point: Point, untraceable: Exception) -> str:
    line = last_own_line(untraceable)
    place = f" ({line})" if line else ""
    why = str(untraceable).split("\n")[0].rstrip(".")
    named = [path for path in point.paths if path.isidentifier()]
    argument = named[0] if named else point.paths[0].split("[")[0]
    return (
        f"got {point.name}, which JAX cannot trace, so that there is no derivative by JAX to "
        f"check: {type(untraceable).__name__}: {why}{place}; wanted a function of JAX, or a "
        f"derivative of your own to check; pass one: check_grads({point.name}, {argument}, ..., "
        f"gradient=my_gradient), where my_gradient takes what {point.name} takes, or vjp= or "
        "jvp= for array outputs; fd.grad gives the finite differences alone"
    )


def _equal(one: np.ndarray, other: np.ndarray) -> bool:
    return one.shape == other.shape and np.array_equal(one, other, equal_nan=True)
