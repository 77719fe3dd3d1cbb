"""What is compared: a program of leaves to one vector of real outputs, of any order."""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from purenet import jaxprs
from purenet.fd.differences import coordinate_count
from purenet.fd.problem import Problem

Seed = tuple[int, ...]  # of NumPy's generators: for a few numbers JAX would compile a program each
ENTRIES = 2**16  # of a Jacobian up to which all of it is compared


class Question(NamedTuple):
    """A function whose derivative is to be proved.

    Attributes:
        problem: the posed problem.
        traced: the program, of the leaves that move, that returns a real scalar or a real vector.
        outputs: the length of that vector; None for a scalar.
        label: what is differentiated, for people: "the function", "its gradient".
        shapes: of the other arguments' arrays, whose sizes may explain a factor.
    """

    problem: Problem
    traced: jaxprs.Traced
    outputs: int | None
    label: str
    shapes: tuple[tuple[int, ...], ...] = ()

    def of_moved(self, moved: Sequence[Any]) -> Any:
        """The function of the leaves that move, by its program."""
        (output,) = self.traced.call(moved)
        return output

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
    traced: jaxprs.Traced,
    order: int,
    seed: Seed,
    shapes: Sequence[tuple[int, ...]] = (),
    entries: int = ENTRIES,
) -> list[Question]:
    """The questions of a check: the function itself, and for order 2 its gradient.

    A Jacobian of up to so many entries is compared whole. Of a larger one the rows are summed with
    weights drawn by the seed, between 1/2 and 3/2 and of either sign: an error in any entry shows.

    Args:
        problem: the function and its leaves.
        traced: its program, of the leaves that move.
        order: 1 or 2.
        seed: draws the weights.
        shapes: of the other arguments' arrays.
        entries: up to which a Jacobian is compared whole.

    Raises:
        TypeError: where no output is a floating-point number.
    """
    value = _of_value(problem, traced, (*seed, 1), entries)._replace(shapes=tuple(shapes))
    return [value] if order == 1 else [value, _of_gradient(value, (*seed, 2), entries)]


def _of_value(problem: Problem, traced: jaxprs.Traced, seed: Seed, entries: int) -> Question:
    shapes = traced.outputs
    floating = [i for i, out in enumerate(shapes) if jnp.issubdtype(out.dtype, jnp.inexact)]
    if not floating:
        got = ", ".join(f"{out.dtype}{list(out.shape)}" for out in shapes) or "nothing"
        raise TypeError(
            f"got a function that returns {got}; wanted a floating-point output, which alone has a "
            "derivative; return the loss, or cast it to float"
        )
    is_complex = jnp.issubdtype(shapes[0].dtype, jnp.complexfloating)
    if len(shapes) == 1 and shapes[0].shape == () and not is_complex:
        return Question(problem, traced, None, "the function")

    def vector(moved):
        flat = traced.call(moved)
        return _as_vector([flat[i] for i in floating])

    return _shown(problem, vector, "the function", seed, entries)


def _of_gradient(value: Question, seed: Seed, entries: int) -> Question:
    """The gradient as a vector function; of a vector function, that of a weighted sum of it."""
    weights = None if value.outputs is None else _weights((*seed, 1), value.outputs)

    def scalar(moved):
        output = value.of_moved(moved)
        return output if weights is None else jnp.dot(weights.astype(output.dtype), output)

    def gradient(moved):
        return _as_vector(jax.grad(scalar)(list(moved)))

    return _shown(value.problem, gradient, "its gradient", (*seed, 2), entries)


def _shown(problem: Problem, vector: Callable, label: str, seed: Seed, entries: int) -> Question:
    """A vector function whole, or its weighted sum where the Jacobian would be too large."""
    moved = [problem.leaves[i] for i in problem.movable]
    traced = jaxprs.trace(lambda moved: [vector(moved)], moved)
    size = traced.outputs[0].shape[0]
    coordinates = sum(coordinate_count(np.asarray(leaf)) for leaf in moved)
    if size * coordinates <= entries:
        return Question(problem, traced, size, label)
    weights = _weights(seed, size)

    def weighted(moved):
        (output,) = traced.call(moved)
        return [jnp.dot(weights.astype(output.dtype), output)]

    label = f"a weighted sum of the {size} outputs of {label}"
    return Question(problem, jaxprs.trace(weighted, moved), None, label)


def _as_vector(outputs: Sequence[Any]) -> Any:
    real = [
        part.reshape(-1)
        for out in map(jnp.asarray, outputs)
        for part in ((out.real, out.imag) if jnp.iscomplexobj(out) else (out,))
    ]
    dtype = jnp.result_type(*real)
    return jnp.concatenate([part.astype(dtype) for part in real])


def _weights(seed: Seed, size: int) -> np.ndarray:
    """Weights of either sign, none of them small."""
    draws = np.random.default_rng(seed)
    return draws.uniform(0.5, 1.5, size) * draws.choice([-1.0, 1.0], size)
