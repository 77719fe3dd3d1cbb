"""A call, made a few times: as it is, at other parameters, with other captured values.

JAX code is traced, and its program is evaluated. Other code is called. Whatever a call changes in
memory is put back before the next one.
"""

import contextlib
import math
import time
import types
from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from purenet import jaxprs
from purenet.purity.call import Call
from purenet.purity.effects import Observation, observed
from purenet.purity.guards import DeadlineError, undone, within
from purenet.purity.members import ARRAYS, GLOBAL_RANDOM, declared
from purenet.purity.object_graph import is_jax_code, of_function, own_functions, reached
from purenet.purity.process_settings import Settings
from purenet.purity.snapshots import Change, Snapshot
from purenet.purity.source import last_own_line
from purenet.purity.substitution import CannotReplaceError, Replaced, in_place, with_other
from purenet.purity.values import as_numpy, differ, outputs_of, perturbed

# what JAX raises where a function asks a tracer for its number
NEEDS_NUMBERS = (
    jax.errors.ConcretizationTypeError,
    jax.errors.TracerArrayConversionError,
    jax.errors.NonConcreteBooleanIndexError,
    jax.errors.TracerIntegerConversionError,
)
# what a call at other numbers may end with
FAILS = (Exception, DeadlineError)

_MOST_ARRAYS = 32  # of the arguments, that are made read-only one by one
_LONGEST, _TIMES = 1.0, 10.0  # CPU seconds, and times the first call, that another call may take


class Raised(NamedTuple):
    """An exception, told without keeping it: its frames would keep tracers."""

    kind: str
    message: str
    where: str

    @classmethod
    def of(cls, error: BaseException) -> "Raised":
        """What an exception says, and the innermost line of the caller's own that it came from."""
        message = str(error).splitlines()[0] if str(error) else ""
        return cls(type(error).__name__, message, last_own_line(error))


class Run(NamedTuple):
    """What one observed call changed: of its arguments, and of what the function reaches."""

    arguments: list[Change]
    state: list[Change]


