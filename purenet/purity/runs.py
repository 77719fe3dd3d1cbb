"""A call, observed in a few runs: what it changed, and what it did beside.

JAX code is traced, other code is called. Whatever a call changes in memory is put back after it.
"""

import contextlib
import functools
import math
import time
import types
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any, NamedTuple

import jax
import numpy as np

from purenet import jaxprs
from purenet.fd.point import Point
from purenet.purity.arguments import arguments_by_name, new_arguments, numeric
from purenet.purity.attributes import declared
from purenet.purity.effects import Observation, observed
from purenet.purity.guards import DeadlineError, Raised, undone, within
from purenet.purity.members import ARRAYS, GLOBAL_RANDOM
from purenet.purity.object_graph import is_jax_code, of_function, own_functions
from purenet.purity.process_settings import RANDOM, Settings
from purenet.purity.snapshots import Change, Snapshot
from purenet.purity.source import is_opaque, where_named
from purenet.purity.values import as_numpy, outputs_of, perturbed

# what JAX raises where a function asks a tracer for its number
NEEDS_NUMBERS = (
    jax.errors.ConcretizationTypeError,
    jax.errors.TracerArrayConversionError,
    jax.errors.NonConcreteBooleanIndexError,
    jax.errors.TracerIntegerConversionError,
)
# what a call at other numbers may end with
FAILS = (Exception, DeadlineError)

_LONGEST, _TIMES = 1.0, 10.0  # CPU seconds, and times the first call, that another call may take


class Run(NamedTuple):
    """What one observed call changed: of its arguments, and of what the function reaches."""

    arguments: list[Change]
    state: list[Change]


