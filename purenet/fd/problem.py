"""What is differentiated: the leaves that move, the traced function of them, the result's tree."""

import inspect
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax.tree_util import treedef_is_leaf

from purenet import jaxprs, kinds, trees
from purenet.fd.options import require_flags


class Problem(NamedTuple):
    """A function of a list of leaves, taken out of its arguments.

    Attributes:
        name: the name of the caller's function.
        function: calls the caller's function with these leaves in place of the ones it got.
        leaves: the leaves of the differentiated arguments, as the caller gave them, but those of
            PyTorch as NumPy arrays.
        paths: their paths, as people read them.
        movable: the positions in ``leaves`` of those that are floating point.
        assemble: puts one result for each leaf back into the tree that jax.grad would return.
        arguments: the differentiated arguments' tree, a tuple also for one argument.
        fresh: the arguments of a call with movable leaves of other values, each array a copy in the
            kind that the caller gave; in float64 on demand.
        output: calls the caller's function with such arguments.
        originals: the leaves in the kinds that the caller gave.
        held: the positions in ``leaves`` of those that the caller's library holds constant.
        untraceable: why the function cannot be traced, where its arguments tell.
    """

    name: str
    function: Callable[[Sequence[Any]], Any]
    leaves: list[Any]
    paths: list[str]
    movable: list[int]
    assemble: Callable[[Sequence[Any]], Any]
    arguments: Any
    fresh: Callable[..., tuple]
    output: Callable[[tuple], Any]
    originals: list[Any]
    held: Sequence[int] = ()
    untraceable: str = ""


def pose(
    fun: Callable,
    args: tuple,
    kwargs: dict,
    *,
    argnums: int | Sequence[int],
    has_aux: bool = False,
    allow_int: bool = False,
) -> Problem:
    """Take the differentiated arguments of a call apart.

    Raises:
        TypeError: where fun cannot be called, an argument is missing, or a leaf cannot move.
        ValueError: where the arguments hold no leaf at all, or are no trees.
    """
    require_flags(has_aux=has_aux, allow_int=allow_int)
    positions, name = _positions(fun, argnums, len(args)), trees.function_name(fun)
    for i, argument in enumerate(args):
        trees.require_tree(argument, trees.argument_name(fun, i))
    for keyword, argument in kwargs.items():
        trees.require_tree(argument, keyword)
    arguments = tuple(args[i] for i in positions)
    originals, treedef = jax.tree.flatten(arguments)
    leaves = list(map(kinds.numbers_of, originals))
    paths = [
        path
        for i, argument in zip(positions, arguments, strict=True)
        for path in trees.leaf_paths(argument, trees.argument_name(fun, i))
    ]
    if not leaves:
        names = ", ".join(trees.argument_name(fun, i) for i in positions)
        raise ValueError(
            f"got {names} without a single leaf; wanted one array at least to differentiate by; "
            "pass the parameters as this argument, or name another one by argnums"
        )
    holds = [is_held for argument in arguments for is_held in trees.held_leaves(argument)]
    held_constant = [i for i, is_held in enumerate(holds) if is_held]
    if len(held_constant) == len(leaves):
        held_constant = []
    free = [i for i in range(len(leaves)) if i not in held_constant]
    movable = [i for i in free if trees.is_differentiable(leaves[i])]
    if not allow_int:
        trees.require_differentiable([leaves[i] for i in free], [paths[i] for i in free])

    def with_leaves(others, new_leaves):
        new_args = list(others)
        for i, argument in zip(positions, jax.tree.unflatten(treedef, new_leaves), strict=True):
            new_args[i] = argument
        return tuple(new_args)

    def output(new_args, kept=kinds.copied):
        with _refusing_dead_tracers(name):
            output = fun(*new_args, **jax.tree.map(kept, kwargs))
        output = _without_aux(output) if has_aux else output
        _require_numeric(output)
        return output

    rest = [None if i in positions else argument for i, argument in enumerate(args)]
    held, others = jax.tree.flatten(rest)

    def function(new_leaves):
        # what writes into its data is no program of JAX's, and must not write into the caller's
        frozen = jax.tree.unflatten(others, map(kinds.read_only, held))
        return output(with_leaves(frozen, map(kinds.read_only, new_leaves)), kinds.read_only)

    def fresh(moved, double=False):
        new_leaves = [kinds.copied(leaf) for leaf in originals]
        for i, x in zip(movable, moved, strict=True):
            new_leaves[i] = kinds.like(originals[i], x)
        copies = [kinds.copied(leaf, double=double) for leaf in held]
        return with_leaves(jax.tree.unflatten(others, copies), new_leaves)

    def assemble(results):
        tree = jax.tree.unflatten(treedef, results)
        return tree[0] if isinstance(argnums, int) else tree

    foreign = any(map(kinds.is_torch, jax.tree.leaves(args)))
    return Problem(
        name,
        function,
        leaves,
        paths,
        movable,
        assemble,
        arguments,
        fresh,
        output,
        originals,
        held_constant,
        "its arguments are PyTorch's" if foreign else "",
    )


def called(fun: Callable, args: tuple, kwargs: dict) -> Any:
    """All that a function returns, called on copies of the arrays that it could write into."""
    args, kwargs = jax.tree.map(kinds.copied, (args, kwargs))
    return fun(*args, **kwargs)


