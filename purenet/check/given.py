"""A derivative that the caller gives: a gradient, a vjp or a jvp, as a witness like JAX's own."""

from collections.abc import Iterable, Sequence
from functools import cached_property
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from purenet import kinds
from purenet.check.answers import MisshapenError, flattened, matched, misshapen, numbers
from purenet.check.given_calls import Given
from purenet.check.rule import Rule
from purenet.check.target import Target
from purenet.check.witness import (
    Derivatives,
    Tree,
    Witness,
    by_coordinate,
    unit_directions,
)

# without it test_numbers_summed_up_in_float32_over_a_large_batch_do_not_disagree fails
_ROUNDINGS = 64.0  # of numbers without a function: sums over a batch of 2,000 err by a dozen


def given_witness(target: Target, rule: Rule, *, double: bool) -> Witness:
    """The given derivative of a target; with ``double`` it is asked in float64 too.

    Raises:
        MisshapenError: where it does not have the parameters' shapes.
        TypeError: where it does not have their tree.
    """
    return _Tangents(target, rule, double) if rule.kind == "jvp" else _Rows(target, rule, double)


class _Rows(Given):
    """A gradient, or a vjp: the whole derivative at once."""

    def whole(self, *, shaken: bool = False) -> Derivatives:
        """As `Witness.whole`."""
        return self._shaken if shaken and not self._rule.is_numbers else self._whole

    @cached_property
    def _whole(self) -> Derivatives:
        wide = self._asked(self._leaves)
        native = (
            wide if self._leaves is self._native or self._is_wide else self._asked(self._native)
        )
        return Derivatives(
            list(map(by_coordinate, native)),
            list(map(by_coordinate, wide)),
            [self._least(rows) for rows in wide],
        )

    @cached_property
    def _shaken(self) -> Derivatives:
        def together(leaves: Tree) -> np.ndarray:
            return np.concatenate([by_coordinate(rows) for rows in self._asked(leaves)])

        noise = self._noise(together)
        ends = np.cumsum([len(part) for part in self._whole.rounding])[:-1]
        moved = np.split(noise, ends)
        rounding = [a + b for a, b in zip(self._whole.rounding, moved, strict=True)]
        return self._whole._replace(rounding=rounding)

    def _least(self, rows: np.ndarray) -> np.ndarray:
        """The roundings of the given dtype: two, or those of numbers of which no more is known."""
        size = np.abs(by_coordinate(rows))
        eps = float(jnp.finfo(_inexact(rows.dtype)).eps)
        if not self._rule.is_numbers:
            return 4 * eps * size
        # numbers computed in fewer digits have no more, whatever their dtype
        eps = max(eps, self._coarsest)
        typical = np.sqrt(np.mean(np.square(size))) if size.size else 0.0
        return _ROUNDINGS * eps * np.maximum(size, np.nan_to_num(typical))

    def _asked(self, leaves: Tree) -> list[np.ndarray]:
        """The rows by each movable leaf, shape (outputs, *leaf shape)."""
        if self._rule.kind == "gradient":
            said = self._rule.given if self._rule.is_numbers else self._called(leaves)
            return self._of_gradient(said)
        rows = [
            self._of_tree(self._called(leaves, lambda args, c=c: self._cotangent(args, c)), ())
            for c in self._reading.cotangents()
        ]
        return [np.stack(by_leaf) for by_leaf in zip(*rows, strict=True)]

    def _of_gradient(self, said: Any) -> list[np.ndarray]:
        """A gradient, or a tree of outputs with a tree of parameters in each, as jax.jacrev's."""
        reading, outputs = self._reading, self._reading.outputs
        if reading.is_scalar:
            return [array[None] for array in self._of_tree(said, ())]
        if any(np.issubdtype(outputs[i].dtype, np.complexfloating) for i in reading.floating):
            raise TypeError(
                "got a gradient of a function with complex outputs; wanted real ones, whose "
                "derivatives have one layout; pass vjp, or return real and imaginary parts"
            )
        parts = flattened(reading.tree, said, "the outputs")
        by_output = [self._of_tree(parts[i], outputs[i].shape) for i in reading.floating]
        return [
            reading.rows(by_leaf).reshape(-1, *leaf.shape)
            for leaf, by_leaf in zip(self._native, zip(*by_output, strict=True), strict=True)
        ]

    def _of_tree(self, said: Any, before: tuple[int, ...]) -> list[np.ndarray]:
        """The arrays by the movable leaves, each of the shape ``before`` plus the leaf's."""
        point = self._point
        every = matched(point, said)
        arrays, wrong = [], []
        for i, leaf in zip(point.movable, self._native, strict=True):
            wanted = (*before, *leaf.shape)
            said = np.zeros(wanted) if every[i] is None else every[i]
            array = numbers(said, point.paths[i], leaf.dtype, self._rule.kind)
            if array.shape != wanted:
                wrong.append(misshapen(point.paths[i], array, wanted, self._rule.kind))
            arrays.append(array)
        if wrong:
            raise MisshapenError(*wrong)
        return arrays

    def _cotangent(self, args: tuple, flat: Sequence[np.ndarray]) -> Any:
        """A cotangent in the tree of the output and in the kind of the arguments."""
        made = [kinds.cotangent_like(jax.tree.leaves(args), part) for part in flat]
        return jax.tree.unflatten(self._reading.tree, made)


