"""Findings about captured arrays: those read in place of a parameter, and those that are data."""

import re
from collections.abc import Iterator, Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from purenet import jaxprs
from purenet.purity.call import Call
from purenet.purity.captures import captured_arrays, captured_numbers
from purenet.purity.code import where_named
from purenet.purity.dependence import IGNORED, Dependence, differ
from purenet.purity.experiment import FAILS, Experiment
from purenet.purity.numbers import other
from purenet.purity.reached import ARRAYS, Reached, functions, reached
from purenet.purity.report import Finding
from purenet.purity.watch import watching

_MOST = 32  # captured arrays that are tried


class Reads:
    """Which captured arrays a call reads: found by changing each in a copy, and asked once."""

    def __init__(self, experiment: Experiment):
        self._experiment = experiment
        self._decides: dict[str, bool] = {}
        self._base: list[np.ndarray] | None = None
        self.captured = [
            thing
            for thing in captured_arrays(experiment.call.function)
            if jnp.issubdtype(thing.value.dtype, np.inexact) and not jaxprs.is_traced(thing.value)
        ]

    def in_place_of(self, leaf: int) -> list[Reached]:
        """What is read in place of a leaf that can move: what has its shape, the likeliest alone.

        The same array, or the same place in a container, comes before one of equal content, that
        before one of the same last name. Numbers are named only where they are the likeliest:
        others are settings.
        """
        call = self._experiment.call
        value, path = call.values[leaf], call.paths[call.movable[leaf]]
        numbers = captured_numbers(call.function) if isinstance(value, int | float) else []
        alike = [r for r in self.captured if np.shape(r.value) == np.shape(value)]
        candidates = [*alike, *numbers]
        likeliest = [
            [read for read in candidates if aliases(read, call, leaf)],
            # a view has another shape, and moves with the leaf all the same
            [read for read in self.captured if aliases(read, call, leaf)],
            [r for r in candidates if _is_array(r) and np.array_equal(r.value, value)],
            [read for read in candidates if _last(read.name) == _last(path)],
        ]
        for likely in likeliest:
            found = [read for read in likely[:_MOST] if self.decides(read)]
            if found:
                return found
        return [read for read in alike[:_MOST] if self.decides(read)]

    def all(self) -> list[Reached]:
        """All that are read, as far as they are tried."""
        return [read for read in self.captured[:_MOST] if self.decides(read)]

    def decides(self, read: Reached) -> bool:
        """Whether the value changes with a captured array."""
        key = read.name
        if key not in self._decides:
            try:
                base = self._base or self._experiment.outputs()
                changed = self._experiment.outputs(replaced=[(read, other(read.value))])
                self._base, self._decides[key] = base, differ(base, changed)
            except FAILS:  # what other numbers make it raise is not accused
                self._decides[key] = False
        return self._decides[key]


def read_instead(call: Call, path: str) -> list[str]:
    """The names of the captured arrays that decide a call's value in place of an ignored leaf.

    Those of the leaf's shape, or where there are none, all. The function is called on copies, and
    what it prints goes nowhere; where it cannot be called so, nothing is accused.
    """
    with watching():
        try:
            experiment = Experiment(call)
            reads, paths = Reads(experiment), [call.paths[i] for i in experiment.call.movable]
            found = reads.in_place_of(paths.index(path)) or reads.all()
            return [read.name for read in found]
        except FAILS:
            return []


def aliases(read: Reached, call: Call, leaf: int) -> bool:
    """Whether a captured thing and a leaf are one array, one memory, or one place in a list."""
    value = call.values[leaf]
    if isinstance(value, np.ndarray) and isinstance(read.value, np.ndarray):
        return np.shares_memory(read.value, value)
    if isinstance(read.value, ARRAYS):
        return read.value is value
    path = call.paths[call.movable[leaf]]
    return any(
        item.name == path and item.holder is read.holder and item.key == read.key
        for item in reached(call.named_arguments)
    )


def _is_array(read: Reached) -> bool:
    return isinstance(read.value, ARRAYS)


def _last(name: str) -> str:
    """The last attribute or key of a name: W of ``net.W`` and of ``params['W']``."""
    return re.findall(r"\w+", name)[-1] if re.search(r"\w", name) else name


def findings_on_reads(
    experiment: Experiment, found: Sequence[Dependence], reads: Reads
) -> Iterator[tuple[list[Reached], list[Finding]]]:
    """For each leaf that can move what is read in its place, and the findings on that."""
    call, said = experiment.call, set()
    for leaf, one in enumerate(found):
        path = call.paths[call.movable[leaf]]
        instead = reads.in_place_of(leaf) if one.state == IGNORED else []
        findings = [_instead(call, read, leaf) for read in instead if read.name not in said]
        said |= {read.name for read in instead}
        if one.state != IGNORED:
            beside = [r for r in reads.captured if aliases(r, call, leaf) and r.name not in said]
            findings = [_beside(call, read, path) for read in beside if reads.decides(read)]
            said |= {read.name for read in beside}
        yield instead, findings


def data(experiment: Experiment, reads: Reads, told: set[str]) -> Iterator[Finding]:
    """Notes on captured arrays that no argument should have carried, as far as one can know."""
    if experiment.traces:
        found = jaxprs.reach(experiment.program(), experiment.call.values).constants
        named = {id(array): where for array, where in found}
        present = [
            (read, where)
            for read in reads.captured
            for array, where in ((a, named[id(a)]) for a, _ in found)
            if array is read.value or _equal(array, read.value)
        ]
    else:
        present = [(read, "") for read in reads.all()]
    for name in dict.fromkeys(read.name for read, _ in present):
        read, where = next(pair for pair in present if pair[0].name == name)
        if name not in told:
            kind = f"{read.value.dtype}{list(np.shape(read.value))}"
            yield Finding(
                "captured-array",
                name,
                where,
                f"captured array {kind}, taken for data; derivatives by it are not asked for",
                "",
            )


def _equal(one: Any, two: Any) -> bool:
    if np.shape(one) != np.shape(two) or not isinstance(two, np.ndarray):
        return False
    if jnp.issubdtype(jnp.result_type(one), jax.dtypes.extended):
        return False
    return bool(np.array_equal(np.asarray(one), np.asarray(two).astype(np.asarray(one).dtype)))


def _instead(call: Call, read: Reached, leaf: int) -> Finding:
    own, path = functions(call.function), call.paths[call.movable[leaf]]
    if not isinstance(read.value, jax.Array) and aliases(read, call, leaf):
        return Finding(
            "aliased-state",
            read.name,
            where_named(own, read.name, stored=False),
            f"{call.name} reads `{read.name}`, which is the very one passed as {path}. Writing "
            "into it moves the value; passing another one, or a copy, does not.",
            f"read {path} in place of `{read.name}`, and pass what is needed as arguments",
        )
    return Finding(
        "captured-array",
        read.name,
        where_named(own, read.name, stored=False),
        f"The value comes from the captured array `{read.name}`, of the shape of {path}, which is "
        "ignored.",
        f"read {path} in place of `{read.name}`",
    )


def _beside(call: Call, read: Reached, path: str) -> Finding:
    return Finding(
        "captured-array",
        read.name,
        where_named(functions(call.function), read.name, stored=False),
        f"{call.name} reads `{read.name}` beside {path}, and the two are one array: the derivative "
        f"by {path} leaves out what the value owes to `{read.name}`.",
        f"read {path} in place of `{read.name}`; where a constant is meant, pass a copy as data",
    )
