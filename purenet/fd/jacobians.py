"""fd.jacobian and fd.hessian: first and second derivatives of functions of any output tree."""

import math
from collections.abc import Callable, Sequence
from typing import Any

import jax.numpy as jnp
import numpy as np

from purenet import jaxprs, trees
from purenet.fd import complex_step
from purenet.fd.differences import along_coordinates, along_pairs, coordinate_count
from purenet.fd.numbers import namespace, numbers
from purenet.fd.options import Options, checked
from purenet.fd.point import Point, called
from purenet.fd.requirements import require_inputs, require_outputs
from purenet.fd.results import assembled, in_tree
from purenet.fd.setup import Setup, prepare, require_finite, steps_of
from purenet.fd.stencils import stencil


def jacobian(
    fun: Callable,
    argnums: int | Sequence[int] = 0,
    has_aux: bool = False,
    holomorphic: bool = False,
    allow_int: bool = False,
    **options: Any,
) -> Callable:
    """jax.jacobian by finite differences: the same signature and the same result tree.

    Args:
        fun: a function of any output tree.
        argnums: the position of the differentiated argument, or a tuple of positions.
        has_aux: whether fun returns ``(output, aux)``.
        holomorphic: whether fun is holomorphic, with complex parameters and outputs.
        allow_int: skip integer, boolean and key leaves.
        options: see `Options`.

    Returns:
        A function of fun's arguments. It returns the tree of outputs, each a tree of the arguments'
        leaves, of shape (*output shape, *leaf shape) (and aux with ``has_aux``).

    Raises:
        TypeError, ValueError: as `grad`.

    >>> import jax.numpy as jnp
    >>> from purenet import fd
    >>> fd.jacobian(lambda x: jnp.array([x[0] * x[1], x[0]]))(jnp.array([2.0, 3.0])).tolist()
    [[3.0, 2.0], [1.0, 0.0]]
    """
    chosen = checked(**options)

    @trees.named_after(fun)
    @jaxprs.own_settings()
    def jacobian_of_fun(*args, **kwargs):
        point = Point.of(fun, args, kwargs, argnums=argnums, has_aux=has_aux, allow_int=allow_int)
        setup = prepare(point, chosen, whole_leaves=True)
        result = jacobian_of(setup, chosen, holomorphic=holomorphic)
        return (result, called(fun, args, kwargs)[1]) if has_aux else result

    return jacobian_of_fun


def hessian(
    fun: Callable,
    argnums: int | Sequence[int] = 0,
    has_aux: bool = False,
    holomorphic: bool = False,
    **options: Any,
) -> Callable:
    """jax.hessian by finite differences of fun alone: four evaluations a pair of coordinates.

    Args:
        fun: a function of any output tree.
        argnums: the position of the differentiated argument, or a tuple of positions.
        has_aux: whether fun returns ``(output, aux)``.
        holomorphic: whether fun is holomorphic, with complex parameters and outputs.
        options: see `Options`.

    Returns:
        A function of fun's arguments. It returns, for each output and each pair of leaves, an array
        of shape (*output shape, *leaf shape, *leaf shape), in the tree of jax.hessian.

    Raises:
        TypeError, ValueError: as `grad`.

    >>> import jax.numpy as jnp
    >>> from purenet import fd
    >>> hessian = fd.hessian(lambda x: x[0] ** 2 * x[1], order=4)(jnp.array([2.0, 3.0]))
    >>> bool(jnp.allclose(hessian, jnp.array([[6.0, 4.0], [4.0, 0.0]]), atol=1e-6))
    True
    """
    chosen = checked(**options)
    if chosen.method == "complex":
        raise ValueError(
            "got method='complex' for fd.hessian; wanted a real stencil: a second derivative needs "
            "a difference; use method='central', or fd.jacobian of jax.grad with method='complex'"
        )

    @trees.named_after(fun)
    @jaxprs.own_settings()
    def hessian_of_fun(*args, **kwargs):
        point = Point.of(fun, args, kwargs, argnums=argnums, has_aux=has_aux)
        setup = prepare(point, chosen)
        _require(setup, holomorphic)
        with jaxprs.working_precision(chosen.double):
            result = _hessian(setup, chosen, holomorphic)
        return (result, called(fun, args, kwargs)[1]) if has_aux else result

    return hessian_of_fun


def jacobian_of(setup: Setup, options: Options, *, holomorphic: bool) -> Any:
    """The Jacobian of a point that is set up."""
    _require(setup, holomorphic)
    if options.method == "complex":
        with jaxprs.working_precision(True):
            leaves = range(len(setup.evaluator.leaves))
            return in_tree(
                setup, [complex_step.along_coordinates(setup.evaluator, i) for i in leaves]
            )
    weights = stencil(options.method, options.order)
    with jaxprs.working_precision(options.double):
        steps = steps_of(setup, options, weights.order)
        derivatives = [
            along_coordinates(setup.evaluator, leaf, step, weights)
            for leaf, step in enumerate(steps)
        ]
        require_finite(setup, derivatives, steps)
        return in_tree(setup, derivatives, holomorphic=holomorphic)


def _hessian(setup: Setup, options: Options, holomorphic: bool) -> Any:
    weights = stencil(options.method, options.order)
    # a second difference divides round-off by the step twice: one order more for the step's choice
    steps = steps_of(setup, options, weights.order + 1)
    leaves = setup.evaluator.leaves
    counts = [x.size if holomorphic else coordinate_count(x) for x in leaves]

    def block(first: int, second: int) -> list:
        rows = np.repeat(np.arange(counts[first]), counts[second])
        columns = np.tile(np.arange(counts[second]), counts[first])
        return along_pairs(
            setup.evaluator,
            (first, second),
            (rows, columns),
            (numbers(steps[first])[rows], numbers(steps[second])[columns]),
            weights,
        )

    blocks = {}
    for first in range(len(leaves)):
        for second in range(first, len(leaves)):
            blocks[first, second] = block(first, second)
    require_finite(setup, [blocks[i, i] for i in range(len(leaves))], steps)

    def arranged(output: int, first: int, second: int):
        low, high = sorted((first, second))
        size = math.prod(setup.outputs[output].shape)
        values = blocks[low, high][output].reshape(counts[low], counts[high], size)
        values = values if first == low else values.swapaxes(0, 1)
        values = _combined(values, leaves[first], 0, holomorphic)
        values = _combined(values, leaves[second], 1, holomorphic)
        shape = (*setup.outputs[output].shape, *leaves[first].shape, *leaves[second].shape)
        dtype = setup.input_dtypes[first]  # as of jax.hessian
        if np.iscomplexobj(values) and not jnp.issubdtype(dtype, np.complexfloating):
            dtype = np.complex128 if dtype == np.float64 else np.complex64
        values = namespace(values).moveaxis(values, -1, 0).reshape(shape)
        return jnp.asarray(values.astype(dtype))

    def row(first: int, output: int):
        return setup.assemble([arranged(output, first, second) for second in range(len(leaves))])

    return assembled(setup, row)


def _combined(values, leaf, axis: int, holomorphic: bool):
    if not jnp.iscomplexobj(leaf) or holomorphic:
        return values
    by_real, by_imaginary = namespace(values).split(values, 2, axis=axis)
    return by_real - 1j * by_imaginary


def _require(setup: Setup, holomorphic: bool) -> None:
    require_outputs(setup.outputs, holomorphic=holomorphic)
    leaves = setup.point.moved
    require_inputs(leaves, setup.paths, holomorphic=holomorphic)
