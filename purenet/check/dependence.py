"""Dependence first: which parameters a function ignores, and what it reads in their place."""

from collections.abc import Callable, Sequence
from typing import NamedTuple

import jax.numpy as jnp
import numpy as np

from purenet import jaxprs
from purenet.check.target import Target
from purenet.fd.point import Point
from purenet.fd.setup import Setup
from purenet.purity import captured_arrays, read_instead

_LISTED = 3  # operations that are named


class Dependence(NamedTuple):
    """How a function depends on each of its leaves.

    Attributes:
        states: for each leaf "" where its outputs move with it, else "ignored" or "held constant".
        failures: a sentence for each leaf that must not be ignored, but is.
    """

    states: list[str]
    failures: list[str]


def dependence(setup: Setup) -> Dependence:
    """Which leaves the traced program never reads, and which only through stop_gradient."""
    words = {"moves": "", "held": "held constant", "ignored": "ignored"}
    with jaxprs.working_precision(True):
        leaves = setup.evaluator.leaves
        states = [
            words[setup.evaluator.dependence(i)] if x.size else "" for i, x in enumerate(leaves)
        ]
        return Dependence(states, [])


def ignored(point: Point, states: Sequence[str]) -> list[str]:
    """A sentence for each leaf that a function ignores, of those that move.

    The derivative with respect to such a leaf is zero on both sides, which is not agreement. What
    is read instead is found by experiment, on copies.
    """
    return [
        _sentence(point.name, path, read_instead(point, path))
        for path, state in zip(point.moved_paths, states, strict=True)
        if state == "ignored"
    ]


def flat(target: Target, leaf: int, name: str) -> str:
    """A sentence where a leaf moves the value only through what has no derivative; else none."""
    if jaxprs.reach(target.of_moved, target.moved).derivative[leaf]:
        return ""
    cuts = jaxprs.cuts(target.of_moved, target.moved, leaf)
    ends = [cut for cut in cuts if cut.operation != "stop_gradient"]
    if not ends:
        return ""
    listed = " and ".join(map(str, ends[:_LISTED]))
    path = target.paths[leaf]
    return (
        f"{name} has no derivative with respect to {path} to prove: it depends on {path} only "
        f"through {listed}; differentiate something smooth in its place, or pass allow_unused=True"
    )


def held(function: Callable) -> list[str]:
    """A note on the arrays of the object whose method a function is: they stay as they are."""
    owner = getattr(function, "__self__", None)
    if owner is None:
        return []
    names = [
        f"`{one.name}`"
        for one in captured_arrays(function)
        if np.issubdtype(jnp.result_type(one.value), np.inexact)
    ]
    if not names:
        return []
    listed = ", ".join(names[:_LISTED]) + (" and more" if len(names) > _LISTED else "")
    return [
        f"{type(owner).__name__}'s own arrays, {listed}, are constants here: nothing is said of "
        "the derivative with respect to them; pass them as an argument to have it compared"
    ]


def _sentence(name: str, path: str, read: list[str]) -> str:
    ignores = f"{name} ignores {path}"
    if not read:
        return (
            f"{ignores}: nothing that it computes reads it; its derivative is zero whatever the "
            "code means to say; use the argument, or pass allow_unused=True"
        )
    arrays = " and ".join(f"`{captured}`" for captured in read)
    which = "the captured array" if len(read) == 1 else "the captured arrays"
    return (
        f"{ignores}; the value comes from {which} {arrays}; its derivative with respect to {path} "
        f"is zero whatever the code means to say; read {path} in place of {arrays}"
        f"{_remedy(name, path, read)}, or pass allow_unused=True"
    )


def _remedy(name: str, path: str, read: list[str]) -> str:
    """How an object's own array becomes an argument: by pure_version, or by two lines."""
    if not (path.isidentifier() and len(read) == 1 and "." in read[0]):
        return ""
    loss = name if name.isidentifier() else "loss"
    return (
        f", as purenet.pure_version({loss}, {path}) does, or a wrapper of two lines: "
        f"def loss_of({path}): {read[0]} = {path}; return {loss}({path})"
    )
