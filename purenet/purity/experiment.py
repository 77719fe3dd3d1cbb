"""A call, made a few times: as it is, at other parameters, with other captured values.

JAX code is traced, and its program is evaluated. Other code is called. Whatever a call changes in
memory is put back before the next one.
"""

import contextlib
import math
import time
import types
from collections.abc import Callable, Hashable, Iterator, Sequence
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from purenet import jaxprs
from purenet.purity.call import Call
from purenet.purity.copies import CannotReplaceError
from purenet.purity.held import ARRAYS, GLOBAL_RANDOM, declared, global_names, is_cache
from purenet.purity.numeric import differ, numbers, other, outputs_of
from purenet.purity.observing import DeadlineError, Observation, observed, within
from purenet.purity.reached import is_jax_code, of_function, own_functions, reached
from purenet.purity.replacing import Replaced, in_place, with_other
from purenet.purity.settings import Settings
from purenet.purity.snapshots import Change, Snapshot, changed, undone
from purenet.purity.source import last_own_line

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


class _StopTracingError(Exception):
    """Raised in the place of what would have the function traced at its values."""


class Run(NamedTuple):
    """What one observed call changed: of its arguments, and of what the function reaches."""

    arguments: list[Change]
    state: list[Change]

    @property
    def keys(self) -> set[tuple[int, Hashable]]:
        """The places that it wrote to."""
        return {change.key for change in self.state}


