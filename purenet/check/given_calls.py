"""How a derivative that the caller gives is called: on fresh copies, in float64 where it can be."""

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from purenet import jaxprs
from purenet.check.answers import MisshapenError
from purenet.check.reading import Reading
from purenet.check.rule import Rule
from purenet.check.target import Target
from purenet.check.witness import Tree, Witness
from purenet.fd.lengths import scale
from purenet.fd.noise import POINTS, measured_noise

# without it test_a_gradient_that_loses_digits_is_held_to_what_it_has fails
_NOISES = 16.0  # of the given function; its noise is known from eight values


class Given(Witness):
    """A derivative that the caller gives, of one kind or another."""

    mode = "given"

    def __init__(self, target: Target, rule: Rule, double: bool):
        assert target.reading is not None
        self._point = point = target.point
        self._reading: Reading = target.reading
        self._rule = rule
        self._coarsest = _coarsest(target)
        self._program: jaxprs.Traced | None = None
        # the point that the function is differenced at, in the caller's dtypes
        self._native = [
            np.asarray(leaf).astype(dtype).astype(np.asarray(leaf).dtype)
            for leaf, dtype in zip(target.moved, target.dtypes, strict=True)
        ]
        wide = [leaf.astype(jaxprs.wide_dtype(leaf.dtype)) for leaf in self._native]
        self._is_wide = all(x.dtype == y.dtype for x, y in zip(wide, self._native, strict=True))
        self._replayed = not self._is_wide and all(
            isinstance(point.originals[i], jax.Array) for i in point.movable
        )
        # what takes fewer digits alone is judged by what it gives in them
        self._double = double and not rule.is_numbers and self._takes(wide)
        self._leaves = wide if self._double else self._native

    def _takes(self, wide: Tree) -> bool:
        """Whether the function takes leaves widened to float64: PyTorch's modules may not."""
        if self._is_wide:
            return True
        try:
            self._asked(wide)
        except MisshapenError:
            return True
        except Exception:
            return False
        return True

    def _asked(self, leaves: Tree) -> Any:
        """What the function says at these leaves, in one form or another."""
        raise NotImplementedError

    def _called(self, leaves: Tree, *more: Any) -> Any:
        """The function at these leaves, in float64 where these are."""
        double = all(jaxprs.wide_dtype(x.dtype) == x.dtype for x in leaves)
        with jaxprs.working_precision(double):
            args = self._point.fresh(leaves, double)
            extra = [make(args) for make in more]
        if double and self._replayed:
            said, self._replayed = self._replay(leaves, extra)
            if self._replayed:
                return said
        with jaxprs.working_precision(double):
            try:
                return self._rule.given(*args, *extra)
            except Exception as error:
                error.add_note(f"purenet: raised by the given {self._rule.kind}")
                raise

    def _replay(self, leaves: Tree, extra: list[Any]) -> tuple[Any, bool]:
        """What its program gives in float64, traced in the caller's dtypes; whether it has one.

        Called with float64 itself it may be another function: the random numbers that JAX draws
        depend on the dtype, and what is cast to a narrow one stays there.
        """
        more, tree = jax.tree.flatten(extra)
        native = [x.astype(_narrowed(x.dtype, self._native)) for x in map(np.asarray, more)]
        try:
            program = self._traced([*self._native, *native], tree)
        except Exception:  # NumPy in it, say
            return None, False
        with jaxprs.working_precision(True):
            wide = [jaxprs.widen(x) for x in (*leaves, *more)]
            outputs = jaxprs.evaluated_wide(program.program, program.constants, wide)
        return jax.tree.unflatten(program.output_tree, outputs), True

    def _traced(self, leaves: Tree, tree: Any) -> jaxprs.Traced:
        """The given function as a program of the leaves and of a cotangent or a tangent."""
        if self._program is None:
            count = len(self._native)
            self._program = jaxprs.trace(
                lambda leaves: self._rule.given(
                    *self._point.fresh(leaves[:count]),
                    *jax.tree.unflatten(tree, leaves[count:]),
                ),
                leaves,
            )
        return self._program

    def _noise(self, at: Callable[[Tree], np.ndarray]) -> np.ndarray:
        """The noise of an array that depends on the leaves, of its shape."""
        lengths = [np.asarray(scale(x)) for x in self._leaves]
        shape = at(self._leaves).shape

        def values_at(spacing: float) -> np.ndarray:
            return np.stack([
                at([
                    (x + spacing * point * s).astype(x.dtype)
                    for x, s in zip(self._leaves, lengths, strict=True)
                ]).ravel()
                for point in range(1, POINTS + 1)
            ])[None]  # fmt: skip

        with np.errstate(all="ignore"):
            noise, _ = measured_noise(values_at)
        return _NOISES * np.nan_to_num(noise[0]).reshape(shape)


def _narrowed(dtype: Any, leaves: Tree) -> Any:
    """The dtype of the caller's program that a cotangent or a tangent of float64 stands for."""
    same = [x.dtype for x in leaves if jaxprs.wide_dtype(x.dtype) == jaxprs.wide_dtype(dtype)]
    return same[0] if same else dtype


def _coarsest(target: Target) -> float:
    """The largest relative spacing of the parameters, and of what the function computes of them."""
    of_parameters = max(float(jnp.finfo(dtype).eps) for dtype in target.dtypes)
    if target.traced is None:
        return of_parameters
    return max(of_parameters, target.traced.program.coarsest)
