"""A call made with other values: at other parameters, with other captured arrays, a second time.

Code for JAX is evaluated by its program, other code is called.
"""

import contextlib
import math
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import jax.numpy as jnp
import numpy as np

from purenet import jaxprs
from purenet.purity.arguments import arguments_by_name, new_arguments
from purenet.purity.guards import Raised, within
from purenet.purity.object_graph import reached
from purenet.purity.runs import Runs, apart
from purenet.purity.substitution import CannotReplaceError, Replaced, in_place, with_other
from purenet.purity.values import as_numpy, differ, outputs_of

_MOST_ARRAYS = 32  # of the arguments, that are made read-only one by one


class Experiment(Runs):
    """A call, observed in a few runs, and ready to be made with other values."""

    @property
    def leaves(self) -> list[Any]:
        """The values that can move, in the dtypes that the program takes."""
        return self._placed(self.point.moved)

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
        if as_given and self.first is not None:
            return self.first
        moved = self.point.moved if moved is None else moved
        if self.program is None:
            limit = math.inf if as_given else self.limit
            return self.kept(
                lambda: within(
                    limit, lambda: self._with_other(replaced, lambda f: self._plain(f, moved))
                )
            )
        constants = self._constants(replaced)
        if constants is not None:
            found = _evaluated(self.program, constants, self._placed(moved))
        else:
            found = self._with_other(replaced, lambda f: self._evaluated_afresh(f, moved))
        if as_given:
            self.first = found
        return found

    def repeated(self) -> tuple[list[np.ndarray], list[np.ndarray]] | None:
        """What two calls give, from equal inputs and equal state; None where that is seen equal.

        Sets ``fails`` where the second one raises.
        """
        try:
            if self.program is None:
                again = self.kept(lambda: self._plain(self.point.function, self.point.moved))
                return self.outputs(), again
            traced = self._trace_of(self.point.function, afresh=True)
            if traced.is_same(self.program):
                return None
            return self.outputs(), _evaluated(traced, traced.constants, self.leaves)
        except Exception as error:  # the first call did not raise
            self.fails = Raised.of(error)
            return None

    def follows(self, generator: str) -> bool:
        """Whether the first value comes again where a global generator stands as it did then."""
        if generator not in self._settings.changes(lambda: {"random"}):
            return False
        self._settings.put_back([generator])
        two = self.repeated()
        return not self.fails and (two is None or not differ(*two))

    def as_compiled(self) -> tuple[list[np.ndarray], list[Any]]:
        """What the function gives with what jit froze earlier, and the arrays in that program."""
        if self.program is None:
            return self.kept(lambda: self._plain(self.point.function, self.point.moved)), []
        frozen = self._trace_of(self.point.function, afresh=False)
        return _evaluated(frozen, frozen.constants, self.leaves), list(frozen.closed.consts)

    def refused_writes(self) -> Iterator[tuple[str, Raised]]:
        """The arrays among the arguments that cannot be read-only, by name, and what was raised."""
        given = arguments_by_name(self.point, new_arguments(self.point, self.point.moved))
        names = [item.name for item in reached(given) if isinstance(item.value, np.ndarray)]
        if names and self._refused(names) is not None:
            for name in names[:_MOST_ARRAYS]:
                error = self._refused([name])
                if error is not None:
                    yield name, error

    def _plain(self, function: Callable, moved: Sequence[Any]) -> list[np.ndarray]:
        return [as_numpy(out) for out in outputs_of(function(*new_arguments(self.point, moved)))]

    def _with_other(self, replaced: Replaced, work: Callable[[Callable], Any]) -> Any:
        """``work`` of the function with other captured values."""
        if not replaced:
            return work(self.point.function)
        try:
            made = with_other(self.point.function, replaced)
        except CannotReplaceError:
            if len(replaced) > 1:
                raise
            ((item, new),) = replaced
            return in_place(item.value, new, lambda: work(self.point.function))
        return work(made)

    def _constants(self, replaced: Replaced) -> list[Any] | None:
        """The program's constants with others among them; None where some are none of its."""
        assert self.program is not None
        constants, closed = list(self.program.constants), self.program.closed.consts
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
            return self.kept(lambda: outputs_of(function(*new_arguments(self.point, leaves))))

        with self.afresh() if afresh else contextlib.nullcontext():
            return jaxprs.trace(of_leaves, self.point.moved)

    def _placed(self, moved: Sequence[Any]) -> list[Any]:
        dtypes = self.traced.input_dtypes
        return [jnp.asarray(value, dtype) for value, dtype in zip(moved, dtypes, strict=True)]

    def _refused(self, names: Sequence[str]) -> Raised | None:
        """What is raised where some of the arguments' arrays are read-only."""
        arguments = new_arguments(self.point, self.point.moved)
        for item in reached(arguments_by_name(self.point, arguments)):
            if item.name in names and isinstance(item.value, np.ndarray):
                item.value.flags.writeable = False
        try:
            self.kept(lambda: self.point.function(*arguments))
        except Exception as error:
            is_refused = isinstance(error, ValueError) and "read-only" in str(error)
            return Raised.of(error) if is_refused else None
        return None


def _evaluated(
    traced: jaxprs.Traced, constants: Sequence[Any], leaves: Sequence[Any]
) -> list[np.ndarray]:
    outputs = jaxprs.evaluated(traced.program, [*map(apart, constants)], leaves, ends=True)
    return [as_numpy(out) for out in outputs]
