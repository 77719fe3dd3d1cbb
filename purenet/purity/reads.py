"""Which captured arrays a call reads: in the place of a parameter, beside one, or as data."""

import re

import jax.numpy as jnp
import numpy as np

from purenet import jaxprs
from purenet.fd.point import Point
from purenet.purity.arguments import arguments_by_name
from purenet.purity.experiment import Experiment
from purenet.purity.members import ARRAYS
from purenet.purity.object_graph import Reached, captured_arrays, captured_numbers, reached
from purenet.purity.runs import FAILS
from purenet.purity.substitution import CannotReplaceError, auditing
from purenet.purity.values import differ, perturbed

_MOST = 32  # captured arrays that are tried


class Reads:
    """Which captured arrays a call reads: found by giving it others, each asked for once.

    Attributes:
        captured: the arrays of floating-point numbers that the function can reach.
        untried: why, by name, of those for which no other value could be given.
    """

    def __init__(self, experiment: Experiment):
        self._experiment = experiment
        self._decides: dict[str, bool] = {}
        self.untried: dict[str, str] = {}
        self.captured = [
            thing
            for thing in captured_arrays(experiment.point.function)
            if jnp.issubdtype(thing.value.dtype, np.inexact) and not jaxprs.is_traced(thing.value)
        ]

    def in_place_of(self, leaf: int) -> list[Reached]:
        """What is read in place of a leaf that can move: what has its shape, the likeliest alone.

        The same array, or the same place in a container, comes before one of equal content, that
        before one of the same last name. Numbers are named only where they are the likeliest:
        others are settings.
        """
        point = self._experiment.point
        value, path = point.moved[leaf], point.moved_paths[leaf]
        numbers = captured_numbers(point.function) if isinstance(value, int | float) else []
        alike = [r for r in self.captured if np.shape(r.value) == np.shape(value)]
        candidates = [*alike, *numbers]
        likeliest = [
            [read for read in candidates if aliases(read, point, leaf)],
            # a view has another shape, and moves with the leaf all the same
            [read for read in self.captured if aliases(read, point, leaf)],
            [
                r
                for r in candidates
                if isinstance(r.value, ARRAYS) and np.array_equal(r.value, value)
            ],
            [read for read in candidates if _last(read.name) == _last(path)],
        ]
        for likely in likeliest:
            tried = [(read, self.decides(read)) for read in likely[:_MOST]]
            found = [read for read, is_read in tried if is_read or read.name in self.untried]
            if found:
                return found
        return [read for read in alike[:_MOST] if self.decides(read)]

    def beside(self, leaf: int) -> list[Reached]:
        """What is one array with a leaf, and read beside it."""
        one = [read for read in self.captured if aliases(read, self._experiment.point, leaf)]
        return [read for read in one if self.decides(read)]

    def all(self) -> list[Reached]:
        """All that are read, as far as they are tried."""
        return [read for read in self.captured[:_MOST] if self.decides(read)]

    def decides(self, read: Reached) -> bool:
        """Whether the value changes with a captured array."""
        key = read.name
        if key not in self._decides:
            try:
                base = self._experiment.outputs()
                changed = self._experiment.outputs(replaced=[(read, perturbed(read.value))])
                self._decides[key] = differ(base, changed)
            except CannotReplaceError as error:
                self.untried[key], self._decides[key] = str(error), False
            except FAILS:  # what other numbers make it raise is not accused
                self._decides[key] = False
        return self._decides[key]


def read_instead(point: Point, path: str) -> list[str]:
    """The names of the captured arrays that decide a call's value in place of an ignored leaf.

    Those of the leaf's shape, or where there are none, all. The function is called a few times;
    where it cannot be called so, nothing is accused.
    """
    with auditing():
        try:
            experiment = Experiment(point)
            reads, leaf = Reads(experiment), experiment.point.moved_paths.index(path)
            found = reads.in_place_of(leaf) or reads.all()
            return [read.name for read in found]
        except FAILS:
            return []


def aliases(read: Reached, point: Point, leaf: int) -> bool:
    """Whether a captured thing and a leaf are one array, one memory, or one place in a list."""
    value = point.moved[leaf]
    if isinstance(value, np.ndarray) and isinstance(read.value, np.ndarray):
        return np.shares_memory(read.value, value)
    if isinstance(read.value, ARRAYS):
        return read.value is value
    path = point.moved_paths[leaf]
    return any(
        item.name == path and item.holder is read.holder and item.key == read.key
        for item in reached(arguments_by_name(point, point.args))
    )


def _last(name: str) -> str:
    """The last attribute or item of a name: ``b`` of ``net.params['b']`` and of ``p['b']``."""
    return (re.findall(r"\w+", name) or [name])[-1]