class Experiment:
    """A call, observed in a few runs, and ready to be made with other values.

    Attributes:
        call: what is repeated.
        untraceable: what JAX raised when it tried to trace; None where it could, or was not asked.
        observation: what the observed calls did.
        runs: what each of them changed: as given, at other numbers, and as given.
        settings: the settings of the process, global random states among them, that they changed.
        used_up: the captured generators that a call has drawn from: no further call is made.
        fails: what a second call raised, None where it did not.
        reached: all that the function can reach.
    """

    def __init__(self, call: Call):
        self.call = call
        self.untraceable: Raised | None = None
        self.observation = Observation()
        self.runs: list[Run] = []
        self.settings: dict[str, None] = {}
        self.used_up: list[str] = []
        self.fails: Raised | None = None
        self.reached = of_function(call.function)
        # of the arguments' arrays a call gets copies
        things = [leaf for leaf in jax.tree.leaves(call.args) if not isinstance(leaf, ARRAYS)]
        self._before = Snapshot({"": call.function, "arguments": things})
        self._settings = Settings(self._modules)
        self._limit = math.inf
        self._traced: jaxprs.Traced | None = None
        self._first: list[np.ndarray] | None = None
        if any(isinstance(x, jax.Array) for x in call.leaves) or is_jax_code(call.function):
            self._trace()
        if self._traced is None:
            self.call = call._replace(movable=call.numeric)
            self._call()

    @property
    def traces(self) -> bool:
        """Whether the function is repeated by its program."""
        return self._traced is not None

    @property
    def traced(self) -> jaxprs.Traced:
        """The program; its mutable references are copies, so that to evaluate it writes nothing."""
        assert self._traced is not None
        consts = list(map(_apart, self._traced.closed.consts))
        return self._traced._replace(closed=self._traced.closed.replace(consts=consts))

    @property
    def leaves(self) -> list[Any]:
        """The values that can move, in the dtypes that the program takes."""
        return self._placed(self.call.values)

    @property
    def functions(self) -> list[types.FunctionType]:
        """The caller's own functions, in the order in which they ran; then those that did not."""
        order = self.observation.order
        own = own_functions(self.call.function)
        return sorted(own, key=lambda function: order.get(id(function.__code__), len(order)))

    @property
    def jitted(self) -> list[Any]:
        """What of the caller's own is jitted."""
        return [
            item.value
            for item in self.reached
            if declared(item.value, "_cache_size") is not None
            and declared(item.value, "__wrapped__") is not None
        ]

    def outputs(
        self, moved: Sequence[Any] | None = None, replaced: Replaced = ()
    ) -> list[np.ndarray]:
        """What the function gives.

        Code that JAX cannot trace raises `DeadlineError` where it takes very much longer than at
        the numbers given: other numbers can send a loop round for ever.

        Args:
            moved: other values of the leaves that can move.
            replaced: captured arrays and numbers, each with what stands in its place.

        Raises:
            CannotReplaceError: where none can stand there.
        """
        as_given = moved is None and not replaced
        if as_given and self._first is not None:
            return self._first
        moved = self.call.values if moved is None else moved
        if self._traced is None:
            limit = math.inf if as_given else self._limit
            return self._kept(
                lambda: within(
                    limit, lambda: self._with_other(replaced, lambda f: self._plain(f, moved))
                )
            )
        constants = self._constants(replaced)
        if constants is not None:
            found = _evaluated(self._traced, constants, self._placed(moved))
        else:
            found = self._with_other(replaced, lambda f: self._evaluated_afresh(f, moved))
        if as_given:
            self._first = found
        return found

    def repeated(self) -> tuple[list[np.ndarray], list[np.ndarray]] | None:
        """What two calls give, from equal inputs and equal state; None where that is seen equal.

        Sets ``fails`` where the second one raises.
        """
        try:
            if self._traced is None:
                again = self._kept(lambda: self._plain(self.call.function, self.call.values))
                return self.outputs(), again
            traced = self._trace_of(self.call.function, afresh=True)
            if traced.is_same(self._traced):
                return None
            return self.outputs(), _evaluated(traced, traced.constants, self.leaves)
        except Exception as error:  # the first call did not raise
            self.fails = Raised.of(error)
            return None

    def follows(self, generator: str) -> bool:
        """Whether the first value comes again where a global generator stands as it did then."""
        self._settings.put_back([generator])
        two = self.repeated()
        return two is None or not differ(*two)

    def as_compiled(self) -> tuple[list[np.ndarray], list[Any]]:
        """What the function gives with what jit froze earlier, and the arrays in that program."""
        if self._traced is None:
            return self._kept(lambda: self._plain(self.call.function, self.call.values)), []
        frozen = self._trace_of(self.call.function, afresh=False)
        return _evaluated(frozen, frozen.constants, self.leaves), list(frozen.closed.consts)

    def refused_writes(self) -> Iterator[tuple[str, Raised]]:
        """The arrays among the arguments that cannot be read-only, by name, and what was raised."""
        given = self.call.named(self.call.arguments(self.call.values))
        names = [item.name for item in reached(given) if isinstance(item.value, np.ndarray)]
        if names and self._refused(names) is not None:
            for name in names[:_MOST_ARRAYS]:
                error = self._refused([name])
                if error is not None:
                    yield name, error

    def _trace(self) -> None:
        """Trace the function, observed: twice, the second time with what the first one left.

        On tracers alone: what looks at their values is called, as all that JAX cannot trace.
        """

        def of_leaves(leaves):
            def calls():
                found = self._observed(leaves)
                if not self.used_up:
                    shapes = [jax.ShapeDtypeStruct(x.shape, x.dtype) for x in leaves]
                    jax.make_jaxpr(lambda leaves: self._further(leaves, leaves))(shapes)
                return found

            try:
                return self._kept(calls)
            except NEEDS_NUMBERS as error:
                self.untraceable = Raised.of(error)
                raise _StopTracingError from error

        try:
            with self._afresh():
                self._traced = jaxprs.trace(of_leaves, self.call.values)
        except Exception:  # the function's own, which comes again, or one that traces alone raise
            self.runs.clear()
            return
        self.fails = None
        written = jaxprs.written_references(self._traced.closed)
        for name, value, *_ in self.reached:
            if any(value is reference for reference in written):
                self.runs[-1].state.append(Change(name, value))

    def _call(self) -> None:
        """Call the function, observed: as given, at other numbers, and as given again."""
        start = time.thread_time()

        def calls():
            self._first = list(map(as_numpy, self._observed(self.call.values)))
            if not self.used_up:
                self._limit = _LONGEST + _TIMES * (time.thread_time() - start)
                self._further(list(map(perturbed, self.call.values)), self.call.values)

        self._kept(calls)

    def _further(self, moved: Sequence[Any], given: Sequence[Any]) -> list:
        """A call at other data, with what the first one left, and one as given after that."""
        state, calls = Snapshot({"": self.call.function}), moved is not given

        def further() -> list:
            try:
                within(self._limit, lambda: self._observed(moved, elsewhere=True, calls=calls))
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
        arguments = self.call.arguments(moved, elsewhere=elsewhere)
        given = Snapshot(self.call.named(arguments))
        state = Snapshot({"": self.call.function})
        settings = Settings(self._modules)
        output = observed(self.observation, lambda: self.call.function(*arguments), calls=calls)
        self.settings.update(dict.fromkeys(settings.changes(self._mentions)))
        written = given.changes()
        theirs = {change.place for change in written}
        self.runs.append(Run(written, [c for c in state.changes() if c.place not in theirs]))
        self.used_up = state.used_up
        return outputs_of(output)

    def _plain(self, function: Callable, moved: Sequence[Any]) -> list[np.ndarray]:
        return [as_numpy(out) for out in outputs_of(function(*self.call.arguments(moved)))]

    def _kept(self, work: Callable[[], Any]) -> Any:
        """``work()``; what it changes in memory is put back."""

        def put_back():
            self._before.put_back()
            self._settings.put_back(self._settings.changes(self._mentions))

        return undone(work, put_back)

    def _with_other(self, replaced: Replaced, work: Callable[[Callable], Any]) -> Any:
        """``work`` of the function with other captured values."""
        if not replaced:
            return work(self.call.function)
        try:
            made = with_other(self.call.function, replaced)
        except CannotReplaceError:
            if len(replaced) > 1:
                raise
            ((item, new),) = replaced
            return in_place(item.value, new, lambda: work(self.call.function))
        return work(made)

    def _constants(self, replaced: Replaced) -> list[Any] | None:
        """The program's constants with others among them; None where some are none of its."""
        assert self._traced is not None
        constants, closed = list(self._traced.constants), self._traced.closed.consts
        extra = len(constants) - len(closed)  # what opening the program has brought in comes first
        for item, new in replaced:
            at = [i for i, constant in enumerate(closed) if constant is item.value]
            if not at:
                return None
            for i in at:
                constants[extra + i] = jnp.asarray(new, jnp.result_type(item.value))
        return constants

    def _evaluated_afresh(self, function: Callable, moved: Sequence[Any]) -> list[np.ndarray]:
        traced = self._trace_of(function, afresh=True)
        return _evaluated(traced, traced.constants, self._placed(moved))

    def _trace_of(self, function: Callable, *, afresh: bool) -> jaxprs.Traced:
        def of_leaves(leaves):
            return self._kept(lambda: outputs_of(function(*self.call.arguments(leaves))))

        with self._afresh() if afresh else contextlib.nullcontext():
            return jaxprs.trace(of_leaves, self.call.values)

    def _afresh(self) -> contextlib.AbstractContextManager:
        return jaxprs.traced_afresh() if self.jitted else contextlib.nullcontext()

    def _placed(self, moved: Sequence[Any]) -> list[Any]:
        dtypes = self.traced.input_dtypes
        return [jnp.asarray(value, dtype) for value, dtype in zip(moved, dtypes, strict=True)]

    def _refused(self, names: Sequence[str]) -> Raised | None:
        """What is raised where some of the arguments' arrays are read-only."""
        arguments = self.call.arguments(self.call.values)
        for item in reached(self.call.named(arguments)):
            if item.name in names and isinstance(item.value, np.ndarray):
                item.value.flags.writeable = False
        try:
            self._kept(lambda: self.call.function(*arguments))
        except Exception as error:
            is_refused = isinstance(error, ValueError) and "read-only" in str(error)
            return Raised.of(error) if is_refused else None
        return None

    @property
    def _modules(self) -> list[types.ModuleType]:
        """The modules that the caller's own functions name."""
        return [item.value for item in self.reached if isinstance(item.value, types.ModuleType)]

    def _mentions(self, *, own: bool) -> set[str]:
        """The names in the code that ran, a global generator's among them if its function is held.

        Args:
            own: whether of the caller's own code alone.
        """
        found = self.observation.mentions(own=own)
        if not found.isdisjoint(("mtrand", "_rand")) or any(map(_draws_globally, self.reached)):
            found.add("random")
        return found


class _StopTracingError(Exception):
    """Raised in the place of what would have the function traced at its values."""


def _evaluated(
    traced: jaxprs.Traced, constants: Sequence[Any], leaves: Sequence[Any]
) -> list[np.ndarray]:
    outputs = jaxprs.evaluated(traced.program, [*map(_apart, constants)], leaves, ends=True)
    return [as_numpy(out) for out in outputs]


def _apart(constant: Any) -> Any:
    return jax.new_ref(constant[...]) if isinstance(constant, jax.Ref) else constant


def _draws_globally(item: Any) -> bool:
    """Whether a thing is a method of a global generator, as random.random and np.random.rand."""
    owner = declared(item.value, "__self__")
    return owner is not None and any(owner is each for each in GLOBAL_RANDOM.values())
