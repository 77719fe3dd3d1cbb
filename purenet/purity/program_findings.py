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
from purenet.purity.members import ARRAYS
from purenet.purity.object_graph import Reached, captured_arrays, captured_numbers
from purenet.purity.reads import Reads, aliases
from purenet.purity.source import where_defined, where_named
from purenet.purity.substitution import Replaced
from purenet.purity.values import close, perturbed, summary

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
                words={"dtype": dtype}, evidence={"dtype": dtype}, group=dtype,
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
        Fact("vanishing-derivative", experiment.call.path(leaf), way="here", evidence=one.evidence)
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
            words={"count": str(len(uses))}, group=name,
            evidence={f"use {i + 1}": use for i, use in enumerate(uses)},
        )  # fmt: skip


def stale_captures(experiment: Experiment) -> Iterator[Fact]:
    """What a function that was jitted and called before still gives, and its source does not."""
    if not any(jitted._cache_size() > 0 for jitted in experiment.jitted):
        return
    frozen, constants = experiment.as_compiled()
    fresh = experiment.outputs()
    if close(frozen, fresh):
        return
    function = experiment.call.function
    values = [*captured_arrays(function), *captured_numbers(function)]
    own, reads = experiment.functions, Reads(experiment)
    for thing in values[:_MOST]:
        if any(_equal(thing.value, c) for c in constants) or not reads.decides(thing):
            continue
        now = thing.value if np.ndim(thing.value) == 0 else f"array {np.shape(thing.value)}"
        yield Fact(
            "stale-capture", thing.name, where_named(own, thing.name, stored=False),
            evidence={
                "value it gives": summary(frozen),
                "value its source gives now": summary(fresh),
                f"{thing.name} now": now,
            },
            group="",
        )  # fmt: skip


def _of_parameters(
    experiment: Experiment,
    found: Sequence[Dependence],
    instead: Sequence[list[Reached]],
) -> Iterator[Fact]:
    at = where_defined(experiment.call.function)
    ignored = [leaf for leaf, one in enumerate(found) if one.state == IGNORED]
    for way in ("instead", ""):
        leaves = [leaf for leaf in ignored if bool(instead[leaf]) == bool(way)]
        reads = {read.name: read for leaf in leaves for read in instead[leaf]}
        evidence = _ablation(experiment, leaves, list(reads.values())) if leaves else {}
        words = {"instead": listed(f"`{name}`" for name in reads)}
        for leaf in leaves:
            path = experiment.call.path(leaf)
            yield Fact("ignored-parameter", path, at, way, words, evidence)
    for leaf, (state, evidence, _) in enumerate(found):
        path = experiment.call.path(leaf)
        if state == STEPWISE:
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
    words = {"argument": experiment.call.path(leaf)}
    if reads.untried.get(read.name):
        words["reason"] = reads.untried[read.name]
        reason = words["reason"]
        return Fact("captured-array", read.name, where, "untried", words, group=reason)
    is_alias = aliases(read, experiment.call, leaf) and not isinstance(read.value, jax.Array)
    if is_alias:
        return Fact("aliased-state", read.name, where, words=words, group="")
    return Fact("captured-array", read.name, where, "instead", words, group="")


def _beside(experiment: Experiment, read: Reached, leaf: int) -> Fact:
    where = where_named(experiment.functions, read.name, stored=False)
    words = {"argument": experiment.call.path(leaf)}
    return Fact("captured-array", read.name, where, "beside", words, group="")


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
            words = {"what": f"{read.value.dtype}{list(np.shape(read.value))}"}
            yield Fact("captured-array", name, where, "data", words, group="")


def _ablation(
    experiment: Experiment, leaves: Sequence[int], reads: list[Reached]
) -> dict[str, float | str]:
    """The value where the arguments change, where what is captured does, where both do."""
    moved = list(experiment.call.values)
    for leaf in leaves:
        moved[leaf] = perturbed(moved[leaf])
    paths = [experiment.call.path(leaf) for leaf in leaves]
    values: dict[str, float | str] = {
        "value": summary(experiment.outputs()),
        f"{listed(paths, 2)} changed": _value(experiment, moved, []),
    }
    if reads:
        replaced = [(read, perturbed(read.value)) for read in reads]
        values[f"{listed([r.name for r in reads], 2)} changed"] = _value(experiment, None, replaced)
        values["both changed"] = _value(experiment, moved, replaced)
        if any(aliases(read, experiment.call, leaf) for read in reads for leaf in leaves):
            values["the two are one array"] = 1.0
    return values


def _value(experiment: Experiment, moved: list | None, replaced: Replaced) -> float | str:
    try:
        return summary(experiment.outputs(moved, replaced))
    except FAILS as error:
        return f"raises {type(error).__name__}"


def _name_of_key(experiment: Experiment, origin: Any) -> str:
    """The argument or captured name that a key comes from."""
    call = experiment.call
    if isinstance(origin, int):
        return experiment.call.path(origin)
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


def _equal(one: Any, two: Any) -> bool:
    return one is two or (np.ndim(one) > 0 and np.array_equal(np.asarray(one), np.asarray(two)))


def _has_content(constant: Any, array: Any) -> bool:
    if np.shape(constant) != np.shape(array) or not isinstance(array, np.ndarray):
        return False
    if jnp.issubdtype(jnp.result_type(constant), jax.dtypes.extended):
        return False
    content = np.asarray(constant)
    return bool(np.array_equal(content, np.asarray(array).astype(content.dtype)))
