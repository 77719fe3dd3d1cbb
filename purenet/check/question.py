"""What is compared: a function of leaves to one vector of real outputs, of any order."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from purenet.fd.differences import coordinate_count
from purenet.fd.problem import Problem

ENTRIES = 2**16  # of a Jacobian up to which all of it is compared


class Question(NamedTuple):
    """A function whose derivative is to be proved.

    Attributes:
        problem: the posed problem; its function returns a real scalar or a real vector.
        outputs: the length of that vector; None for a scalar.
        label: what is differentiated, for people: "the function", "its gradient".
        shapes: of the other arguments' arrays, whose sizes may explain a factor.
    """

    problem: Problem
    outputs: int | None
    label: str
    shapes: tuple[tuple[int, ...], ...] = ()

    def of_moved(self, moved: Sequence[Any]) -> Any:
        """The function of the leaves that move."""
        leaves = list(self.problem.leaves)
        for i, leaf in zip(self.problem.movable, moved, strict=True):
            leaves[i] = leaf
        return self.problem.function(leaves)

    @property
    def moved(self) -> list[Any]:
        """These leaves."""
        return [self.problem.leaves[i] for i in self.problem.movable]

    @property
    def paths(self) -> list[str]:
        """Their paths."""
        return [self.problem.paths[i] for i in self.problem.movable]


def asked(
    problem: Problem,
    order: int,
    key: jax.Array,
    shapes: Sequence[tuple[int, ...]] = (),
    entries: int = ENTRIES,
) -> list[Question]:
    """The questions of a check: the function itself, and for order 2 its gradient.

    A Jacobian of up to so many entries is compared whole. Of a larger one the rows are summed with
    weights drawn by the key, between 1/2 and 3/2 and of either sign: an error in any entry shows.

    Raises:
        TypeError: where no output is a floating-point number.
    """
    first, second = jax.random.split(key)
    value = _of_value(problem, first, entries)._replace(shapes=tuple(shapes))
    return [value] if order == 1 else [value, _of_gradient(value, second, entries)]


def _of_value(problem: Problem, key: jax.Array, entries: int) -> Question:
    shapes = jax.tree.leaves(jax.eval_shape(problem.function, problem.leaves))
    outputs = [i for i, out in enumerate(shapes) if jnp.issubdtype(out.dtype, jnp.inexact)]
    if not outputs:
        got = ", ".join(f"{out.dtype}{list(out.shape)}" for out in shapes) or "nothing"
        raise TypeError(
            f"got a function that returns {got}; wanted a floating-point output, which alone has a "
            "derivative; return the loss, or cast it to float"
        )
    if (
        len(shapes) == 1
        and shapes[0].shape == ()
        and not jnp.issubdtype(shapes[0].dtype, jnp.complexfloating)
    ):

        def scalar(leaves):
            (output,) = jax.tree.leaves(problem.function(leaves))
            return output

        return Question(problem._replace(function=scalar), None, "the function")

    def vector(leaves):
        flat = jax.tree.leaves(problem.function(leaves))
        return _as_vector([flat[i] for i in outputs])

    return _shown(problem._replace(function=vector), "the function", key, entries)


def _of_gradient(value: Question, key: jax.Array, entries: int) -> Question:
    """The gradient as a vector function; of a vector function, that of a weighted sum of it."""
    first, second = jax.random.split(key)
    weights = None if value.outputs is None else _weights(first, value.outputs)

    def scalar(moved):
        output = value.of_moved(moved)
        return output if weights is None else jnp.dot(weights.astype(output.dtype), output)

    def gradient(leaves):
        moved = [leaves[i] for i in value.problem.movable]
        return _as_vector(jax.grad(scalar)(moved))

    return _shown(value.problem._replace(function=gradient), "its gradient", second, entries)


def _shown(problem: Problem, label: str, key: jax.Array, entries: int) -> Question:
    """A vector function whole, or its weighted sum where the Jacobian would be too large."""
    moved = [problem.leaves[i] for i in problem.movable]
    size = jax.eval_shape(problem.function, problem.leaves).size
    coordinates = sum(coordinate_count(jnp.asarray(leaf)) for leaf in moved)
    if size * coordinates <= entries:
        return Question(problem, size, label)
    weights = _weights(key, size)

    def weighted(leaves):
        output = problem.function(leaves)
        return jnp.dot(weights.astype(output.dtype), output)

    return Question(
        problem._replace(function=weighted),
        None,
        f"a weighted sum of the {size} outputs of {label}",
    )


def _as_vector(outputs: Sequence[Any]) -> Any:
    real = [
        part.reshape(-1)
        for out in map(jnp.asarray, outputs)
        for part in ((out.real, out.imag) if jnp.iscomplexobj(out) else (out,))
    ]
    dtype = jnp.result_type(*real)
    return jnp.concatenate([part.astype(dtype) for part in real])


def _weights(key: jax.Array, size: int) -> np.ndarray:
    """Weights of either sign, none of them small."""
    sizes, signs = jax.random.split(key)
    weights = jax.random.uniform(sizes, (size,), minval=0.5, maxval=1.5)
    return np.asarray(weights * jax.random.rademacher(signs, (size,), weights.dtype), float)
