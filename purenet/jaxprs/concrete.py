"""Tracing at values: what jax.grad lets a function look at, outside of jit, it may look at here."""

from collections.abc import Callable, Sequence
from typing import Any

import jax
import jax.extend.core
import jax.numpy as jnp
import numpy as np
from jax.core import Trace, Tracer
from jax.extend.core import ClosedJaxpr

from purenet.jaxprs.widening import placed

# in jax.core before they came to jax.extend.core
_set_trace = getattr(jax.extend.core, "set_current_trace", None) or jax.core.set_current_trace  # pyright: ignore
_take_trace = getattr(jax.extend.core, "take_current_trace", None) or jax.core.take_current_trace  # pyright: ignore

LOOKED = (jax.errors.ConcretizationTypeError, jax.errors.NonConcreteBooleanIndexError,
          jax.errors.TracerIntegerConversionError)  # fmt: skip
"""What JAX raises where a function looks at a value that a trace has not."""


def trace_at(
    function: Callable, leaves: Sequence[Any], avals: Sequence[jax.ShapeDtypeStruct]
) -> tuple[ClosedJaxpr, Any, bool]:
    """Trace ``function(leaves)`` as it runs at the leaves' values.

    What does not depend on the leaves is computed at once, and known. Where a value that depends on
    them decides (an if, a mask, a loop's end) it is that of these leaves. The function runs twice:
    on numbers, to see how it decides, and on tracers.

    Returns:
        The program, shapes and dtypes of its outputs in their tree, and whether the leaves decided.
    """
    seen: list[Any] = []
    numbers = [placed(leaf, aval.dtype) for leaf, aval in zip(leaves, avals, strict=True)]
    with _take_trace() as outside:
        _under(_Looking(outside, outside, seen.append), function, numbers)
        answers = iter(seen)

        def replayed(tracers):
            with _take_trace() as recording:
                looking = _Looking(recording, outside, None, answers)
                return _under(looking, function, tracers)

        with _set_trace(outside):
            closed, shapes = jax.make_jaxpr(replayed, return_shape=True)(list(avals))
    return closed, shapes, bool(seen)


class _Looking(Trace):
    """A trace that hands what depends on the leaves to one trace, and all else to another."""

    def __init__(
        self, inner: Trace, outside: Trace, see: Callable | None, answers: Any = None
    ) -> None:
        super().__init__()
        self.inner = inner
        self.outside = outside
        self.see = see
        self.answers = answers

    def value(self, tracer: "_Looked") -> Any:
        """The value that a tracer has, noted down or as it was noted down."""
        if self.see is None:
            return next(self.answers, None)
        self.see(tracer.inner)
        return tracer.inner

    def process_primitive(self, primitive, tracers, params, /):
        """As `Trace.process_primitive`."""
        return self._handed("process_primitive", (primitive,), tracers, (params,), {})

    def process_call(self, primitive, function, tracers, params, /):
        """As `Trace.process_call`."""
        return self._handed("process_call", (primitive, function), tracers, (params,), {})

    def process_custom_jvp_call(self, primitive, fun, jvp, tracers, /, **options):
        """As `Trace.process_custom_jvp_call`."""
        heads = (primitive, fun, jvp)
        return self._handed("process_custom_jvp_call", heads, tracers, (), options)

    def process_custom_vjp_call(self, primitive, fun, fwd, bwd, tracers, /, **options):
        """As `Trace.process_custom_vjp_call`."""
        heads = (primitive, fun, fwd, bwd)
        return self._handed("process_custom_vjp_call", heads, tracers, (), options)

    def _handed(self, method: str, heads: tuple, tracers, tails: tuple, options: dict):
        mine = [isinstance(x, _Looked) and x._trace is self for x in tracers]
        trace = self.inner if any(mine) else self.outside
        arrays = [x.inner if is_mine else x for x, is_mine in zip(tracers, mine, strict=True)]
        with _set_trace(trace):
            outputs = getattr(trace, method)(*heads, arrays, *tails, **options)
        return self.wrapped(outputs) if any(mine) else outputs

    def wrapped(self, outputs: Any) -> Any:
        """Outputs as tracers of this trace."""
        if isinstance(outputs, list | tuple):
            return [_Looked(self, out) for out in outputs]
        return _Looked(self, outputs)


class _Looked(Tracer):
    """A value that depends on the leaves, and that can be looked at."""

    __slots__ = ("inner",)

    def __init__(self, trace: _Looking, inner: Any):
        self._trace = trace
        self.inner = inner

    @property
    def aval(self):  # pyright: ignore
        """The shape and dtype of the value."""
        return jax.typeof(self.inner)

    @property
    def _has_slope(self) -> bool:
        return jnp.issubdtype(self.aval.dtype, jnp.inexact)

    def to_concrete_value(self) -> Any:
        """The value of whole numbers and truth values.

        Not that of what has a slope: JAX's own functions look at numbers that decide nothing.
        """
        return None if self._has_slope else self._trace.value(self)

    def __bool__(self) -> bool:
        """Whether the value is other than zero."""
        return bool(self._trace.value(self))

    def __array__(self, *args: Any, **options: Any) -> Any:
        """As `to_concrete_value`."""
        if self._has_slope:
            return super().__array__(*args, **options)
        return np.asarray(self.to_concrete_value(), *args)

    def __float__(self) -> float:
        """As `to_concrete_value`."""
        return super().__float__() if self._has_slope else float(self.to_concrete_value())

    def full_lower(self) -> Any:
        """This tracer itself: there is no lower one."""
        return self


def _under(trace: _Looking, function: Callable, arrays: Sequence[Any]) -> Any:
    with _set_trace(trace):
        outputs = function(trace.wrapped(list(arrays)))
    return jax.tree.map(
        lambda out: out.inner if isinstance(out, _Looked) and out._trace is trace else out, outputs
    )
