"""Dependence first: which parameters a function ignores, and what it reads in their place."""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from purenet import jaxprs
from purenet.fd.setup import Setup
from purenet.purity import called, read_instead


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
        leaves = range(len(setup.paths))
        return Dependence([words[setup.evaluator.dependence(leaf)] for leaf in leaves], [])


def ignored(
    setup: Setup,
    states: Sequence[str],
    function: Callable,
    args: Sequence[Any],
    argnums: int | Sequence[int],
) -> list[str]:
    """A sentence for each leaf that a function ignores.

    The derivative by such a leaf is zero on both sides, which is no agreement. What is read instead
    is found by experiment, on copies.
    """
    call = called(function, tuple(args), argnums)
    return [
        _sentence(call.name, path, read_instead(call, path))
        for path, state in zip(setup.paths, states, strict=True)
        if state == "ignored"
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
        f"{ignores}; the value comes from {which} {arrays}; its derivative by {path} is zero "
        f"whatever the code means to say; read {path} in place of {arrays}, or pass "
        "allow_unused=True"
    )
