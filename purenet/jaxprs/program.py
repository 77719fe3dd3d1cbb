"""Programs: a function traced to a jaxpr, compared by its equations, and looked into."""

import hashlib
from collections.abc import Iterator
from functools import cached_property
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax.core import Tracer
from jax.extend.core import ClosedJaxpr, Jaxpr, Literal

from purenet.jaxprs.primitives import facts
from purenet.jaxprs.widening import has_64_bits, is_extended, wide_dtype


class Straight(NamedTuple):
    """Equations in order, with the fields of a jaxpr: enough for a `Program` and a `Replay`."""

    constvars: list[Any]
    invars: list[Any]
    eqns: list[Any]
    outvars: list[Any]


class Program:
    """A traced function without its constants; equal to another of the same equations.

    Programs serve as keys: a function traced anew at each call, so that nothing it captured can be
    stale, still finds what was compiled for the same equations before.
    """

    def __init__(self, jaxpr: Jaxpr | Straight):
        self.jaxpr = jaxpr
        self.fingerprint = _fingerprint(jaxpr)
        self._hash = hash(self.fingerprint)

    def __hash__(self):
        """The hash of the fingerprint."""
        return self._hash

    def __eq__(self, other):
        """Whether the other program has the same equations."""
        return isinstance(other, Program) and self.fingerprint == other.fingerprint

    @property
    def constants(self) -> list[jax.ShapeDtypeStruct]:
        """Shape and dtype of each captured constant."""
        return list(map(_described, self.jaxpr.constvars))

    @property
    def inputs(self) -> list[jax.ShapeDtypeStruct]:
        """Shape and dtype of each input."""
        return list(map(_described, self.jaxpr.invars))

    @property
    def holds_constant(self) -> bool:
        """Whether a stop_gradient stands anywhere in the program."""
        return any(name == "stop_gradient" for name in primitive_names(self.jaxpr))

    @property
    def is_wide(self) -> bool:
        """Whether every floating-point value is float64 or complex128: nothing to widen."""
        heads = (*self.jaxpr.constvars, *self.jaxpr.invars)
        computed = (out for e in equations(self.jaxpr) for out in e.outvars)
        return all(_is_wide(getattr(v.aval, "dtype", None)) for v in (*heads, *computed))

    @cached_property
    def has_64_bits(self) -> bool:
        """Whether anything in it has 64 bits: what is bound without x64 would be cut to 32."""
        heads = (*self.jaxpr.constvars, *self.jaxpr.invars)
        computed = (out for e in equations(self.jaxpr) for out in e.outvars)
        return any(has_64_bits(getattr(v.aval, "dtype", None)) for v in (*heads, *computed))

    @property
    def coarsest(self) -> float:
        """The largest relative spacing among the floating-point values that it computes."""
        computed = (out.aval for e in equations(self.jaxpr) for out in e.outvars)
        dtypes = {getattr(aval, "dtype", np.dtype(int)) for aval in computed}
        floating = (dtype for dtype in dtypes if jnp.issubdtype(dtype, np.inexact))
        return max((float(jnp.finfo(dtype).eps) for dtype in floating), default=0.0)

    @property
    def solves_iteratively(self) -> bool:
        """Whether it has a linear solve that iterates, to some tolerance."""
        return any(
            e.primitive.name == "custom_linear_solve"
            and "while" in primitive_names(e.params["jaxprs"].solve.jaxpr)
            for e in equations(self.jaxpr)
        )

    @property
    def is_mappable(self) -> bool:
        """Whether jax.vmap takes the program: no callback in it takes one point at a time."""
        return all(e.params.get("vmap_method", "") is not None for e in equations(self.jaxpr))

    @property
    def calls_back(self) -> bool:
        """Whether the program calls back into Python, or out of JAX, for a value."""
        return any("callback" in e.primitive.name for e in equations(self.jaxpr))

    @property
    def size(self) -> int:
        """The number of its equations, nested programs included."""
        return sum(1 for _ in equations(self.jaxpr))

    @property
    def intermediate_size(self) -> int:
        """The number of elements of all values the program computes, nested programs included."""
        return sum(
            int(np.prod(getattr(out.aval, "shape", ())))
            for equation in equations(self.jaxpr)
            for out in equation.outvars
        )


