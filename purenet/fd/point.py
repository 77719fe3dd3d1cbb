"""What is differentiated: a function at its arguments, the leaves that move, the result's tree."""

import inspect
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from purenet import jaxprs, kinds, trees
from purenet.fd.options import require_flags


@dataclass(frozen=True, eq=False)
class Point:
    """A function at its arguments, some of which are differentiated: taken apart into leaves.

    Attributes:
        function: the caller's function.
        args: its positional arguments, as given.
        kwargs: its keyword arguments.
        positions: which of ``args`` are differentiated.
        one: whether the result is one argument's tree, and not a tuple of them.
        has_aux: whether the function returns a pair, of which the second is left alone.
        name: the function's name.
        originals: the leaves of the differentiated arguments, as the caller gave them.
        structure: their tree, a tuple also of one argument.
        data: the leaves of all other positional arguments, and their tree.
        leaves: as ``originals``, but those of PyTorch as NumPy arrays.
        paths: their paths, as people read them.
        movable: the positions in ``leaves`` of those that move: the floating-point ones.
        held: the positions in ``leaves`` of those that the caller's library holds constant.
    """

    function: Callable
    args: tuple
    kwargs: dict[str, Any]
    positions: Sequence[int]
    one: bool
    has_aux: bool
    name: str
    originals: Sequence[Any]
    structure: Any
    data: tuple[list[Any], Any]
    leaves: Sequence[Any]
    paths: Sequence[str]
    movable: Sequence[int]
    held: Sequence[int]

    @classmethod
    def of(
        cls,
        function: Callable,
        args: tuple,
        kwargs: dict[str, Any],
        *,
        argnums: int | Sequence[int],
        has_aux: bool = False,
        allow_int: bool = False,
    ) -> "Point":
        """Take a call apart.

        Raises:
            TypeError: where it cannot be called, an argument is missing, or a leaf cannot move.
            ValueError: where the arguments hold no leaf at all, or are no trees.
        """
        require_flags(has_aux=has_aux, allow_int=allow_int)
        positions = _positions(function, argnums, len(args))
        names = [trees.argument_name(function, i) for i in range(len(args))]
        for name, argument in (*zip(names, args, strict=True), *kwargs.items()):
            trees.require_tree(argument, name)
        # once for all: the function may change the containers that the caller holds
        chosen = tuple(args[i] for i in positions)
        originals, structure = jax.tree.flatten(chosen)
        data = [None if i in positions else argument for i, argument in enumerate(args)]
        leaves = list(map(kinds.numbers_of, originals))
        paths = [path for i in positions for path in trees.leaf_paths(args[i], names[i])]
        if not leaves:
            raise ValueError(
                f"got {', '.join(names[i] for i in positions)} without a single leaf; wanted one "
                "array at least to differentiate by; pass the parameters as this argument, or "
                "name another one by argnums"
            )
        holds = [is_held for argument in chosen for is_held in trees.held_leaves(argument)]
        held = [i for i, is_held in enumerate(holds) if is_held and not all(holds)]
        free = [i for i in range(len(leaves)) if i not in held]
        if not allow_int:
            trees.require_differentiable([leaves[i] for i in free], [paths[i] for i in free])
        return cls(
            function,
            args,
            kwargs,
            positions,
            isinstance(argnums, int),
            has_aux,
            trees.function_name(function),
            originals,
            structure,
            jax.tree.flatten(data),
            leaves,
            paths,
            [i for i in free if trees.is_differentiable(leaves[i])],
            held,
        )

    @property
    def moved(self) -> list[Any]:
        """The leaves that move."""
        return [self.leaves[i] for i in self.movable]

    @property
    def moved_paths(self) -> list[str]:
        """Their paths."""
        return [self.paths[i] for i in self.movable]

    def with_moved(self, moved: Sequence[Any], leaves: Sequence[Any]) -> list[Any]:
        """Leaves, with others in the place of those that move."""
        new = list(leaves)
        for i, leaf in zip(self.movable, moved, strict=True):
            new[i] = leaf
        return new

    def placed(self, leaves: Sequence[Any], data: Sequence[Any]) -> tuple:
        """The arguments with other leaves, and with other leaves of the ones that do not move."""
        args = jax.tree.unflatten(self.data[1], data)
        arguments = jax.tree.unflatten(self.structure, leaves)
        for i, argument in zip(self.positions, arguments, strict=True):
            args[i] = argument
        return tuple(args)

    def fresh(self, moved: Sequence[np.ndarray], double: bool = False) -> tuple:
        """The arguments of a call at other numbers, each array a copy in the kind of the caller's.

        Args:
            moved: the numbers in the place of the leaves that move.
            double: whether PyTorch's tensors among the data become float64, as ``moved`` are.
        """
        kind = [self.originals[i] for i in self.movable]
        leaves = self.with_moved(
            list(map(kinds.like, kind, moved)), list(map(kinds.copied, self.originals))
        )
        return self.placed(leaves, [kinds.copied(leaf, double=double) for leaf in self.data[0]])

    def output(self, args: tuple, kept: Callable[[Any], Any] = kinds.copied) -> Any:
        """What the function gives at other arguments.

        Args:
            args: in the place of its own.
            kept: makes what the function may read of each array that is passed by keyword.
        """
        with refusing_dead_tracers(self.name):
            output = self.function(*args, **jax.tree.map(kept, self.kwargs))
        output = _without_aux(output) if self.has_aux else output
        _require_numeric(output)
        return output

    def of_leaves(self, leaves: Sequence[Any]) -> Any:
        """What the function gives at other leaves; where they are traced, a program of them.

        What writes into its arrays is no program of JAX's, and must not write into the caller's.
        """
        leaves, data = (list(map(kinds.read_only, x)) for x in (leaves, self.data[0]))
        return self.output(self.placed(leaves, data), kinds.read_only)

    def assemble(self, results: Sequence[Any]) -> Any:
        """One result for each leaf, in the tree that jax.grad returns."""
        tree = jax.tree.unflatten(self.structure, results)
        return tree[0] if self.one else tree


