"""Findings about what jit has frozen: captured values that have changed since the trace."""

from collections.abc import Callable, Iterator
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from purenet import jaxprs
from purenet.purity.attributes import declared
from purenet.purity.captures import captured_arrays, captured_numbers
from purenet.purity.code import where_named
from purenet.purity.dependence import differ, summary
from purenet.purity.experiment import FAILS, Experiment, evaluated
from purenet.purity.numbers import other
from purenet.purity.reached import Reached, functions, of_function
from purenet.purity.report import Finding
from purenet.purity.state import Snapshot

_MOST = 32  # captured values that are tried


def stale_captures(experiment: Experiment) -> Iterator[Finding]:
    """What a function that was jitted and called before still gives, and its source does not."""
    call = experiment.call
    if not any(_was_traced(thing.value) for thing in of_function(call.function)):
        return
    frozen, constants = _as_it_is(experiment)
    fresh = experiment.outputs()
    if not _apart(frozen, fresh):
        return
    for name, value, *_ in _suspects(experiment, fresh, constants):
        yield Finding(
            "stale-capture",
            name,
            where_named(functions(call.function), name, stored=False),
            f"jit froze {name} when it traced {call.name}; {name} has changed since, and the "
            "compiled function does not know: it still computes with the old value.",
            f"pass {name} as an argument",
            {
                "value it gives": summary(frozen),
                "value its source gives now": summary(fresh),
                f"{name} now": value if np.ndim(value) == 0 else f"array {np.shape(value)}",
            },
        )


def _was_traced(thing: Any) -> bool:
    size: Callable[[], int] | None = declared(thing, "_cache_size")
    return callable(size) and declared(thing, "__wrapped__") is not None and size() > 0


def _as_it_is(experiment: Experiment) -> tuple[list[np.ndarray], list[Any]]:
    """What the caller's own function gives, jit and all, and the arrays that its program holds.

    What it changes on the way is put back.
    """
    call = experiment.call

    def of_leaves(moved):
        return call.function(*call.with_values(call.args, moved))

    with Snapshot({"": call.function, "arguments": call.args}).put_back():
        if experiment.traces:
            constants = [a for a, _ in jaxprs.reach(of_leaves, call.values).constants]
            return evaluated(of_leaves, call, call.values), constants
        moved = [v.copy() if isinstance(v, np.ndarray) else v for v in call.values]
        return [np.asarray(out) for out in jax.tree.leaves(of_leaves(moved))], []


def _apart(frozen: list[np.ndarray], fresh: list[np.ndarray]) -> bool:
    """Whether two values differ by more than the order of their operations can make them."""
    for one, two in zip(frozen, fresh, strict=True):
        if not np.issubdtype(two.dtype, np.inexact):
            if not np.array_equal(one, two):
                return True
            continue
        tolerance = float(jnp.finfo(two.dtype).eps) ** 0.75
        if not np.allclose(one, two, rtol=tolerance, atol=0.0, equal_nan=True):
            return True
    return False


def _suspects(
    experiment: Experiment, fresh: list[np.ndarray], constants: list[Any]
) -> list[Reached]:
    """The captured values that decide the fresh value and are not in the frozen program."""
    function = experiment.call.function
    values = [*captured_arrays(function), *captured_numbers(function)]
    held = [thing for thing in values if any(_equal(thing.value, c) for c in constants)]
    return [
        thing
        for thing in values[:_MOST]
        if all(thing is not one for one in held) and _decides(experiment, thing, fresh)
    ]


def _equal(one: Any, two: Any) -> bool:
    return one is two or (np.ndim(one) > 0 and np.array_equal(np.asarray(one), np.asarray(two)))


def _decides(experiment: Experiment, thing: Reached, fresh: list[np.ndarray]) -> bool:
    try:
        return differ(experiment.outputs(replaced=[(thing, other(thing.value))]), fresh)
    except FAILS:  # what another value makes it raise is not accused
        return False
