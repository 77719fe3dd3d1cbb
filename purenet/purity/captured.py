"""Findings about captured arrays: those read in place of a parameter, and those that are data."""

from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from purenet import jaxprs
from purenet.purity.captures import captured_arrays
from purenet.purity.code import where_named
from purenet.purity.dependence import IGNORED, Dependence, differ
from purenet.purity.experiment import Call, Experiment, other
from purenet.purity.reached import functions
from purenet.purity.report import Finding
from purenet.purity.watch import watching

_MOST = 32  # captured arrays that are tried


class Read(NamedTuple):
    """A captured array that decides a function's value.

    Attributes:
        name: as one would write it inside the function.
        array: the array.
    """

    name: str
    array: Any


class Reads:
    """Which captured arrays a call reads: found by changing each in a copy, and asked once."""

    def __init__(self, experiment: Experiment):
        self._experiment = experiment
        self._decides: dict[int, bool] = {}
        self._base: list[np.ndarray] | None = None
        self.captured = [
            Read(name, array)
            for name, array in captured_arrays(experiment.call.function)
            if jnp.issubdtype(array.dtype, np.inexact) and not jaxprs.is_traced(array)
        ]

    def in_place_of(self, leaf: Any, path: str) -> list[Read]:
        """What is read in place of a leaf: arrays of its shape, the likeliest of them alone.

        The same array comes before one of equal content, that before one of the same last name;
        where nothing has the leaf's shape there is nothing.
        """
        alike = [r for r in self.captured if np.shape(r.array) == np.shape(leaf)]
        found = [read for read in alike[:_MOST] if self.decides(read)]
        last = path.replace("']", "").replace('"]', "").split(".")[-1].split("['")[-1]
        likeliest: list[Callable[[Read], bool]] = [
            lambda read: aliases(read.array, leaf),
            lambda read: np.array_equal(read.array, leaf),
            lambda read: read.name.rstrip("']").endswith(last),
        ]
        for is_likely in likeliest:
            likely = [read for read in found if is_likely(read)]
            if likely:
                return likely
        return found

    def all(self) -> list[Read]:
        """All that are read, as far as they are tried."""
        return [read for read in self.captured[:_MOST] if self.decides(read)]

    def decides(self, read: Read) -> bool:
        """Whether the value changes with a captured array."""
        key = id(read.array)
        if key not in self._decides:
            try:
                base = self._base or self._experiment.outputs()
                changed = self._experiment.outputs(replaced={key: other(read.array)})
                self._base, self._decides[key] = base, differ(base, changed)
            except Exception:  # what other numbers make it raise is not accused
                self._decides[key] = False
        return self._decides[key]


def read_instead(call: Call, leaf: int) -> list[str]:
    """The names of the captured arrays that decide a call's value in place of an ignored leaf.

    Those of the leaf's shape, or where there are none, all. The function is called on copies, and
    what it prints goes nowhere; where it cannot be called so, nothing is accused.
    """
    with watching():
        try:
            reads = Reads(Experiment(call))
            return [
                read.name
                for read in reads.in_place_of(call.leaves[leaf], call.paths[leaf]) or reads.all()
            ]
        except Exception:
            return []


def aliases(one: Any, two: Any) -> bool:
    """Whether two arrays are one, or look into the same memory."""
    if one is two:
        return True
    if isinstance(one, np.ndarray) and isinstance(two, np.ndarray):
        return np.shares_memory(one, two)
    return False


def findings_on_reads(
    experiment: Experiment, found: Sequence[Dependence], reads: Reads
) -> Iterator[tuple[list[Read], list[Finding]]]:
    """For each leaf that can move what is read in its place, and the findings on that."""
    call, said = experiment.call, set()
    for leaf, one in enumerate(found):
        value, path = call.values[leaf], call.paths[call.movable[leaf]]
        instead = reads.in_place_of(value, path) if one.state == IGNORED else []
        findings = [_instead(call, read, path, value) for read in instead if read.name not in said]
        said |= {read.name for read in instead}
        if one.state != IGNORED:
            beside = [r for r in reads.captured if aliases(r.array, value) and r.name not in said]
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
            if array is read.array or _equal(array, read.array)
        ]
    else:
        present = [(read, "") for read in reads.all()]
    for name in dict.fromkeys(read.name for read, _ in present):
        read, where = next(pair for pair in present if pair[0].name == name)
        if name not in told:
            kind = f"{read.array.dtype}{list(np.shape(read.array))}"
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


def _instead(call: Call, read: Read, path: str, leaf: Any) -> Finding:
    own = functions(call.function)
    if isinstance(leaf, np.ndarray) and aliases(read.array, leaf):
        return Finding(
            "aliased-state",
            read.name,
            where_named(own, read.name, stored=False),
            f"{call.name} reads `{read.name}`, which is the very array passed as {path}. Writing "
            "into that array moves the value; passing another array, or a copy, does not.",
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


def _beside(call: Call, read: Read, path: str) -> Finding:
    return Finding(
        "captured-array",
        read.name,
        where_named(functions(call.function), read.name, stored=False),
        f"{call.name} reads `{read.name}` beside {path}, and the two are one array: the derivative "
        f"by {path} leaves out what the value owes to `{read.name}`.",
        f"read {path} in place of `{read.name}`; where a constant is meant, pass a copy as data",
    )
