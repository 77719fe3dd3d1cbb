"""Findings about conduct: what a call changes, prints, draws, leaks, and whether it repeats."""

import types
from collections.abc import Iterator

import jax
import numpy as np

from purenet.jaxprs import is_traced
from purenet.purity.call import Call
from purenet.purity.code import (
    is_library_file,
    place,
    where_defined,
    where_named,
)
from purenet.purity.experiment import Experiment, Run
from purenet.purity.reached import functions, of_function
from purenet.purity.report import Finding
from purenet.purity.state import Change, tracers_in
from purenet.purity.watch import Watch


def changes(experiment: Experiment, run: Run) -> Iterator[Finding]:
    """What the calls wrote into their arguments and into what is captured, and left a tracer in."""
    call = experiment.call
    own = functions(call.function)
    for change in _once(c for each in run.argument_changes for c in each):
        yield Finding(
            "mutates-argument",
            change.name,
            where_named(own, change.name, stored=True),
            f"{call.name} writes into its argument {change.name}: the caller's own array or "
            "container is another one afterwards.",
            f"work on a copy of {change.name}, or return the new value",
            _before_and_after(change),
        )
    for change in _once(change for change in _state_changes(run)):
        yield Finding(
            "mutates-state",
            change.name,
            where_named(own, change.name, stored=True),
            f"A call of {call.name} changes {change.name}: what a call gives can depend on the "
            "calls before it, and jit runs the change once, when it traces, or never.",
            f"pass {change.name} as an argument and return what it becomes",
            _before_and_after(change),
        )
    leaks = (c for each in run.changes for c in each if tracers_in(c.after))
    for change in _once(leaks):
        yield leaked(call, change.name, "a call under a trace leaves a tracer in it")


def writes(experiment: Experiment, told: set[str]) -> Iterator[Finding]:
    """Arrays among the arguments that are written to and put back before the call returns."""
    call = experiment.call
    for name, error in experiment.refused_writes():
        if name in told or any(name.startswith(other) for other in told):
            continue
        at = _last_line(error)
        yield Finding(
            "mutates-argument",
            name,
            at,
            f"{call.name} writes into its argument {name} and puts back what was there: until it "
            "has, everybody else who holds the array reads other numbers, and for good where it "
            "raises half-way.",
            f"work on a copy of {name}",
            {"on a read-only array": f"{type(error).__name__}: {error}"},
        )


def caches(run: Run, told: set[str]) -> Iterator[Finding]:
    """Notes on what was filled once and then left alone."""
    for change in _once(c for each in run.changes for c in each):
        if change.name not in told:
            yield Finding(
                "mutates-state",
                change.name,
                "",
                "filled by a first call and left alone by later ones: taken for a cache",
                "",
            )


def leaked_before(call: Call) -> Iterator[Finding]:
    """Tracers that captured state holds already."""
    for thing in of_function(call.function):
        if is_traced(thing.value):
            yield leaked(call, thing.name, "it holds a tracer that an earlier trace left there")


def leaked(call: Call, name: str, how: str) -> Finding:
    """The finding of a tracer where it must not be."""
    return Finding(
        "leaked-tracer",
        name,
        where_named(functions(call.function), name, stored=True),
        f"{name}: {how}. Whoever uses it after the trace gets an UnexpectedTracerError.",
        f"return the value in place of storing it in {name}",
    )


def outside(call: Call, watch: Watch) -> Iterator[Finding]:
    """What was printed, opened, logged, refused."""
    by_subject: dict[str, str] = {}
    for effect in watch.effects:
        by_subject.setdefault(effect.subject, effect.where)
    for subject, where in by_subject.items():
        yield Finding(
            "side-effect",
            subject,
            where,
            f"{call.name} calls {subject}: under jit this happens when it is traced, not when it "
            "runs; under a gradient check, once a coordinate.",
            "return what is to be shown or stored, and do it outside",
        )


def settings(experiment: Experiment, run: Run) -> Iterator[Finding]:
    """Settings of the whole process that a call changes."""
    call = experiment.call
    for name in run.settings:
        yield Finding(
            "mutates-state",
            name,
            where_named(functions(call.function), name, stored=False),
            f"A call of {call.name} changes {name}: a setting of the whole process, for all code "
            "that runs after it.",
            "set it once, outside, or for a block (np.errstate, jax.enable_x64)",
        )


def untraceable(experiment: Experiment) -> Iterator[Finding]:
    """NumPy, float() or an if on a tracer, in code that is meant for JAX."""
    error = experiment.untraceable
    if error is None:
        return
    at = _last_line(error)
    kind = type(error).__name__
    yield Finding(
        "numpy-on-tracer",
        experiment.call.name,
        at or where_defined(experiment.call.function),
        f"JAX cannot trace {experiment.call.name}: the line at {at or 'this place'} asks for the "
        f"number behind a traced value ({kind}), as NumPy, float(), bool() and if do.",
        "use jax.numpy in place of numpy there, and jnp.where or lax.cond in place of if",
        {"raised": f"{kind}: {str(error).splitlines()[0]}"},
    )


def consumed(call: Call, thing: object) -> Finding:
    """The finding of a generator or an open file that a call draws from."""
    names = [item.name for item in of_function(call.function) if item.value is thing]
    name = names[0] if names else type(thing).__name__
    return Finding(
        "mutates-state",
        name,
        where_named(functions(call.function), name, stored=False),
        f"{call.name} draws from {name}, a {type(thing).__name__}: what a call takes from it is "
        "gone for the next one. It cannot be copied, so nothing further was run.",
        "pass what is drawn as an argument",
    )


def _state_changes(run: Run) -> Iterator[Change]:
    """All changes but those that a cache makes: filled once, and not written by a later call."""
    for i, each in enumerate(run.changes):
        later = {key for written in run.written[i + 1 :] for key in written}
        is_last = i == len(run.changes) - 1
        for change in each:
            fills = change.adds and not is_last and not tracers_in(change.after)
            if not fills or change.key in later:
                yield change


def _once(found: Iterator[Change]) -> list[Change]:
    """Each place once, by its narrowest name: what one call adds, and another one changes."""
    places = {change.key: change for change in found}
    return list({change.name: change for change in places.values()}.values())


def _before_and_after(change: Change) -> dict[str, object]:
    before, after = change.before, change.after
    arrays = isinstance(before, np.ndarray) and isinstance(after, np.ndarray)
    if arrays and before.shape == after.shape:
        where = np.argwhere(np.asarray(before != after))
        if len(where):
            index = tuple(int(i) for i in where[0])
            at = f"[{', '.join(map(str, index))}]" if index else ""
            return {
                f"{change.name}{at} before": before[index].item(),
                f"{change.name}{at} after": after[index].item(),
            }
    return {"before": _short(before), "after": _short(after)}


def _short(value: object) -> object:
    if is_traced(value):
        return "a tracer"
    if isinstance(value, bytes):
        return "a generator's state"
    if isinstance(value, int | float | str | bool) or value is None:
        return value
    if isinstance(value, np.ndarray | jax.Array):
        return f"{value.dtype}{list(value.shape)}"
    return f"a {type(value).__name__}"


def _last_line(error: BaseException) -> str:
    trace: types.TracebackType | None = error.__traceback__
    found = ""
    while trace is not None:
        file = trace.tb_frame.f_code.co_filename
        if not is_library_file(file):
            found = place(file, trace.tb_lineno)
        trace = trace.tb_next
    return found
