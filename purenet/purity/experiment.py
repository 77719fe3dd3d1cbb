"""Running a function on copies: at other parameters, with other captured arrays, repeatedly."""

import contextlib
import math
import time
from collections.abc import Callable, Hashable, Iterator, Sequence
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from purenet import jaxprs
from purenet.purity.call import Call
from purenet.purity.deadline import DeadlineError, deadline
from purenet.purity.numbers import other
from purenet.purity.reached import ARRAYS, Reached, is_jax_code, of_function, reached
from purenet.purity.settings import settings_kept
from purenet.purity.state import Change, Snapshot, changed_whole
from purenet.purity.watch import drawing
from purenet.purity.world import World

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


# captured things, each with what is to stand in its place
Replaced = Sequence[tuple[Reached, Any]]


class Run(NamedTuple):
    """A few calls of one copy of a function.

    Attributes:
        changes: what each call changed of what the function captured.
        written: the keys under which each call put another object, be it of equal content.
        argument_changes: what each call changed of its arguments.
        randomness: the global generators that were drawn from, or seeded.
        settings: the settings of the process that were changed.
    """

    changes: list[list[Change]]
    written: list[set[tuple[int, Hashable]]]
    argument_changes: list[list[Change]]
    randomness: dict[str, None]
    settings: dict[str, None]


class Experiment:
    """A call, repeated on copies: by its traced program where JAX can trace it, else as it is.

    Attributes:
        call: what is repeated.
        is_jax: whether the function has to do with JAX at all.
        untraceable: what JAX raised when it tried to trace; None where it could, or was not asked.
    """

    def __init__(self, call: Call):
        self.call = call
        on_jax = any(isinstance(leaf, jax.Array) for leaf in call.leaves)
        self.is_jax = on_jax or is_jax_code(call.function)
        self.untraceable: Exception | None = None
        self._is_opaque = False
        self._limit = _LONGEST
        if self.is_jax:
            self._try_to_trace()
        if not self.traces:
            self.call = call._replace(movable=call.numeric)

    @property
    def traces(self) -> bool:
        """Whether the function is repeated by its program."""
        return self.is_jax and self.untraceable is None and not self._is_opaque

    def outputs(
        self, moved: Sequence[Any] | None = None, replaced: Replaced = ()
    ) -> list[np.ndarray]:
        """What a fresh copy of the function gives.

        Code that JAX cannot trace raises `DeadlineError` where it takes very much longer than at
        the numbers given: other numbers can send a loop round for ever.

        Args:
            moved: other values of the leaves that can move.
            replaced: captured arrays and numbers, each with what stands in its place. The
                arguments are copied apart from what is captured, also where the two are one array.
        """
        limit = self._limit if moved is not None or replaced else math.inf
        moved = self.call.values if moved is None else moved
        if self.traces:
            return evaluated(self.program(replaced), self.call, moved)
        world, apart = _with(replaced), World()
        function = world.copied(self.call.function)
        with world.at_work(), drawing(), settings_kept(), deadline(limit):
            output = function(*self.call.arguments(apart, _fresh(moved)))
        return [_numbers(out) for out in jax.tree.leaves(output) if _is_number(out)]

    def program(self, replaced: Replaced = ()) -> Callable:
        """A fresh copy of the function, of the leaves that can move; to trace."""

        def of_leaves(moved):
            world, apart = _with(replaced), World()
            function = world.copied(self.call.function)
            with world.at_work(), drawing(), settings_kept():
                output = function(*self.call.arguments(apart, moved))
            return [out for out in jax.tree.leaves(output) if _is_number(out)]

        return of_leaves

    def refused_writes(self) -> Iterator[tuple[str, Exception]]:
        """The arrays among the arguments that cannot be read-only, by name, and what was raised."""
        arrays = [r for r in reached(self.call.named_arguments) if isinstance(r.value, np.ndarray)]
        if arrays and self._refused([item.value for item in arrays]) is not None:
            for item in arrays[:_MOST_ARRAYS]:
                error = self._refused([item.value])
                if error is not None:
                    yield item.name, error

    def _refused(self, arrays: Sequence[np.ndarray]) -> Exception | None:
        """What a copy raises where copies of some of its arguments' arrays are read-only."""
        world = World()
        for array in arrays:
            world.copied(array).flags.writeable = False
        function = world.copied(self.call.function)
        try:
            with world.at_work(), drawing(), settings_kept(), deadline(self._limit):
                function(*map(world.copied, self.call.args))
        except ValueError as error:
            return error if "read-only" in str(error) and "buffer" not in str(error) else None
        except FAILS:  # not for this reason
            return None
        return None

    def repeated(self) -> Run:
        """Three calls of one copy: as given, at other numbers, as given."""
        world = World()
        function = world.copied(self.call.function)
        run = Run([], [], [], {}, {})
        start = time.thread_time()
        with world.at_work():
            self._once(world, function, run, self.call.values)
            self._limit = _LONGEST + _TIMES * (time.thread_time() - start)
            try:
                numbers = list(map(other, self.call.values))
                self._once(self._elsewhere(), function, run, numbers, self._limit)
            except FAILS:  # other numbers may be outside of what the function takes
                self._once(World(), function, run, self.call.values)
            self._once(World(), function, run, self.call.values)
        return run

    def _elsewhere(self) -> World:
        """A world in which the data, too, are other numbers."""
        data = [a for i, a in enumerate(self.call.args) if i not in self.call.positions]
        arrays = [leaf for leaf in jax.tree.leaves(data) if isinstance(leaf, ARRAYS)]
        floats = [array for array in arrays if jnp.issubdtype(array.dtype, np.floating)]
        return World({id(array): other(array) for array in floats})

    def _once(
        self,
        world: World,
        function: Callable,
        run: Run,
        moved: Sequence[Any],
        limit: float | None = None,
    ) -> None:
        """One call; a limit in seconds is on the function's own part, not on the snapshots."""
        given = []

        def call(leaves):
            arguments = self.call.arguments(world, leaves)
            given.extend([Snapshot(self.call.named(arguments)), Snapshot({"": function})])
            limited = contextlib.nullcontext() if limit is None else deadline(limit)
            with drawing() as used, settings_kept() as changed, limited:
                output = function(*arguments)
            run.randomness.update(used)
            run.settings.update(changed)
            return [out for out in jax.tree.leaves(output) if _is_number(out)]

        written = []
        if self.traces:
            written = jaxprs.written_references(jax.make_jaxpr(call)(list(moved)))
        else:
            call([world.copied(leaf) for leaf in moved])
        arguments, state = (snapshot.changes() for snapshot in given[-2:])
        for item in of_function(function):
            if any(item.value is reference for reference in written):
                state.append(changed_whole(item))
        theirs = {change.key for change in arguments}
        run.argument_changes.append(arguments)
        run.written.append(given[-1].replaced())
        run.changes.append([change for change in state if change.key not in theirs])

    def _try_to_trace(self) -> None:
        try:
            jax.make_jaxpr(self.program())(self.call.values)
        except NEEDS_NUMBERS as error:
            self.untraceable = error
        except Exception:  # the function's own, which comes again, or one that traces alone raise
            self._is_opaque = True