def is_traced(x: Any) -> bool:
    """Whether a value is a tracer: inside jit, vmap or grad, where no numbers are known."""
    return isinstance(x, Tracer)


def primitive_names(jaxpr: Jaxpr | Straight) -> set[str]:
    """The names of all primitives of a program, those of nested programs included."""
    return {equation.primitive.name for equation in equations(jaxpr)}


def equations(jaxpr: Jaxpr | Straight) -> Iterator:
    """All equations of a program, those of nested programs included."""
    for equation in jaxpr.eqns:
        yield equation
        for inner in nested(equation.params):
            yield from equations(inner)


def literal_array(literal: Literal) -> np.ndarray:
    """A literal's value in the dtype it stands for."""
    return np.asarray(literal.val, getattr(literal.aval, "dtype", None))


def _is_wide(dtype: Any) -> bool:
    if dtype is None or is_extended(dtype) or not jnp.issubdtype(dtype, np.inexact):
        return True
    return wide_dtype(dtype) == dtype


def _described(variable: Any) -> jax.ShapeDtypeStruct:
    return jax.ShapeDtypeStruct(variable.aval.shape, variable.aval.dtype)


def scan_counts(params: dict) -> tuple[int, int]:
    """How many of a scan's inputs are constants, and how many of the next are carried."""
    if "ft_in" in params:  # JAX 0.12 has trees in place of numbers
        constants, carry, _ = params["ft_in"].unpack()
        return len(constants), len(carry)
    return params["num_consts"], params["num_carry"]


def nested(params: dict) -> Iterator[Jaxpr]:
    """The programs among an equation's parameters."""
    for value in params.values():
        for item in value if isinstance(value, tuple | list) else (value,):
            if isinstance(item, ClosedJaxpr):
                yield item.jaxpr
            elif isinstance(item, Jaxpr):
                yield item


def _fingerprint(jaxpr: Jaxpr | Straight) -> tuple:
    """What a replay can see of a program, hashable: equations, literals, nested constants."""
    numbers: dict[Any, int] = {}

    def variable(v):
        return numbers.setdefault(v, len(numbers)), str(v.aval)

    def atom(a):
        if isinstance(a, Literal):
            return _constant_fingerprint(literal_array(a))
        return variable(a)

    heads = (tuple(map(variable, jaxpr.constvars)), tuple(map(variable, jaxpr.invars)))
    steps = tuple(
        (
            e.primitive,  # two of a name may be two
            tuple(map(atom, e.invars)),
            _params_fingerprint(e.primitive.name, e.params),
            tuple(map(variable, e.outvars)),
        )
        for e in jaxpr.eqns
    )
    return (*heads, steps, tuple(map(atom, jaxpr.outvars)))


def _params_fingerprint(name: str, params: dict) -> tuple:
    call = facts(name).call
    if call:  # the rest are derivative rules and placement, which a replay never uses
        return _value_fingerprint(params[call])
    return tuple((key, _value_fingerprint(value)) for key, value in sorted(params.items()))


def _value_fingerprint(value: Any) -> Any:
    if isinstance(value, ClosedJaxpr):
        constants = tuple(map(_constant_fingerprint, value.consts))
        return _fingerprint(value.jaxpr), constants
    if isinstance(value, Jaxpr):
        return _fingerprint(value)
    if isinstance(value, tuple | list):
        return tuple(map(_value_fingerprint, value))
    try:
        hash(value)
    except TypeError:
        return type(value).__name__, repr(value)
    return type(value).__name__, value


def _constant_fingerprint(constant: Any) -> tuple:
    if is_traced(constant):  # JAX 0.12 leaves some in what lineax closes over, and never reads them
        return "traced", id(constant)
    array = np.asarray(constant)
    content = array.tobytes()
    digest = content if len(content) <= 64 else hashlib.sha256(content).digest()
    return str(array.dtype), array.shape, digest
