"""What the program of a function shows, or calls at other values where there is none to read."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from purenet import jaxprs
from purenet.fd.point import Point
from purenet.purity.arguments import arguments_by_name
from purenet.purity.dependence import FLAT, IGNORED, STEPWISE, Dependence, dependence
from purenet.purity.experiment import Experiment
from purenet.purity.findings import Fact, listed
from purenet.purity.members import ARRAYS
from purenet.purity.object_graph import Reached, captured_arrays, captured_numbers, reached
from purenet.purity.reads import Reads, aliases
from purenet.purity.runs import FAILS
from purenet.purity.source import where_defined
from purenet.purity.substitution import Replaced
from purenet.purity.values import close, perturbed, summary

_MOST = 32  # captured values that are tried


def integer_parameters(point: Point) -> Iterator[Fact]:
    """Leaves by which nothing can be differentiated: whole numbers, truth values, random keys."""
    for i, (leaf, path) in enumerate(zip(point.leaves, point.paths, strict=True)):
        if i in point.held:
            continue
        dtype = str(getattr(leaf, "dtype", type(leaf).__name__))
        is_number = hasattr(leaf, "dtype") or isinstance(leaf, int)
        if i not in point.movable and is_number and dtype != "object":
            yield Fact(
                "integer-parameter", path, where_defined(point.function),
                words={"dtype": dtype}, evidence={"dtype": dtype}, group=dtype,
            )  # fmt: skip


def of_values(experiment: Experiment) -> tuple[list[Fact], list[Fact]]:
    """Findings and notes: how the value depends on parameters and on what is captured."""
    found, reads = dependence(experiment), Reads(experiment)
    facts: list[Fact] = []
    captured: dict[str, Fact] = {}
    instead: dict[int, list[Reached]] = {}
    for leaf, one in enumerate(found):
        if one.state == IGNORED:
            instead[leaf] = reads.in_place_of(leaf)
            for read in instead[leaf]:
                captured.setdefault(read.name, _instead(experiment, read, leaf, reads))
        else:
            facts += _without_derivative(experiment, leaf, one)
            for read in reads.beside(leaf):
                captured.setdefault(read.name, _captured(experiment, read, leaf, "beside"))
    notes = [
        Fact("vanishing-derivative", path, way="here", evidence=one.evidence)
        for path, one in zip(experiment.point.moved_paths, found, strict=True)
        if one.stationary
    ]
    facts += [*_ignored(experiment, instead), *captured.values()]
    return facts, [*notes, *_data(experiment, reads)]


def key_reuse(experiment: Experiment) -> Iterator[Fact]:
    """Keys that one call draws from twice, or draws from and splits."""
    point, said = experiment.point, set()
    for reused in jaxprs.reused_keys(experiment.traced.call, experiment.leaves):
        name = _name_of_key(experiment, reused.origin)
        if name in said:
            continue
        said.add(name)
        uses = [f"{use.how} at {use.where}" if use.where else use.how for use in reused.uses]
        places = [use.where for use in reused.uses if use.where]
        yield Fact(
            "key-reuse", name, places[-1] if places else where_defined(point.function),
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
    function = experiment.point.function
    values = [*captured_arrays(function), *captured_numbers(function)]
    reads = Reads(experiment)
    for thing in values[:_MOST]:
        if any(_are_alike(thing.value, c) for c in constants) or not reads.decides(thing):
            continue
        now = thing.value if np.ndim(thing.value) == 0 else f"array {np.shape(thing.value)}"
        yield Fact(
            "stale-capture", thing.name, experiment.where(thing.name),
            evidence={
                "value it gives": summary(frozen),
                "value its source gives now": summary(fresh),
                f"{thing.name} now": now,
            },
            group="",
        )  # fmt: skip


def _ignored(experiment: Experiment, instead: Mapping[int, list[Reached]]) -> Iterator[Fact]:
    """The parameters that are ignored; ``instead`` has what is read in the place of each."""
    at = where_defined(experiment.point.function)
    for way in ("instead", ""):
        leaves = [leaf for leaf, read in instead.items() if bool(read) == bool(way)]
        reads = {read.name: read for leaf in leaves for read in instead[leaf]}
        evidence = _ablation(experiment, leaves, list(reads.values())) if leaves else {}
        words = {"instead": listed(f"`{name}`" for name in reads)}
        for leaf in leaves:
            path = experiment.point.moved_paths[leaf]
            yield Fact("ignored-parameter", path, at, way, words, evidence)


def _without_derivative(experiment: Experiment, leaf: int, one: Dependence) -> Iterator[Fact]:
    path, at = experiment.point.moved_paths[leaf], where_defined(experiment.point.function)
    if one.state == FLAT:
        yield Fact("vanishing-derivative", path, at, evidence=one.evidence)
    if one.state == STEPWISE:
        cuts = []
        if experiment.traces:
            cuts = jaxprs.cuts(experiment.traced.call, experiment.leaves, leaf)
        through = " and ".join(dict.fromkeys(cut.operation for cut in cuts)) or "a staircase"
        at = next((cut.where for cut in cuts if cut.where), at)
        words = {"through": through}
        yield Fact("zero-derivative", path, at, words=words, evidence=one.evidence)


def _instead(experiment: Experiment, read: Reached, leaf: int, reads: Reads) -> Fact:
    if reason := reads.untried.get(read.name):
        fact = _captured(experiment, read, leaf, "untried")
        return fact._replace(words={**fact.words, "reason": reason}, group=reason)
    fact = _captured(experiment, read, leaf, "instead")
    if aliases(read, experiment.point, leaf) and not isinstance(read.value, jax.Array):
        return fact._replace(kind="aliased-state", way="")
    return fact


def _captured(experiment: Experiment, read: Reached, leaf: int, way: str) -> Fact:
    where = experiment.where(read.name)
    words = {"argument": experiment.point.moved_paths[leaf]}
    return Fact("captured-array", read.name, where, way, words, group="")


def _data(experiment: Experiment, reads: Reads) -> Iterator[Fact]:
    """Notes on captured arrays that no argument should have carried, as far as one can know."""
    if experiment.traces:
        constants = jaxprs.reach(experiment.traced.call, experiment.leaves).constants
        present = [
            (read, where)
            for read in reads.captured
            for constant, where in constants
            if _are_alike(read.value, constant)
        ]
    else:
        present = [(read, "") for read in reads.all()]
    named = {read.name: (read, where) for read, where in reversed(present)}
    for name in dict.fromkeys(read.name for read, _ in present):
        read, where = named[name]
        words = {"what": f"{read.value.dtype}{list(np.shape(read.value))}"}
        yield Fact("captured-array", name, where, "data", words, group="")


def _ablation(
    experiment: Experiment, leaves: Sequence[int], reads: list[Reached]
) -> dict[str, float | str]:
    """The value where the arguments change, where what is captured does, where both do."""
    moved = experiment.point.moved
    for leaf in leaves:
        moved[leaf] = perturbed(moved[leaf])
    paths = [experiment.point.moved_paths[leaf] for leaf in leaves]
    values: dict[str, float | str] = {
        "value": summary(experiment.outputs()),
        f"{listed(paths, 2)} changed": _value(experiment, moved, []),
    }
    if reads:
        replaced = [(read, perturbed(read.value)) for read in reads]
        values[f"{listed([r.name for r in reads], 2)} changed"] = _value(experiment, None, replaced)
        values["both changed"] = _value(experiment, moved, replaced)
        if any(aliases(read, experiment.point, leaf) for read in reads for leaf in leaves):
            values["the two are one array"] = 1.0
    return values


def _value(experiment: Experiment, moved: list | None, replaced: Replaced) -> float | str:
    try:
        return summary(experiment.outputs(moved, replaced))
    except FAILS as error:
        return f"raises {type(error).__name__}"


def _name_of_key(experiment: Experiment, origin: Any) -> str:
    """The argument or captured name that a key comes from."""
    point = experiment.point
    if isinstance(origin, int):
        return point.moved_paths[origin]
    for item in (*reached(arguments_by_name(point, point.args)), *experiment.reached):
        if isinstance(item.value, ARRAYS) and _are_alike(item.value, origin):
            return item.name
    return "a key made in the function"


def _are_alike(array: Any, constant: Any) -> bool:
    """Whether an array is, or became, a constant of a program."""
    if array is constant or np.ndim(constant) == 0 or np.shape(array) != np.shape(constant):
        return array is constant
    dtype = jnp.result_type(constant)
    if jnp.issubdtype(dtype, jax.dtypes.extended):
        return False
    return np.array_equal(np.asarray(constant), np.asarray(array).astype(dtype))