class _Tangents(Given):
    """A jvp: the derivatives along tangents, those by single coordinates along unit vectors."""

    by_tangents = True

    def along(
        self, directions: Iterable[Tree], *, shaken: bool = False
    ) -> tuple[np.ndarray, np.ndarray]:
        """As `Witness.along`."""
        directions = list(directions)
        raw = [self._tangent_of(self._leaves, d) for d in directions]
        values = np.stack(raw).astype(float)
        rounding = 4 * float(jnp.finfo(_inexact(raw[0].dtype)).eps) * np.abs(values)
        if shaken:
            rounding = rounding + np.stack(
                [self._noise(lambda leaves, d=d: self._tangent_of(leaves, d)) for d in directions]
            )
        return values, rounding

    def whole(self, *, shaken: bool = False) -> Derivatives:
        """As `Witness.whole`, one tangent a coordinate."""
        units, ends = unit_directions(self._native)
        wide, rounding = self.along(units, shaken=shaken)
        value = wide
        if self._leaves is not self._native and not self._is_wide:
            value = np.stack([self._tangent_of(self._native, u) for u in units]).astype(float)
        return Derivatives(*(np.split(rows, ends) for rows in (value, wide, rounding)))

    def _asked(self, leaves: Tree) -> np.ndarray:
        return self._tangent_of(leaves, [np.zeros_like(x) for x in leaves])

    def _tangent_of(self, leaves: Tree, direction: Tree) -> np.ndarray:
        """The outputs' derivative along a direction, shape (outputs,)."""
        said = self._called(leaves, lambda _: self._tangent(leaves, direction))
        parts = flattened(self._reading.tree, said, "the output")
        arrays = [
            numbers(part, "the output", out.dtype, "jvp")
            for part, out in zip(parts, self._reading.outputs, strict=True)
        ]
        wrong = [
            f"the given jvp returns an array of shape {array.shape} for an output of shape "
            f"{out.shape}"
            for array, out in zip(arrays, self._reading.outputs, strict=True)
            if array.shape != out.shape
        ]
        if wrong:
            raise MisshapenError(*wrong)
        return np.atleast_1d(self._reading.of(arrays))

    def _tangent(self, leaves: Tree, direction: Tree) -> Any:
        """A tangent in the tree and the kinds of the differentiated arguments."""
        every = [np.zeros(np.shape(leaf)) for leaf in self._point.leaves]
        for i, d, x in zip(self._point.movable, direction, leaves, strict=True):
            every[i] = kinds.like(self._point.originals[i], d.astype(x.dtype))
        return self._point.assemble(every)


def _inexact(dtype: Any) -> Any:
    return dtype if jnp.issubdtype(dtype, np.inexact) else float