class Runs:
    """A call, observed in a few runs: as given, at other data, and as given again.

    Attributes:
        call: what is repeated.
        untraceable: what JAX raised when it tried to trace; None where it could, or was not asked.
        observation: what the observed calls did.
        runs: what each of them changed: as given, at other numbers, and as given.
        settings: the settings of the process, global random states among them, that they changed.
        used_up: the captured generators that a call has drawn from: no further call is made.
        fails: what a second call raised, None where it did not.
        reached: all that the function can reach.
        program: the function's program; None where it is called.
        first: what the first call gave, None where it is not known yet.
        limit: the CPU seconds that a call at other numbers may take.
    """

    def __init__(self, point: Point):
        self.point = point
        self.untraceable: Raised | None = None
        self.observation = Observation()
        self.runs: list[Run] = []
        self.settings: dict[str, None] = {}
        self.used_up: list[str] = []
        self.fails: Raised | None = None
        self.reached = of_function(point.function)
        # of the arguments' arrays a call gets copies
        things = [leaf for leaf in jax.tree.leaves(point.args) if not isinstance(leaf, ARRAYS)]
        self._before = Snapshot({"": point.function, "arguments": things})
        self._settings = Settings()
        self.limit = math.inf
        self.program: jaxprs.Traced | None = None
        self.first: list[np.ndarray] | None = None
        if any(isinstance(x, jax.Array) for x in point.leaves) or is_jax_code(point.function):
            self._trace()
        if self.program is None:
            self.point = replace(point, movable=numeric(point))
            self._call()

    @property
    def traces(self) -> bool:
        """Whether the function is repeated by its program."""
        return self.program is not None

    @property
    def traced(self) -> jaxprs.Traced:
        """The program; its mutable references are copies: to evaluate it writes nothing.

        Its constants are JAX's arrays: of one of NumPy's JAX remembers in which dtype it was used.
        """
        assert self.program is not None
        closed, constants = self.program.closed, self.program.constants
        consts = list(map(apart, constants[len(constants) - len(closed.consts) :]))
        return self.program._replace(closed=closed.replace(consts=consts))

    def where(self, name: str, *, stored: bool = False) -> str:
        """The line, in the code that ran, that reads what a name ends in, or stores to it."""
        return where_named(self.functions, name, stored=stored)

    @functools.cached_property
    def functions(self) -> list[types.FunctionType]:
        """The caller's own functions, in the order in which they ran; then those that did not."""
        order = self.observation.order
        own = own_functions(self.point.function)
        return sorted(own, key=lambda function: order.get(id(function.__code__), len(order)))

    def draws_by_method(self, generator: str) -> bool:
        """Whether a method of a global generator is held, as random.random and np.random.rand."""
        own = GLOBAL_RANDOM[generator]
        return any(own and declared(item.value, "__self__") is own for item in self.reached)

    @property
    def jitted(self) -> list[Any]:
        """What of the caller's own is jitted."""
        return [
            item.value
            for item in self.reached
            if declared(item.value, "_cache_size") is not None
            and declared(item.value, "__wrapped__") is not None
        ]

    def kept(self, work: Callable[[], Any]) -> Any:
        """``work()``; what it changes in memory is put back."""

        def put_back():
            self._before.put_back()
            self._settings.put_back(self._settings.changes(self._mentioned))

        return undone(work, put_back)

    def afresh(self) -> contextlib.AbstractContextManager:
        """A block in which what is jitted is traced again."""
        return jaxprs.traced_afresh() if self.jitted else contextlib.nullcontext()

    def _trace(self) -> None:
        """Trace the function, observed: twice, the second time with what the first one left.

        Where the data decide, it is traced at the data. Where a parameter's value does, it is
        called, as all that JAX cannot trace.
        """
        asked: list[Raised] = []

        def of_leaves(leaves):
            self.runs.clear()

            def calls():
                found = self._observed(leaves)
                if not self.used_up:
                    shapes = [jax.ShapeDtypeStruct(x.shape, x.dtype) for x in leaves]
                    jax.make_jaxpr(lambda leaves: self._further(leaves, leaves))(shapes)
                return found

            try:
                return self.kept(calls)
            except NEEDS_NUMBERS as error:
                asked.append(Raised.of(error))
                raise

        try:
            with self.afresh():
                self.program = jaxprs.trace(of_leaves, self.point.moved)
        except NEEDS_NUMBERS:
            pass
        except Exception:  # the function's own, which comes again, or one that traces alone raise
            asked.clear()
        self.fails = None
        if self.program is None or self.program.decides:
            self.program = None
            self.untraceable = asked[0] if asked else None
            self.runs.clear()
            return
        self._leave_to_packages()
        written = jaxprs.written_references(self.program.closed)
        for name, value, *_ in self.reached:
            if any(value is reference for reference in written):
                self.runs[-1].state.append(Change(name, value))

    def _leave_to_packages(self) -> None:
        """Drop the changes in objects of other packages that a call on numbers does not make.

        Of tracers nobody knows whether they are equal: nnx.jit puts others in all the places.
        """
        changes = [c for run in self.runs for c in (*run.arguments, *run.state)]
        if not any(is_opaque(change.holder) for change in changes) or self.used_up:
            return
        with contextlib.suppress(Exception):
            self.kept(lambda: self._observed(self.point.moved, calls=False))
            last = self.runs.pop()
            made = {change.name for change in (*last.arguments, *last.state)}

            def kept(part: list[Change]) -> list[Change]:
                return [c for c in part if not is_opaque(c.holder) or c.name in made]

            self.runs = [Run(kept(run.arguments), kept(run.state)) for run in self.runs]

    def _call(self) -> None:
        """Call the function, observed: as given, at other numbers, and as given again."""
        start = time.thread_time()

        def calls():
            self.first = list(map(as_numpy, self._observed(self.point.moved)))
            if not self.used_up:
                self.limit = _LONGEST + _TIMES * (time.thread_time() - start)
                self._further(list(map(perturbed, self.point.moved)), self.point.moved)

        self.kept(calls)

    def _further(self, moved: Sequence[Any], given: Sequence[Any]) -> list:
        """A call at other data, with what the first one left, and one as given after that."""
        state, calls = Snapshot({"": self.point.function}), moved is not given

        def further() -> list:
            try:
                within(self.limit, lambda: self._observed(moved, elsewhere=True, calls=calls))
                if not calls and not self.runs[-1].state:
                    return []  # a trace alike
            except FAILS:  # other numbers may be outside of what the function takes
                state.put_back()
            try:
                self._observed(given, calls=calls)
            except Exception as error:
                self.fails = Raised.of(error)
            return []

        return undone(further, state.put_back)

    def _observed(
        self, moved: Sequence[Any], *, elsewhere: bool = False, calls: bool = True
    ) -> list[Any]:
        """One call, and what it changed, which stays as it left it."""
        arguments = new_arguments(self.point, moved, elsewhere=elsewhere)
        given = Snapshot(arguments_by_name(self.point, arguments))
        state = Snapshot({"": self.point.function})
        settings = Settings()
        output = observed(self.observation, lambda: self.point.function(*arguments), calls=calls)
        self.settings.update(dict.fromkeys(settings.changes(self._mentioned)))
        written = given.changes()
        theirs = {change.place for change in written}
        self.runs.append(Run(written, [c for c in state.changes() if c.place not in theirs]))
        self.used_up = state.used_up
        return outputs_of(output)

    def _mentioned(self) -> set[str]:
        """The names in the code that ran, a global generator's among them if its method is held."""
        found = self.observation.mentions()
        if not found.isdisjoint(("mtrand", "_rand")) or any(map(self.draws_by_method, RANDOM)):
            found.add("random")
        return found


def apart(constant: Any) -> Any:
    """A constant of a program; of a mutable reference a copy."""
    return jax.new_ref(constant[...]) if isinstance(constant, jax.Ref) else constant
