"""What the program of a function shows, or calls at other values where there is none to read."""

from collections.abc import Iterator, Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from purenet import jaxprs, trees
from purenet.purity.call import Call
from purenet.purity.dependence import FLAT, IGNORED, STEPWISE, Dependence, dependence
from purenet.purity.experiment import FAILS, Experiment
from purenet.purity.findings import Fact, listed
from purenet.purity.numeric import differ, other, summary
from purenet.purity.reached import ARRAYS, Reached, captured_arrays, captured_numbers
from purenet.purity.reads import Reads, aliases
from purenet.purity.replacing import Replaced
from purenet.purity.source import where_defined, where_named

_MOST = 32  # captured values that are tried


def integer_parameters(call: Call) -> Iterator[Fact]:
    """Leaves by which nothing can be differentiated: whole numbers, truth values, random keys."""
    held = [is_held for i in call.positions for is_held in trees.held_leaves(call.args[i])]
    for i, (leaf, path) in enumerate(zip(call.leaves, call.paths, strict=True)):
        if held[i]:
            continue
        dtype = str(getattr(leaf, "dtype", type(leaf).__name__))
        is_number = hasattr(leaf, "dtype") or isinstance(leaf, int)
        if i not in call.movable and is_number and dtype != "object":
            yield Fact(
                "integer-parameter", path, where_defined(call.function),
                words={"dtype": dtype}, evidence={"dtype": dtype},
            )  # fmt: skip


def of_values(experiment: Experiment) -> tuple[list[Fact], list[Fact]]:
    """Findings and notes: how the value depends on parameters and on what is captured."""
    found, reads = dependence(experiment), Reads(experiment)
    instead, captured, said = [], [], set()
    for leaf, one in enumerate(found):
        read = reads.in_place_of(leaf) if one.state == IGNORED else []
        instead.append(read)
        captured += [_instead(experiment, r, leaf, reads) for r in read if r.name not in said]
        said |= {r.name for r in read}
        if one.state != IGNORED:
            beside = reads.beside(leaf, said)
            captured += [_beside(experiment, r, leaf) for r in beside]
            said |= {r.name for r in beside}
    facts = [*_of_parameters(experiment, found, instead), *captured]
    notes = [
        Fact("vanishing-derivative", _path(experiment, leaf), way="here", evidence=one.evidence)
        for leaf, one in enumerate(found)
        if one.stationary
    ]
    return facts, [*notes, *_data(experiment, reads, said)]


def key_reuse(experiment: Experiment) -> Iterator[Fact]:
    """Keys that one call draws from twice, or draws from and splits."""
    call, said = experiment.call, set()
    for reused in jaxprs.reused_keys(experiment.traced.call, experiment.leaves):
        name = _name_of_key(experiment, reused.origin)
        if name in said:
            continue
        said.add(name)
        uses = [f"{use.how} at {use.where}" if use.where else use.how for use in reused.uses]
        places = [use.where for use in reused.uses if use.where]
        yield Fact(
            "key-reuse", name, places[-1] if places else where_defined(call.function),
            words={"count": str(len(uses))},
            evidence={f"use {i + 1}": use for i, use in enumerate(uses)},
        )  # fmt: skip


def stale_captures(experiment: Experiment) -> Iterator[Fact]:
    """What a function that was jitted and called before still gives, and its source does not."""
    if not any(jitted._cache_size() > 0 for jitted in experiment.jitted):
        return
    frozen, constants = experiment.as_compiled()
    fresh = experiment.outputs()
    if not _apart(frozen, fresh):
        return
    function = experiment.call.function
    values = [*captured_arrays(function), *captured_numbers(function)]
    own = experiment.functions
    for thing in values[:_MOST]:
        if any(_equal(thing.value, c) for c in constants) or not _decides(experiment, thing, fresh):
            continue
        now = thing.value if np.ndim(thing.value) == 0 else f"array {np.shape(thing.value)}"
        yield Fact(
            "stale-capture", thing.name, where_named(own, thing.name, stored=False),
            evidence={
                "value it gives": summary(frozen),
                "value its source gives now": summary(fresh),
                f"{thing.name} now": now,
            },
        )  # fmt: skip


def _of_parameters(
    experiment: Experiment,
    found: Sequence[Dependence],
    instead: Sequence[list[Reached]],
) -> Iterator[Fact]:
    at = where_defined(experiment.call.function)
    for leaf, (state, evidence, _) in enumerate(found):
        path = _path(experiment, leaf)
        if state == IGNORED:
            names = [f"`{read.name}`" for read in instead[leaf]]
            yield Fact(
                "ignored-parameter", path, at, "instead" if names else "",
                words={"instead": listed(names)},
                evidence=_ablation(experiment, leaf, instead[leaf]),
            )  # fmt: skip
        elif state == STEPWISE:
            cuts = []
            if experiment.traces:
                cuts = jaxprs.cuts(experiment.traced.call, experiment.leaves, leaf)
            through = " and ".join(dict.fromkeys(cut.operation for cut in cuts)) or "a staircase"
            where = next((cut.where for cut in cuts if cut.where), at)
            yield Fact(
                "zero-derivative", path, where, words={"through": through}, evidence=evidence
            )
        elif state == FLAT:
            yield Fact("vanishing-derivative", path, at, evidence=evidence)


