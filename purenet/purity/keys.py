"""Findings about random keys: one key used twice gives the same numbers twice."""

from collections.abc import Iterator
from typing import Any

import jax
import numpy as np

from purenet import jaxprs, trees
from purenet.purity.call import Call
from purenet.purity.captures import captured_arrays
from purenet.purity.code import where_defined
from purenet.purity.experiment import Experiment
from purenet.purity.report import Finding


def key_reuse(experiment: Experiment) -> Iterator[Finding]:
    """Keys that one call draws from twice, or draws from and splits."""
    call, said = experiment.call, set()
    for reused in jaxprs.reused_keys(experiment.program(), call.values):
        name = _name(call, reused.origin)
        if name in said:
            continue
        said.add(name)
        uses = [f"{use.how} at {use.where}" if use.where else use.how for use in reused.uses]
        places = [use.where for use in reused.uses if use.where]
        yield Finding(
            "key-reuse",
            name,
            places[-1] if places else where_defined(call.function),
            f"{name} is used {len(uses)} times in one call: the same key gives the same numbers, "
            "so what should be independent is not.",
            "split it first (jax.random.split) and use each part once",
            {f"use {i + 1}": use for i, use in enumerate(uses)},
        )


def _name(call: Call, origin: Any) -> str:
    """The argument or captured name that a key comes from."""
    if isinstance(origin, int):
        return call.paths[call.movable[origin]]
    if origin is not None:
        for i, argument in enumerate(call.args):
            paths = trees.leaf_paths(argument, trees.argument_name(call.function, i))
            for path, leaf in zip(paths, jax.tree.leaves(argument), strict=True):
                if _is(leaf, origin):
                    return path
        for captured in captured_arrays(call.function):
            if _is(captured.value, origin):
                return captured.name
    return "a key made in the function"


def _is(one: Any, other: Any) -> bool:
    if one is other:
        return True
    if not isinstance(one, np.ndarray) or np.shape(one) != np.shape(other):
        return False
    return one.dtype == np.uint32 and np.array_equal(one, np.asarray(other))
