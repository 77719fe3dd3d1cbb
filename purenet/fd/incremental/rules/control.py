"""Control flow: what is held constant, and loops over layers of which one has moved."""

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
from jax import lax

from purenet import jaxprs
from purenet.fd.incremental.patch import Value, lane_shape


def stop_gradient(operation: Any, values: list[Value], bases: list[Any]) -> list[Value]:
    """The base: what jax.grad holds constant is held constant here."""
    del operation, values
    return [Value(bases[0])]


def optimization_barrier(operation: Any, values: list[Value], bases: list[Any]) -> list[Value]:
    """A barrier to optimisation, which changes no operand."""
    del operation, bases
    return values


def rules(body_at: Callable) -> dict[str, Callable]:
    """The rules that look into a body, given ``body_at(body, values) -> values``."""

    def scan(operation: Any, values: list[Value], bases: list[Any]) -> list[Value] | None:
        """A loop over layers of which one layer's slice has moved.

        The steps before it are the base, its own step is incremental, those after it are whole.
        Where anything else moved, or each step has an output of its own, all of it is dense.
        """
        params = operation.params
        n_constants, n_carry = jaxprs.scan_counts(params)
        xs = values[n_constants + n_carry :]
        layer = _moved_layer(xs)
        outputs = len(params["jaxpr"].jaxpr.outvars) - 2 * n_carry
        if layer is None or outputs or any(v.moved for v in values[: n_constants + n_carry]):
            return None
        constants, history = values[:n_constants], [Value(base) for base in bases[n_carry:]]

        def step(carry: list[Value], inputs: list[Value]) -> list[Value]:
            return body_at(params["jaxpr"], [*constants, *carry, *inputs])[:n_carry]

        carry = step([_at(h, layer) for h in history], [_at(x, layer) for x in xs])
        following = _Following(step, history, [Value(x.base) for x in xs])
        carry = following.widened(carry)

        def one(carried, position):
            after = position < layer if params["reverse"] else position > layer
            return lax.cond(after, following.advanced, lambda c, _: c, carried, position), None

        positions = jnp.arange(params["length"])
        new, _ = lax.scan(one, following.arrays(carry), positions, reverse=params["reverse"])
        return [*following.values(new, bases), *history]

    return {
        "stop_gradient": stop_gradient,
        "optimization_barrier": optimization_barrier,
        "scan": scan,
    }


class _Following:
    """The steps after the one that moved: whole carries, those that the movement reaches."""

    def __init__(self, step: Callable, history: list[Value], xs: list[Value]):
        self._step, self._history, self._xs = step, history, xs
        self._moved: list[bool] = []
        self._lanes: tuple[int, ...] = ()

    def widened(self, carry: list[Value]) -> list[Value]:
        """The carry, with all that any later step will move counted as moved."""
        self._lanes = (
            lane_shape(*(v.full() for v in carry if v.moved))
            if any(v.moved for v in carry)
            else (1, 1)
        )
        self._moved = [value.moved for value in carry]
        while True:
            found: list[bool] = []

            def look(arrays, found=found):
                inputs = self.values(arrays, [_at(h, 0).base for h in self._history])
                outputs = self._step(inputs, [_at(x, 0) for x in self._xs])
                found += [value.moved for value in outputs]

            jax.eval_shape(look, self.arrays(carry))
            wider = [a or b for a, b in zip(self._moved, found, strict=True)]
            if wider == self._moved:
                return carry
            self._moved = wider

    def arrays(self, carry: list[Value]) -> list[Any]:
        """The whole arrays of the carries that move."""
        return [
            jnp.broadcast_to(v.full(), (*v.base.shape, *self._lanes))
            for v, moved in zip(carry, self._moved, strict=True)
            if moved
        ]

    def values(self, arrays: list[Any], bases: list[Any]) -> list[Value]:
        """All carries, given their bases and the arrays of those that move."""
        news = iter(arrays)
        return [
            Value(base, (None,) * base.ndim, next(news)) if moved else Value(base)
            for base, moved in zip(bases[: len(self._moved)], self._moved, strict=True)
        ]

    def advanced(self, arrays: list[Any], position: Any) -> list[Any]:
        """The carries after one more step."""
        bases = [_at(h, position).base for h in self._history]
        inputs = [_at(x, position) for x in self._xs]
        return self.arrays(self._step(self.values(arrays, bases), inputs))


def _moved_layer(xs: list[Value]) -> Any:
    """The step whose slice has moved, where there is one such step for all coordinates."""
    moved = [x.where[0] for x in xs if x.moved]
    if not moved or moved[0] is None or moved[0].varies:
        return None
    return moved[0].positions if all(index is moved[0] for index in moved) else None


def _at(value: Value, step: Any) -> Value:
    """What one step of a loop sees of a stacked value."""
    base = lax.dynamic_index_in_dim(value.base, step, keepdims=False)
    if not value.moved:
        return Value(base)
    return Value(base, value.where[1:], jnp.squeeze(value.new, 0))