def evaluated(program: Callable, call: Call, moved: Sequence[Any]) -> list[np.ndarray]:
    """The outputs of a function of a call's leaves, traced at the call's and evaluated at others.

    Loops end, and nothing is printed; see `purenet.jaxprs.evaluated`.
    """
    traced = jaxprs.trace(program, call.values)
    dtypes = traced.input_dtypes
    leaves = [jnp.asarray(value, dtype) for value, dtype in zip(moved, dtypes, strict=True)]
    outputs = jaxprs.evaluated(traced.program, traced.constants, leaves, ends=True)
    return [_numbers(out) for out in outputs]


def _with(replaced: Replaced) -> World:
    """A world in which arrays are replaced wherever they are reached, numbers where they stand."""
    arrays = {id(r.value): new for r, new in replaced if isinstance(r.value, ARRAYS)}
    world = World(arrays)
    for thing, new in replaced:
        if not isinstance(thing.value, ARRAYS):
            world.put(thing.holder, thing.key, new)
    return world


def _fresh(values: Sequence[Any]) -> list[Any]:
    return [value.copy() if isinstance(value, np.ndarray) else value for value in values]


def _is_number(out: Any) -> bool:
    dtype = getattr(out, "dtype", None)
    if dtype is not None and jnp.issubdtype(dtype, jax.dtypes.extended):
        return True
    return isinstance(out, bool | int | float | complex) or (
        dtype is not None and np.dtype(dtype) != np.dtype(object)
    )


def _numbers(out: Any) -> np.ndarray:
    if jnp.issubdtype(getattr(out, "dtype", np.float64), jax.dtypes.prng_key):
        return np.asarray(jax.random.key_data(out))
    return np.asarray(out)
