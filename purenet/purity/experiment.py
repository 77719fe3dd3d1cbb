"""Running a function on copies: at other parameters, with other captured arrays, repeatedly."""

import contextlib
import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from purenet import jaxprs, trees
from purenet.fd.problem import pose
from purenet.purity.deadline import deadline
from purenet.purity.numbers import other
from purenet.purity.reached import ARRAYS, Reached, is_jax_code, reached
from purenet.purity.state import Change, Snapshot
from purenet.purity.watch import drawing
from purenet.purity.world import World

# what JAX raises where a function asks a tracer for its number
NEEDS_NUMBERS = (
    jax.errors.ConcretizationTypeError,
    jax.errors.TracerArrayConversionError,
    jax.errors.NonConcreteBooleanIndexError,
)

_MOST_ARRAYS = 32  # of the arguments, that are made read-only one by one
_LONGEST, _TIMES = 1.0, 10.0  # seconds, and times the first call, that another call may take


# captured things, each with what is to stand in its place
Replaced = Sequence[tuple[Reached, Any]]


class Call(NamedTuple):
    """A call of a function, its parameters taken apart.

    Attributes:
        function: the caller's function.
        args: its arguments.
        positions: which of them are the parameters.
        leaves: the parameters' leaves.
        paths: their paths.
        movable: the positions in ``leaves`` of those that are floating point.
    """

    function: Callable
    args: tuple
    positions: list[int]
    leaves: list[Any]
    paths: list[str]
    movable: list[int]

    @property
    def name(self) -> str:
        """The function's name."""
        return getattr(self.function, "__name__", type(self.function).__name__)

    @property
    def named_arguments(self) -> dict[str, Any]:
        """The arguments by their names in the function's signature."""
        names = (trees.argument_name(self.function, i) for i in range(len(self.args)))
        return dict(zip(names, self.args, strict=True))

    @property
    def numeric(self) -> list[int]:
        """The positions of the leaves that NumPy code can move: whole numbers too."""
        return [
            i
            for i, leaf in enumerate(self.leaves)
            if i in self.movable or getattr(leaf, "dtype", np.asarray(leaf).dtype).kind in "iu"
        ]

    @property
    def values(self) -> list[Any]:
        """The leaves that can move."""
        return [self.leaves[i] for i in self.movable]

    def arguments(self, world: World, moved: Sequence[Any]) -> list[Any]:
        """Copies of the arguments, with other values in the leaves that can move."""
        arguments = [world.copied(argument) for argument in self.args]
        leaves, tree = jax.tree.flatten(tuple(arguments[i] for i in self.positions))
        for i, value in zip(self.movable, moved, strict=True):
            leaves[i] = value
        for i, argument in zip(self.positions, jax.tree.unflatten(tree, leaves), strict=True):
            arguments[i] = argument
        return arguments


class Run(NamedTuple):
    """A few calls of one copy of a function.

    Attributes:
        changes: what each call changed of what the function captured.
        argument_changes: what each call changed of its arguments.
        randomness: the global generators that were drawn from, or seeded.
    """

    changes: list[list[Change]]
    argument_changes: list[list[Change]]
    randomness: dict[str, None]