def called(fun: Callable, args: tuple, kwargs: dict) -> Any:
    """All that a function returns, called on copies of the arrays that it could write into."""
    args, kwargs = jax.tree.map(kinds.copied, (args, kwargs))
    return fun(*args, **kwargs)


def trace(point: Point) -> jaxprs.Traced:
    """The function as a program of the leaves that move; the other leaves are constants.

    Raises:
        Exception: whatever the function raises where it is handed tracers.
    """
    if any(map(kinds.is_torch, jax.tree.leaves(point.args))):
        raise TypeError("its arguments are PyTorch's")
    traced = jaxprs.trace(
        lambda moved: point.of_leaves(point.with_moved(moved, point.leaves)), point.moved
    )
    with refusing_dead_tracers(point.name):
        for constant in filter(jaxprs.is_traced, traced.constants):
            jnp.copy(constant)  # where its trace has ended, this is refused
    return traced


def is_numpy_code(point: Point, traced: jaxprs.Traced) -> bool:
    """Whether a function that was traced has no need of JAX, and keeps more digits without it.

    Where 64 bits are off, JAX rounds NumPy's numbers to float32 as soon as a tracer meets them.
    Code of operators and methods alone, such as ``(x * data).sum()``, can be traced all the same.
    """
    if jnp.result_type(float) == np.float64 or not traced.closed.jaxpr.eqns:
        return False
    if any(isinstance(leaf, jax.Array) for leaf in point.originals):
        return False
    wide: list[bool] = []

    def run() -> None:  # within a trace whatever JAX computes is a tracer, and costs no program
        output = point.output(point.fresh(point.moved))
        wide.extend(
            not isinstance(out, jax.Array) and np.asarray(out).dtype.char in "dD"
            for out in jax.tree.leaves(output)
        )

    try:
        jax.make_jaxpr(run)()
    except Exception:  # JAX's code, whose values it looks at
        return False
    return all(wide)


def _positions(fun: Callable, argnums: Any, count: int) -> list[int]:
    if not callable(fun):
        raise TypeError(
            f"got a function of type {type(fun).__name__}; wanted something that can be called; "
            "pass the loss itself, not its value"
        )
    given = list(argnums) if isinstance(argnums, Sequence) else [argnums]
    if not given or any(isinstance(i, bool) or not isinstance(i, int) for i in given):
        raise TypeError(
            f"got argnums={argnums!r}; wanted a whole number or a tuple of them; "
            "argnums=0 is the first argument"
        )
    if any(not -count <= i < count for i in given):
        raise ValueError(
            f"got argnums={argnums!r} and {count} positional arguments; wanted each of argnums to "
            "be one of them; pass the differentiated arguments by position"
        )
    return [i % count for i in given]


@contextmanager
def refusing_dead_tracers(name: str) -> Iterator[None]:
    """Say what is wrong where a function meets a tracer whose trace has ended."""
    try:
        yield
    except jax.errors.UnexpectedTracerError as error:
        raise ValueError(
            f"got {name}, which reads a tracer that an earlier jit, grad or vmap left behind; "
            "wanted arrays; return such values from the traced function instead of storing them; "
            "purenet.audit says where it is kept"
        ) from error


def _without_aux(output: Any) -> Any:
    if not isinstance(output, tuple) or len(output) != 2:
        raise TypeError(
            f"got a function that returns {type(output).__name__} with has_aux=True; wanted a pair "
            "(output, aux); return both, or leave has_aux out"
        )
    return output[0]


def _require_numeric(output: Any) -> None:
    """Raise TypeError where a function returns nothing, or what is no array or number."""
    trees.require_tree(output, "output")
    leaves = jax.tree.leaves(output)
    if not leaves:
        raise TypeError(
            f"got a function that returns {output!r}; wanted a number or arrays, which alone have "
            "a derivative; return the loss"
        )
    for i, leaf in enumerate(leaves):
        if inspect.iscoroutine(leaf):
            leaf.close()  # nobody is going to await it, of which Python would warn
        if not trees.is_numeric(leaf):
            path = trees.leaf_paths(output, "output")[i]
            raise TypeError(
                f"got a function whose {path} is of type {type(leaf).__name__}; wanted numbers or "
                "arrays, which alone have a derivative; return those alone, or with has_aux=True "
                "a pair (output, all else)"
            )
