"""fd.jvp: the derivative along one direction, by finite differences."""

from collections.abc import Callable, Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from purenet import jaxprs, trees
from purenet.fd import complex_step
from purenet.fd.differences import along_direction
from purenet.fd.numbers import namespace, numbers
from purenet.fd.options import checked
from purenet.fd.point import Point, called
from purenet.fd.requirements import require_finite_base
from purenet.fd.setup import Setup, prepare, steps_of
from purenet.fd.stencils import stencil


def jvp(
    fun: Callable,
    primals: Sequence[Any],
    tangents: Sequence[Any],
    has_aux: bool = False,
    **options: Any,
) -> tuple:
    """jax.jvp by finite differences: two evaluations, however many parameters there are.

    Args:
        fun: a function of the primals, of any output tree.
        primals: its arguments, a tuple or list.
        tangents: the direction, of the same structure; float0 zeros for integer leaves.
        has_aux: whether fun returns ``(output, aux)``.
        options: see `Options`; a ``step`` counts in units of the tangents.

    Returns:
        ``(output, derivative)`` in the tree and dtypes of jax.jvp, and aux with ``has_aux``.

    Raises:
        TypeError: where the tangents' structure, shapes or dtypes are not those of the primals.
        ValueError: as `grad`.

    >>> import jax.numpy as jnp
    >>> from purenet import fd
    >>> output, derivative = fd.jvp(lambda x, y: x * y, (2.0, 3.0), (1.0, 10.0))
    >>> float(output), round(float(derivative), 5)
    (6.0, 23.0)
    """
    chosen = checked(**options)
    _require_sequences(primals=primals, tangents=tangents)
    primals, tangents = tuple(primals), tuple(tangents)
    point = Point.of(
        fun, primals, {}, argnums=tuple(range(len(primals))), has_aux=has_aux, allow_int=True
    )
    _require_match(primals, tangents, point.leaves, point.paths)
    with jaxprs.own_settings():
        setup = prepare(point, chosen)
        output = called(fun, primals, {})
        every = jax.tree.leaves(tangents)
        with jaxprs.working_precision(chosen.double):
            direction = [
                numbers(every[i]).astype(dtype).astype(x.dtype)
                for i, x, dtype in zip(
                    point.movable, setup.evaluator.leaves, setup.input_dtypes, strict=True
                )
            ]
            if chosen.method == "complex":
                quotients = complex_step.along_direction(setup.evaluator, direction)
            else:
                weights = stencil(chosen.method, chosen.order)
                step = _step(setup, direction, chosen, weights.order)
                quotients = along_direction(setup.evaluator, direction, step, weights)
            _require_finite(setup, quotients)
            derivatives = [
                jnp.asarray(q.astype(out.dtype))
                if jnp.issubdtype(out.dtype, np.inexact)
                else trees.zero_tangent(q)
                for q, out in zip(quotients, setup.outputs, strict=True)
            ]
        derivative = jax.tree.unflatten(setup.output_tree, derivatives)
        if has_aux:
            return jax.tree.map(jnp.asarray, output[0]), derivative, output[1]
        return jax.tree.map(jnp.asarray, output), derivative


def _step(setup, direction, options, order):
    """The step along a direction: the largest that moves no coordinate beyond its own step."""
    if options.step is not None:
        if not trees.is_numeric(options.step) or np.shape(options.step) != ():
            raise ValueError(
                f"got step={options.step!r}; wanted one number, which counts in units of the "
                "tangents; scale a tangent where a leaf should move by less"
            )
        return numbers(options.step).astype(direction[0].real.dtype)
    steps = steps_of(setup, options, order)
    xp = namespace(*steps, *direction)
    with np.errstate(divide="ignore", invalid="ignore"):
        ratios = [
            xp.min(xp.where(d != 0, s[: d.size].reshape(d.shape) / abs(d), np.inf), initial=np.inf)
            for s, d in zip(steps, direction, strict=True)
        ]
    step = xp.min(xp.stack(ratios))
    return xp.where(xp.isfinite(step), step, 1.0).astype(direction[0].real.dtype)


def _require_finite(setup: Setup, quotients: Sequence[Any]) -> None:
    for quotient in quotients:
        if jaxprs.is_traced(quotient) or np.isfinite(np.asarray(quotient)).all():
            continue
        require_finite_base(setup.evaluator.base())
        raise ValueError(
            "got NaN or infinity along the tangents, the value at the base point being finite; "
            "wanted finite values on both sides, and finite tangents; at the edge of a function's "
            "domain use method='forward' or 'backward', or a smaller step"
        )


def _require_sequences(**given: Any) -> None:
    for name, sequence in given.items():
        if not isinstance(sequence, tuple | list):
            raise TypeError(
                f"got {name} of type {type(sequence).__name__}; wanted a tuple, one for each "
                f"argument of the function; pass ({name},)"
            )
        trees.require_tree(sequence, name)


def _moves(leaf: Any, tangent: Any) -> bool:
    """Whether numbers of a tangent can be added to a leaf."""
    dtype, kept = trees.dtype_of(tangent), trees.dtype_of(leaf)
    if dtype is None or not jnp.issubdtype(dtype, np.number):
        return False
    return jnp.issubdtype(kept, np.complexfloating) or not jnp.issubdtype(dtype, np.complexfloating)


def _require_match(primals, tangents, leaves, paths) -> None:
    if jax.tree.structure(primals) != jax.tree.structure(tangents):
        raise TypeError(
            f"got tangents of structure {jax.tree.structure(tangents)}; wanted that of the "
            f"primals, {jax.tree.structure(primals)}; give each primal leaf a tangent"
        )
    for leaf, tangent, path in zip(leaves, jax.tree.leaves(tangents), paths, strict=True):
        if trees.is_differentiable(leaf) and not _moves(leaf, tangent):
            raise TypeError(
                f"got a tangent of {trees.dtype_of(tangent) or type(tangent).__name__} for {path} "
                f"of {trees.dtype_of(leaf)}; wanted numbers by which it can move; give zeros of "
                "its dtype where it stays"
            )
        if np.shape(leaf) != np.shape(tangent):
            raise TypeError(
                f"got a tangent of shape {np.shape(tangent)} for {path} of shape {np.shape(leaf)}; "
                "wanted equal shapes; reshape or broadcast the tangent"
            )