class Experiment:
    """A call, observed in a few runs, and ready to be made with other values.

    Attributes:
        call: what is repeated.
        is_jax: whether the function has to do with JAX at all.
        untraceable: what JAX raised when it tried to trace; None where it could, or was not asked.
        observation: what the observed calls did.
        runs: what each of them changed: as given, at other numbers, and as given.
        settings: the settings of the process that they changed.
        randomness: the global generators whose state changed meanwhile.
        used_up: the captured generators that a call has drawn from: no further call is made.
        fails: what a second call raised, None where it did not.
    """

    def __init__(self, call: Call):
        self.call = call
        self.is_jax = any(isinstance(x, jax.Array) for x in call.leaves) or is_jax_code(
            call.function
        )
        self.untraceable: Raised | None = None
        self.observation = Observation()
        self.runs: list[Run] = []
        self.settings: dict[str, None] = {}
        self.randomness: dict[str, None] = {}
        self.used_up: list[str] = []
        self.fails: Raised | None = None
        self.reached = of_function(call.function)
        # of the arguments' arrays a call gets copies
        things = [leaf for leaf in jax.tree.leaves(call.args) if not isinstance(leaf, ARRAYS)]
        self._before = Snapshot({"": call.function, "arguments": things})
        self._settings = Settings(self._modules())
        self._limit = _LONGEST
        self._traced: jaxprs.Traced | None = None
        self._first: list[np.ndarray] | None = None
        if self.is_jax:
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
        return [item.value for item in self.reached if _is_jitted(item.value)]

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
        if moved is None and not replaced and self._first is not None:
            return self._first
        limit = self._limit if moved is not None or replaced else math.inf
        moved = self.call.values if moved is None else moved
        if self._traced is None:
            work = self._replacing(replaced, lambda f: self._plain(f, moved))
            return self._kept(work if limit == math.inf else lambda: within(limit, work))
        constants = self._constants(replaced)
        if constants is not None:
            found = _evaluated(self._traced, constants, self._placed(moved))
        else:
            found = self._retraced(replaced, moved)
        if not replaced and moved is self.call.values:
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

    def names_generator(self, name: str) -> bool:
        """Whether the code that ran, or a captured function, names a global generator."""
        if {"random", "mtrand", "_rand"} & self.observation.mentions():
            return True
        return any(
            getattr(item.value, "__self__", None) is GLOBAL_RANDOM[name]
            for item in self.reached
            if isinstance(item.value, types.MethodType | types.BuiltinMethodType)
            or type(item.value).__name__ == "cython_function_or_method"
        )

    def as_compiled(self) -> tuple[list[np.ndarray], list[Any]]:
        """What the function gives with what jit froze earlier, and the arrays in that program."""
        if self._traced is None:
            return self._kept(lambda: self._plain(self.call.function, self.call.values)), []
        frozen = self._trace_of(self.call.function, afresh=False)
        return _evaluated(frozen, frozen.constants, self.leaves), list(frozen.closed.consts)

    def refused_writes(self) -> Iterator[tuple[str, Raised]]:
        """The arrays among the arguments that cannot be read-only, by name, and what was raised."""
        arguments = self.call.arguments(self.call.values)
        names = [r.name for r in reached(self.call.named(arguments)) if _is_numpy(r.value)]
        if names and self._refused(names) is not None:
            for name in names[:_MOST_ARRAYS]:
                error = self._refused([name])
                if error is not None:
                    yield name, error

    def _trace(self) -> None:
        """Trace the function, observed: twice, the second time with what the first one left.

        On tracers alone: what looks at their values is called, as all that JAX cannot trace.
        """

        def further(leaves):
            """At other data; and as given, where that has changed anything."""
            state = Snapshot({"": self.call.function})

            def calls():
                self._observed(leaves, elsewhere=True, calls=False)
                if self.runs[-1].state:
                    self._observed(leaves, calls=False)

            try:
                undone(calls, state.put_back)
            except Exception:  # other data may be outside of what the function takes
                with contextlib.suppress(Exception):
                    undone(lambda: self._observed(leaves, calls=False), state.put_back)
            return []

        def of_leaves(leaves):
            def calls():
                found = self._observed(leaves)
                if not self.used_up:
                    jax.make_jaxpr(further)(
                        [jax.ShapeDtypeStruct(x.shape, x.dtype) for x in leaves]
                    )
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
            pass
        if self._traced is None:
            self.runs.clear()
            return
        written = jaxprs.written_references(self._traced.closed)
        for item in self.reached:
            if any(item.value is reference for reference in written):
                self.runs[-1].state.append(changed(item))

    def _call(self) -> None:
        """Call the function, observed: as given, at other numbers, and as given again."""
        start = time.thread_time()

        def calls():
            self._first = list(map(numbers, self._observed(self.call.values)))
            if self.used_up:
                return
            self._limit = _LONGEST + _TIMES * (time.thread_time() - start)
            state = Snapshot({"": self.call.function})
            moved = list(map(other, self.call.values))
            try:
                within(self._limit, lambda: self._observed(moved, elsewhere=True))
            except FAILS:  # other numbers may be outside of what the function takes
                state.put_back()
            try:
                self._observed(self.call.values)
            except Exception as error:
                self.fails = Raised.of(error)

        self._kept(calls)

    def _observed(
        self, moved: Sequence[Any], *, elsewhere: bool = False, calls: bool = True
    ) -> list[Any]:
        """One call, and what it changed, which stays as it left it."""
        arguments = self.call.arguments(moved, elsewhere=elsewhere)
        given = Snapshot(self.call.named(arguments))
        state = Snapshot({"": self.call.function})
        settings = Settings(self._modules())
        output = observed(self.observation, lambda: self.call.function(*arguments), calls=calls)
        self.settings.update(dict.fromkeys(settings.changes(self.observation)))
        self.randomness.update(dict.fromkeys(settings.random_changes()))
        written = given.changes()
        theirs = {change.key for change in written}
        self.runs.append(Run(written, [c for c in state.changes() if c.key not in theirs]))
        self.used_up = state.used_up
        return outputs_of(output)

    def _plain(self, function: Callable, moved: Sequence[Any]) -> list[np.ndarray]:
        return [numbers(out) for out in outputs_of(function(*self.call.arguments(moved)))]

    def _kept(self, work: Callable[[], Any]) -> Any:
        """``work()``; what it changes in memory is put back."""

        def put_back():
            self._before.put_back()
            self._settings.put_back(self._settings.changes(self.observation))
            drawn = self._settings.random_changes()
            self._settings.put_back(name for name in drawn if self.names_generator(name))

        return undone(work, put_back)

    def _replacing(self, replaced: Replaced, work: Callable[[Callable], Any]) -> Callable[[], Any]:
        """``work`` of the function with other captured values, to be done."""
        if not replaced:
            return lambda: work(self.call.function)
        try:
            made = with_other(self.call.function, replaced)
        except CannotReplaceError:
            if len(replaced) > 1:
                raise
            ((item, new),) = replaced
            return lambda: in_place(item.value, new, lambda: self._uncached(work))
        return lambda: work(made)

    def _uncached(self, work: Callable[[Callable], Any]) -> Any:
        """``work`` of the function; what caches have kept of it is wrong, and is let go."""
        caches = [item.value for item in self.reached if is_cache(item.value)]
        before = [cache.cache_info().misses for cache in caches]

        def clear() -> None:
            for cache, misses in zip(caches, before, strict=True):
                if cache.cache_info().misses != misses:
                    cache.cache_clear()

        return undone(lambda: work(self.call.function), clear)

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

    def _retraced(self, replaced: Replaced, moved: Sequence[Any]) -> list[np.ndarray]:
        def of(function):
            traced = self._trace_of(function, afresh=True)
            return _evaluated(traced, traced.constants, self._placed(moved))

        return self._replacing(replaced, of)()

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
            if item.name in names and _is_numpy(item.value):
                item.value.flags.writeable = False
        try:
            self._kept(lambda: self.call.function(*arguments))
        except ValueError as error:
            return Raised.of(error) if "read-only" in str(error) else None
        except Exception:
            return None
        return None

    def _modules(self) -> list[types.ModuleType]:
        """The modules that the caller's own functions name."""
        named = [
            value for f in own_functions(self.call.function) for value in global_names(f).values()
        ]
        return [value for value in named if isinstance(value, types.ModuleType)]


def _evaluated(
    traced: jaxprs.Traced, constants: Sequence[Any], leaves: Sequence[Any]
) -> list[np.ndarray]:
    outputs = jaxprs.evaluated(traced.program, [*map(_apart, constants)], leaves, ends=True)
    return [numbers(out) for out in outputs]


def _apart(constant: Any) -> Any:
    return jax.new_ref(constant[...]) if isinstance(constant, jax.Ref) else constant


def _is_jitted(thing: Any) -> bool:
    return declared(thing, "_cache_size") is not None and declared(thing, "__wrapped__") is not None


def _is_numpy(thing: Any) -> bool:
    return isinstance(thing, np.ndarray)
