"""fd.grad and fd.value_and_grad: the twins of JAX's, by finite differences."""

import warnings
from collections.abc import Callable, Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from purenet import jaxprs, trees
from purenet.fd.jacobians import jacobian_of
from purenet.fd.options import Options, checked
from purenet.fd.point import Point, called
from purenet.fd.requirements import require_scalar
from purenet.fd.setup import Setup, prepare


def grad(
    fun: Callable,
    argnums: int | Sequence[int] = 0,
    has_aux: bool = False,
    holomorphic: bool = False,
    allow_int: bool = False,
    **options: Any,
) -> Callable:
    """jax.grad by finite differences: the same signature, the same result tree, no derivative rule.

    Two evaluations a coordinate (for the default central stencil of order 2), and a few hundred at
    the most to choose the step of a leaf of eight coordinates or more. Of each evaluation only what
    the coordinate changes is computed, where that is less than the whole; in chunks that fit
    ``max_memory``. What the caller owns is never written to.

    Args:
        fun: a loss, ``fun(params, *data) -> scalar``.
        argnums: the position of the differentiated argument, or a tuple of positions.
        has_aux: whether fun returns ``(loss, aux)``.
        holomorphic: whether fun is holomorphic, with complex parameters and a complex result.
        allow_int: skip integer, boolean and key leaves: their derivative is float0 zeros.
        options: see `Options`: step, order, method, precision, max_memory, ...

    Returns:
        A function of fun's arguments. It returns the gradient, in the tree, shapes and dtypes that
        jax.grad gives (and aux with ``has_aux``); for complex parameters, JAX's conjugate
        convention. It warns where fun ignores what it is differentiated with respect to: zeros
        then prove nothing.

    Raises:
        TypeError: for a leaf that is not a floating-point number (with its path), a loss that is
            not a scalar, or an unknown option.
        ValueError: for NaN or infinity at the base point, parameters without a leaf, or an option
            out of its range.

    >>> import jax.numpy as jnp
    >>> from purenet import fd
    >>> params = {"w": jnp.array([1.0, 2.0]), "b": jnp.array(3.0)}
    >>> fd.grad(lambda p: jnp.sum(p["w"] ** 2) + p["b"])(params)
    {'b': Array(1., dtype=float32), 'w': Array([2., 4.], dtype=float32)}
    """
    gradient_of = _gradient_of(fun, argnums, has_aux, holomorphic, allow_int, checked(**options))

    @trees.named_after(fun)
    @jaxprs.own_settings()
    def grad_of_fun(*args, **kwargs):
        gradient = gradient_of(args, kwargs)
        return (gradient, called(fun, args, kwargs)[1]) if has_aux else gradient

    return grad_of_fun


def value_and_grad(
    fun: Callable,
    argnums: int | Sequence[int] = 0,
    has_aux: bool = False,
    holomorphic: bool = False,
    allow_int: bool = False,
    **options: Any,
) -> Callable:
    """jax.value_and_grad by finite differences; see `grad`.

    Returns:
        A function of fun's arguments that returns ``(value, gradient)``, or
        ``((value, aux), gradient)`` with ``has_aux``; the value is the caller's own program's.

    >>> from purenet import fd
    >>> fd.value_and_grad(lambda x: x**2)(3.0)
    (Array(9., ...), Array(6., dtype=float32))
    """
    gradient_of = _gradient_of(fun, argnums, has_aux, holomorphic, allow_int, checked(**options))

    @trees.named_after(fun)
    @jaxprs.own_settings()
    def value_and_grad_of_fun(*args, **kwargs):
        gradient = gradient_of(args, kwargs)
        output = called(fun, args, kwargs)
        value = (jnp.asarray(output[0]), output[1]) if has_aux else jnp.asarray(output)
        return value, gradient

    return value_and_grad_of_fun


def _gradient_of(
    fun: Callable,
    argnums: int | Sequence[int],
    has_aux: bool,
    holomorphic: bool,
    allow_int: bool,
    options: Options,
) -> Callable:
    def gradient_of(args: tuple, kwargs: dict) -> Any:
        point = Point.of(fun, args, kwargs, argnums=argnums, has_aux=has_aux, allow_int=allow_int)
        setup = prepare(point, options, whole_leaves=True)
        require_scalar(setup.outputs, setup.output_tree)
        gradient = jacobian_of(setup, options, holomorphic=holomorphic)
        _warn_of_zeros(fun, gradient, setup)
        return gradient

    return gradient_of


def _warn_of_zeros(fun: Callable, gradient: Any, setup: Setup) -> None:
    """Say so where a gradient is zero because the function reads nothing of what it is given."""
    leaves = [leaf for leaf in jax.tree.leaves(gradient) if leaf.dtype != jax.dtypes.float0]
    if any(map(jaxprs.is_traced, leaves)) or any(np.asarray(leaf).any() for leaf in leaves):
        return
    moving = range(len(setup.evaluator.leaves))
    with jaxprs.working_precision(setup.options.double):
        ignored = all(setup.evaluator.dependence(leaf) == "ignored" for leaf in moving)
    if ignored and any(leaf.size for leaf in leaves):
        name, paths = trees.function_name(fun), ", ".join(setup.paths)
        warnings.warn(
            f"{name} ignores {paths}: nothing that it computes reads it, and its gradient is zero "
            "whatever the code means to say; use the argument; purenet.audit says what is read "
            "in its place",
            stacklevel=4,
        )