def called(function: Callable, args: tuple, argnums: int | Sequence[int]) -> Call:
    """A call as `Experiment` takes it.

    Raises:
        TypeError, ValueError: where there is no function, no such argument, or no leaf.
    """
    problem = pose(function, args, {}, argnums=argnums, allow_int=True)
    given = [argnums] if isinstance(argnums, int) else list(argnums)
    positions = [i % len(args) for i in given]
    return Call(function, args, positions, problem.leaves, problem.paths, problem.movable)


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
        self._limit = _LONGEST
        if self.is_jax:
            self._try_to_trace()
        if not self.traces:
            self.call = call._replace(movable=call.numeric)

    @property
    def traces(self) -> bool:
        """Whether the function is repeated by its program."""
        return self.is_jax and self.untraceable is None

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
        moved = self.call.values if moved is None else moved
        if self.traces:
            traced = jaxprs.trace(self.program(replaced), self.call.values)
            leaves = [
                jnp.asarray(value, dtype)
                for value, dtype in zip(moved, traced.input_dtypes, strict=True)
            ]
            outputs = jaxprs.evaluated(traced.program, traced.constants, leaves)
            return [_numbers(out) for out in outputs]
        world, apart = _with(replaced), World()
        function = world.copied(self.call.function)
        with world.at_work(), drawing(), deadline(self._limit):
            output = function(*self.call.arguments(apart, _fresh(moved)))
        return [_numbers(out) for out in jax.tree.leaves(output) if _is_number(out)]

    def program(self, replaced: Replaced = ()) -> Callable:
        """A fresh copy of the function, of the leaves that can move; to trace."""

        def of_leaves(moved):
            world, apart = _with(replaced), World()
            function = world.copied(self.call.function)
            with world.at_work(), drawing():
                return function(*self.call.arguments(apart, moved))

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
            with world.at_work(), drawing(), deadline(self._limit):
                function(*map(world.copied, self.call.args))
        except ValueError as error:
            return error if "read-only" in str(error) and "buffer" not in str(error) else None
        except Exception:  # not for this reason
            return None
        return None

    def repeated(self) -> Run:
        """Three calls of one copy: as given, at other numbers, as given.

        At the other numbers the parameters' arrays, where the copy holds them too, are other ones
        again, as under a loop that writes into them.
        """
        world = World()
        function = world.copied(self.call.function)
        run = Run([], [], {})
        start = time.perf_counter()
        with world.at_work():
            self._once(world, function, run, self.call.values)
            self._limit = _LONGEST + _TIMES * (time.perf_counter() - start)
            try:
                with self._written(world):
                    numbers = list(map(other, self.call.values))
                    self._once(self._elsewhere(), function, run, numbers, self._limit)
            except Exception:  # other numbers may be outside of what the function takes
                self._once(World(), function, run, self.call.values)
            self._once(World(), function, run, self.call.values)
        return run

    def _elsewhere(self) -> World:
        """A world in which the data, too, are other numbers."""
        data = [a for i, a in enumerate(self.call.args) if i not in self.call.positions]
        arrays = [leaf for leaf in jax.tree.leaves(data) if isinstance(leaf, ARRAYS)]
        floats = [array for array in arrays if jnp.issubdtype(array.dtype, np.floating)]
        return World({id(array): other(array) for array in floats})

    @contextlib.contextmanager
    def _written(self, world: World) -> Iterator[None]:
        """Other numbers in a world's copies of the parameters' NumPy arrays, for a while."""
        arrays = [value for value in self.call.values if isinstance(value, np.ndarray)]
        copies = [world.copied(array) for array in arrays]
        writable = [copy for copy in copies if copy.flags.writeable and not self.traces]
        before = [copy.copy() for copy in writable]
        try:
            for copy in writable:
                copy[...] = other(other(copy))
            yield
        finally:
            for copy, numbers in zip(writable, before, strict=True):
                copy[...] = numbers

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
            names = {
                trees.argument_name(self.call.function, i): argument
                for i, argument in enumerate(arguments)
            }
            given.extend([Snapshot(names), Snapshot({"": function})])
            limited = contextlib.nullcontext() if limit is None else deadline(limit)
            with drawing() as used, limited:
                output = function(*arguments)
            run.randomness.update(used)
            return output

        if self.traces:
            jax.make_jaxpr(call)(list(moved))
        else:
            call([world.copied(leaf) for leaf in moved])
        arguments, state = (snapshot.changes() for snapshot in given[-2:])
        theirs = {change.key for change in arguments}
        run.argument_changes.append(arguments)
        run.changes.append([change for change in state if change.key not in theirs])

    def _try_to_trace(self) -> None:
        try:
            jax.make_jaxpr(self.program())(self.call.values)
        except NEEDS_NUMBERS as error:
            self.untraceable = error


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
