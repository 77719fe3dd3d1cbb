"""What the observed calls of a function show: changes, leaks, effects, randomness."""

import random
from collections.abc import Iterator

from purenet.fd.point import Point
from purenet.jaxprs import is_traced
from purenet.purity.experiment import Experiment
from purenet.purity.findings import Fact
from purenet.purity.object_graph import of_function, own_functions
from purenet.purity.process_settings import RANDOM
from purenet.purity.snapshots import Change
from purenet.purity.source import imported, where_defined, where_named
from purenet.purity.values import differ, summary

_LEAST_ID = 2**20  # an id is an address; numbers below it are counted


def leaked_before(point: Point) -> Iterator[Fact]:
    """Tracers that captured state holds already."""
    own = own_functions(point.function)
    for thing in of_function(point.function):
        if is_traced(thing.value):
            where = where_named(own, thing.name, stored=True)
            yield Fact("leaked-tracer", thing.name, where, "before", group="")


def of_runs(experiment: Experiment) -> Iterator[Fact]:
    """Arguments and state that the calls changed, settings, effects, and NumPy on a tracer."""
    point = experiment.point
    if error := experiment.untraceable:
        at = error.where or where_defined(point.function)
        yield Fact(
            "numpy-on-tracer", point.name, at,
            words={"at": at or "this place", "raised": error.kind},
            evidence={"raised": f"{error.kind}: {error.message}"},
        )  # fmt: skip
    for change in _once(change for run in experiment.runs for change in run.arguments):
        where = experiment.where(change.name, stored=True)
        yield Fact("mutates-argument", change.name, where, evidence=change.evidence)
    by_id = keyed_by_id(experiment)
    for name in by_id:
        yield Fact("mutates-state", name, experiment.where(name), "by id")
    for change in _once(_state_changes(experiment)):
        if change.name not in by_id:
            yield _of_change(experiment, change)
    for change in _once(c for run in experiment.runs for c in run.state if c.has_tracer):
        where = experiment.where(change.name, stored=True)
        yield Fact("leaked-tracer", change.name, where, group="")
    for name in experiment.settings:
        if name not in RANDOM:
            yield Fact("mutates-state", name, experiment.where(name), "setting", group=name)
    for subject, where in experiment.observation.effects:
        yield Fact("side-effect", subject, where, group=subject)


def restored_writes(experiment: Experiment, told: set[str]) -> Iterator[Fact]:
    """Arrays among the arguments that are written to and put back before the call returns."""
    for name, error in experiment.refused_writes():
        if not any(name.startswith(other) for other in told):
            evidence = {"on a read-only array": f"{error.kind}: {error.message}"}
            yield Fact("mutates-argument", name, error.where, "restored", evidence=evidence)


def caches(experiment: Experiment) -> Iterator[Fact]:
    """Notes on what was filled once and then left alone."""
    for change in _once(change for run in experiment.runs for change in run.state):
        yield Fact("mutates-state", change.name, way="cache")


def randomness(experiment: Experiment) -> Iterator[Fact]:
    """Draws from the global generators, and values that do not repeat from equal state.

    Run-time type checkers draw from Python's generator too: it counts where the function's own
    code names it, or its value follows it.
    """
    point = experiment.point
    drawn = [name for name in RANDOM if name in experiment.settings and _is_own(experiment, name)]
    two = experiment.repeated() if not experiment.fails else None
    if two is not None and differ(*two) and not drawn:
        drawn = [name for name in RANDOM if experiment.follows(name)]
        if not drawn:
            evidence = {"first call": summary(two[0]), "second call": summary(two[1])}
            where = where_defined(point.function)
            yield Fact("nondeterministic", point.name, where, evidence=evidence)
    for name in drawn:
        yield Fact("global-random", name, experiment.where(name))
    if error := experiment.fails:
        evidence = {"second call": f"{error.kind}: {error.message}"}
        at = error.where or where_defined(point.function)
        yield Fact("nondeterministic", point.name, at, "raises", evidence=evidence)


def keyed_by_id(experiment: Experiment) -> list[str]:
    """The containers that were filled under the id of something, by code that asks for ids."""
    if not experiment.observation.asks_ids:
        return []
    changed = [(c.name, c.key.name) for run in experiment.runs for c in run.state]
    there = [
        (thing.name, key)
        for thing in experiment.reached
        if isinstance(thing.value, dict)
        for key in thing.value
    ]
    return list(dict.fromkeys(name for name, key in [*changed, *there] if _has_id(key)))


def _of_change(experiment: Experiment, change: Change) -> Fact:
    if change.name in experiment.used_up:
        return Fact("mutates-state", change.name, experiment.where(change.name), "used up")
    where = experiment.where(change.name, stored=True)
    fact = Fact("mutates-state", change.name, where, evidence=change.evidence)
    # what all layers of a network keep is one fact
    return fact._replace(way="kept", group="") if change.is_kept else fact


def _has_id(key: object) -> bool:
    parts = key if isinstance(key, tuple) else (key,)
    return any(type(part) is int and part > _LEAST_ID for part in parts)


def _state_changes(experiment: Experiment) -> Iterator[Change]:
    """All changes but those that a cache makes: filled once, and not written by a later call."""
    runs = experiment.runs
    for i, run in enumerate(runs):
        later = {change.place for each in runs[i + 1 :] for change in each.state}
        is_last = i == len(runs) - 1
        for change in run.state:
            fills = change.adds and not is_last and not change.has_tracer
            if not fills or change.place in later:
                yield change


def _once(found: Iterator[Change]) -> list[Change]:
    """Each place once, by its narrowest name: what one call adds, and another one changes."""
    places = {change.place: change for change in found}
    return list({change.name: change for change in places.values()}.values())


def _is_own(experiment: Experiment, generator: str) -> bool:
    """Whether the caller's own code draws from a global generator; NumPy's nobody else does."""
    if generator == "numpy.random":
        return True
    names_it = any(item.value is random for item in experiment.reached)
    imports_it = any("random" in imported(f.__code__) for f in experiment.functions)
    return names_it or imports_it or experiment.draws_by_method("random")