def _instead(experiment: Experiment, read: Reached, leaf: int, reads: Reads) -> Fact:
    where = where_named(experiment.functions, read.name, stored=False)
    words = {"argument": _path(experiment, leaf)}
    if reads.untried.get(read.name):
        words["reason"] = reads.untried[read.name]
        return Fact("captured-array", read.name, where, "untried", words)
    is_alias = aliases(read, experiment.call, leaf) and not isinstance(read.value, jax.Array)
    if is_alias:
        return Fact("aliased-state", read.name, where, words=words)
    return Fact("captured-array", read.name, where, "instead", words)


def _beside(experiment: Experiment, read: Reached, leaf: int) -> Fact:
    where = where_named(experiment.functions, read.name, stored=False)
    return Fact("captured-array", read.name, where, "beside", {"argument": _path(experiment, leaf)})


def _data(experiment: Experiment, reads: Reads, told: set[str]) -> Iterator[Fact]:
    """Notes on captured arrays that no argument should have carried, as far as one can know."""
    if experiment.traces:
        constants = jaxprs.reach(experiment.traced.call, experiment.leaves).constants
        present = [
            (read, where)
            for read in reads.captured
            for constant, where in constants
            if constant is read.value or _has_content(constant, read.value)
        ]
    else:
        present = [(read, "") for read in reads.all()]
    named = {read.name: (read, where) for read, where in reversed(present)}
    for name in dict.fromkeys(read.name for read, _ in present):
        read, where = named[name]
        if name not in told:
            words = {"array": f"{read.value.dtype}{list(np.shape(read.value))}"}
            yield Fact("captured-array", name, where, "data", words)


def _ablation(experiment: Experiment, leaf: int, reads: list[Reached]) -> dict[str, float | str]:
    """The value where the argument changes, where what is captured does, where both do."""
    path, moved = _path(experiment, leaf), list(experiment.call.values)
    moved[leaf] = other(moved[leaf])
    values: dict[str, float | str] = {
        "value": summary(experiment.outputs()),
        f"{path} changed": _value(experiment, moved, []),
    }
    if reads:
        names = " and ".join(read.name for read in reads)
        replaced = [(read, other(read.value)) for read in reads]
        values[f"{names} changed"] = _value(experiment, None, replaced)
        values["both changed"] = _value(experiment, moved, replaced)
        if any(aliases(read, experiment.call, leaf) for read in reads):
            values["the two are one array"] = 1.0
    return values


def _value(experiment: Experiment, moved: list | None, replaced: Replaced) -> float | str:
    try:
        return summary(experiment.outputs(moved, replaced))
    except FAILS as error:
        return f"raises {type(error).__name__}"


def _path(experiment: Experiment, leaf: int) -> str:
    return experiment.call.paths[experiment.call.movable[leaf]]


def _name_of_key(experiment: Experiment, origin: Any) -> str:
    """The argument or captured name that a key comes from."""
    call = experiment.call
    if isinstance(origin, int):
        return _path(experiment, origin)
    if origin is not None:
        for i, argument in enumerate(call.args):
            paths = trees.leaf_paths(argument, trees.argument_name(call.function, i))
            for path, leaf in zip(paths, jax.tree.leaves(argument), strict=True):
                if leaf is origin or _is_raw_key(leaf, origin):
                    return path
        for item in experiment.reached:
            if isinstance(item.value, ARRAYS) and (
                item.value is origin or _is_raw_key(item.value, origin)
            ):
                return item.name
    return "a key made in the function"


def _is_raw_key(one: Any, two: Any) -> bool:
    if not isinstance(one, np.ndarray) or np.shape(one) != np.shape(two):
        return False
    return one.dtype == np.uint32 and np.array_equal(one, np.asarray(two))


def _apart(one: list[np.ndarray], two: list[np.ndarray]) -> bool:
    """Whether two values differ by more than the order of their operations can make them."""
    for a, b in zip(one, two, strict=True):
        if not np.issubdtype(b.dtype, np.inexact):
            if not np.array_equal(a, b):
                return True
            continue
        tolerance = float(jnp.finfo(b.dtype).eps) ** 0.75
        if not np.allclose(a, b, rtol=tolerance, atol=0.0, equal_nan=True):
            return True
    return False


def _equal(one: Any, two: Any) -> bool:
    return one is two or (np.ndim(one) > 0 and np.array_equal(np.asarray(one), np.asarray(two)))


def _has_content(constant: Any, array: Any) -> bool:
    if np.shape(constant) != np.shape(array) or not isinstance(array, np.ndarray):
        return False
    if jnp.issubdtype(jnp.result_type(constant), jax.dtypes.extended):
        return False
    content = np.asarray(constant)
    return bool(np.array_equal(content, np.asarray(array).astype(content.dtype)))


def _decides(experiment: Experiment, thing: Reached, fresh: list[np.ndarray]) -> bool:
    try:
        return differ(experiment.outputs(replaced=[(thing, other(thing.value))]), fresh)
    except FAILS:  # what another value makes it raise is not accused
        return False
