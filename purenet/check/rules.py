"""Custom derivative rules, each checked alone at the inputs it really had."""

import os

import jax.numpy as jnp
import numpy as np

from purenet import jaxprs
from purenet.check.derivatives import compare_derivatives
from purenet.check.target import Seed, Target
from purenet.fd.options import Options
from purenet.fd.point import Point, trace

_BUDGET = 2.0  # seconds for a rule


def faulty(target: Target, options: Options, seed: Seed) -> list[str]:
    """A sentence for each rule of the program that is wrong by itself, with its file and line.

    Args:
        target: the function that has been differentiated.
        options: of the finite differences.
        seed: draws the directions.
    """
    found = []
    for call in jaxprs.custom_calls(target.of_moved, target.moved):
        fault = _fault(call, options, seed)
        if fault and fault not in found:
            found.append(fault)
    return found


def _fault(call: jaxprs.CustomCall, options: Options, seed: Seed) -> str:
    floating = tuple(
        i for i, x in enumerate(call.inputs) if jnp.issubdtype(jnp.result_type(x), np.inexact)
    )
    if not floating:
        return ""

    def alone(*inputs):
        return call.apply(inputs)

    try:
        inputs = tuple(map(jnp.asarray, call.inputs))
        point = Point.of(alone, inputs, {}, argnums=floating)
        # the sum of its outputs: patterns are seen in what has the shape of an input
        comparison = compare_derivatives(
            point,
            trace(point),
            options,
            order=1,
            modes=("rev",),
            budget=_BUDGET,
            seed=seed,
            entries=0,
        )
    except Exception:
        return ""  # what cannot be differenced alone is not accused
    wrong = [leaf for leaf in comparison.leaves if not leaf.ok]
    if not wrong and not comparison.failures:
        return ""
    head = f"{call.kind} rule {call.rule} of {call.function} ({_place(call)}) is wrong by itself"
    what = [
        f"by {leaf.path.replace('args', 'input')}: "
        + (leaf.patterns[0] if leaf.patterns else str(leaf.worst))
        for leaf in wrong
    ]
    return f"{head}, at the inputs it had here: {'; '.join(what or comparison.failures)}"


def _place(call: jaxprs.CustomCall) -> str:
    """The file as seen from the working directory, where it lies inside it, and the line."""
    if not call.file:
        return "defined where Python does not say"
    inside = os.path.relpath(call.file)
    return f"{call.file if inside.startswith('..') else inside}:{call.line}"
