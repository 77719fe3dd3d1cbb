"""Findings about chance: global generators drawn from, and values that do not repeat."""

import random
from collections.abc import Iterator

from purenet.purity.call import Call
from purenet.purity.code import imported, nested_code, read_names, where_defined, where_named
from purenet.purity.dependence import differ, summary
from purenet.purity.experiment import Experiment, Run
from purenet.purity.reached import GLOBAL_RANDOM, functions
from purenet.purity.report import Finding


def global_random(experiment: Experiment, run: Run) -> Iterator[Finding]:
    """Draws from the global generators of NumPy and of Python.

    Run-time type checkers, too, draw from Python's: it counts where the function's own code names
    it, or its value follows it.
    """
    call = experiment.call
    for name in run.randomness:
        if name == "random" and not (_names_random(call) or _follows_random(experiment)):
            continue
        yield Finding(
            "global-random",
            name,
            where_named(functions(call.function), name, stored=False),
            f"{call.name} draws from, or seeds, the global generator of {name}: two calls on equal "
            "inputs differ, and jit freezes the numbers of the first.",
            "draw from a key (jax.random) or a generator that is passed as an argument",
        )


def unsteady(experiment: Experiment) -> Iterator[Finding]:
    """Two calls on equal inputs, equal state and equal global generators that differ."""
    first, second = experiment.outputs(), experiment.outputs()
    if differ(first, second):
        call = experiment.call
        yield Finding(
            "nondeterministic",
            call.name,
            where_defined(call.function),
            f"Two calls of {call.name} on equal inputs, from equal state, give two values: there "
            "is no derivative to speak of.",
            "pass what varies (the time, a generator, the order) as an argument",
            {"first call": summary(first), "second call": summary(second)},
        )


def _names_random(call: Call) -> bool:
    named = [v for own in functions(call.function) for v in read_names(own).values()]
    if any(
        value is random or getattr(value, "__self__", None) is GLOBAL_RANDOM[1] for value in named
    ):
        return True
    code = [c for own in functions(call.function) for c in nested_code(own.__code__)]
    return any("random" in imported(c) for c in code)


def _follows_random(experiment: Experiment) -> bool:
    before, outputs = random.getstate(), []
    try:
        for seed in range(2):
            random.seed(seed)
            outputs.append(experiment.outputs())
    finally:
        random.setstate(before)
    return differ(*outputs)