def trace(problem: Problem) -> jaxprs.Traced:
    """The problem's function as a program of its movable leaves; the other leaves are constants.

    Raises:
        Exception: whatever the function raises where it is handed tracers.
    """
    if problem.untraceable:
        raise TypeError(problem.untraceable)

    def of_movable(moved):
        leaves = list(problem.leaves)
        for i, leaf in zip(problem.movable, moved, strict=True):
            leaves[i] = leaf
        return problem.function(leaves)

    traced = jaxprs.trace(of_movable, [problem.leaves[i] for i in problem.movable])
    with _refusing_dead_tracers(problem.name):
        for constant in filter(jaxprs.is_traced, traced.constants):
            jnp.copy(constant)  # where its trace has ended, this is refused
    return traced


def is_numpy_code(problem: Problem, traced: jaxprs.Traced) -> bool:
    """Whether a function that was traced has no need of JAX, and keeps more digits without it.

    Where 64 bits are off, JAX rounds NumPy's numbers to float32 as soon as a tracer meets them.
    Code of operators and methods alone, such as ``(x * data).sum()``, can be traced all the same.
    """
    if jnp.result_type(float) == np.float64 or not traced.closed.jaxpr.eqns:
        return False
    if any(isinstance(leaf, jax.Array) for leaf in problem.originals):
        return False
    wide: list[bool] = []

    def run() -> None:  # within a trace whatever JAX computes is a tracer, and costs no program
        output = problem.output(problem.fresh([problem.leaves[i] for i in problem.movable]))
        wide.extend(
            not isinstance(out, jax.Array) and np.asarray(out).dtype.char in "dD"
            for out in jax.tree.leaves(output)
        )

    try:
        jax.make_jaxpr(run)()
    except Exception:  # JAX's code, whose values it looks at
        return False
    return all(wide)


def require_numbers(problem: Problem) -> None:
    """Raise TypeError where a leaf is a tracer, whose value nobody knows."""
    for leaf, path in zip(problem.leaves, problem.paths, strict=True):
        if jaxprs.is_traced(leaf):
            raise TypeError(
                f"got {path} as a tracer, inside jit, vmap or grad; wanted numbers, since which "
                "steps are needed depends on them; call it outside, or use fd.grad inside"
            )


def require_known(problem: Problem, values: Sequence[Any]) -> None:
    """Raise TypeError where what a function captured, or gives, is a tracer of a trace around."""
    for value in values:
        if jaxprs.is_traced(value):
            raise TypeError(
                f"got {problem.name}, which captured a tracer ({jax.typeof(value)}) inside jit, "
                "vmap or grad; wanted numbers, since which steps are needed depends on them; call "
                "it outside, or use fd.grad inside"
            )


def require_scalar(outputs: Sequence[jax.ShapeDtypeStruct], tree: Any) -> None:
    """Raise TypeError where a function returns anything but one scalar."""
    if len(outputs) != 1 or not treedef_is_leaf(tree) or outputs[0].shape != ():
        got = ", ".join(f"{out.dtype}{list(out.shape)}" for out in outputs)
        raise TypeError(
            f"got a function that returns {got}; wanted one scalar, the loss; "
            "reduce it with a sum or a mean, or use fd.jacobian"
        )


def require_outputs(outputs: Sequence[jax.ShapeDtypeStruct], *, holomorphic: bool) -> None:
    """Raise TypeError where an output is not real (complex for ``holomorphic``) floating point."""
    require_flags(holomorphic=holomorphic)
    kind, name = (np.complexfloating, "complex") if holomorphic else (np.floating, "real")
    for out in outputs:
        if not jnp.issubdtype(out.dtype, kind):
            raise TypeError(
                f"got a function that returns {out.dtype}; wanted {name} floating-point outputs; "
                + (
                    "leave holomorphic out"
                    if holomorphic
                    else "return a float, such as the real "
                    "part of a complex number, or pass holomorphic=True where it is holomorphic"
                )
            )


def require_inputs(leaves: Sequence[Any], paths: Sequence[str], *, holomorphic: bool) -> None:
    """Raise TypeError where a leaf of a holomorphic function is not complex."""
    for leaf, path in zip(leaves, paths, strict=True):
        if holomorphic and not jnp.iscomplexobj(leaf):
            raise TypeError(
                f"got {path} of dtype {jnp.result_type(leaf)} with holomorphic=True; wanted "
                "complex numbers; cast it to complex, or leave holomorphic out"
            )


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
def _refusing_dead_tracers(name: str) -> Iterator[None]:
    """Say what is wrong where a function meets a tracer whose trace has ended."""
    try:
        yield
    except jax.errors.UnexpectedTracerError as error:
        raise ValueError(
            f"got {name}, which reads a tracer that an earlier jit, grad or vmap left behind; "
            "wanted arrays; return such values from the traced function instead of storing them; "
            "purenet.audit says where it is kept"
        ) from error


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


def _without_aux(output: Any) -> Any:
    if not isinstance(output, tuple) or len(output) != 2:
        raise TypeError(
            f"got a function that returns {type(output).__name__} with has_aux=True; wanted a pair "
            "(output, aux); return both, or leave has_aux out"
        )
    return output[0]
