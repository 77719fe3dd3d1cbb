"""What a function captures, looked up by the names that its source has for it, and compared."""

import functools
import inspect
import random
from collections.abc import Callable
from types import FunctionType, GeneratorType, ModuleType
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax.core import Tracer


def looked_up(function: Callable, name: str) -> Any:
    """The object that a name such as ``net.params['W']`` stands for inside a function.

    Names are those of its closure, of its module, of its defaults, of what functools.partial binds
    and, for a bound method, self; then those of the functions that it holds.

    >>> scale = 2.0
    >>> def term(w):
    ...     return scale * w
    >>> looked_up(lambda w: term(w), "scale")
    2.0
    """
    return eval(name, _names(function))


def state_of(value: Any) -> Any:
    """What can be told of a value from outside, for comparing before and after.

    Equal for values in equal states: arrays by their numbers, generators by where they stand,
    objects by their attributes.

    >>> rng = np.random.default_rng(0)
    >>> before = state_of(rng)
    >>> _ = rng.random()
    >>> state_of(rng) == before
    False
    """
    return _state(value, ())


def _names(function: Any) -> dict[str, Any]:
    if isinstance(function, functools.partial):
        return _names(function.func) | function.keywords
    names: dict[str, Any] = {}
    if inspect.ismethod(function):
        names["self"] = function.__self__
        function = function.__func__
    if not inspect.isfunction(function):  # jax.jit and the like, around one
        function = inspect.unwrap(function)
    cells = inspect.getclosurevars(function).nonlocals
    for value in cells.values():
        if inspect.isfunction(inspect.unwrap(value)) and value is not function:
            names = _names(value) | names
    defaults = {
        parameter.name: parameter.default
        for parameter in inspect.signature(function).parameters.values()
        if parameter.default is not parameter.empty
    }
    return names | function.__globals__ | defaults | dict(cells)


def _cells(function: FunctionType) -> dict[str, Any]:
    return dict(inspect.getclosurevars(function).nonlocals)


def _state(value: Any, above: tuple[int, ...]) -> Any:
    if id(value) in above:
        return "itself"
    above = (*above, id(value))
    if isinstance(value, Tracer):
        return f"tracer {id(value)}"
    if isinstance(value, jax.Array) and jnp.issubdtype(value.dtype, jax.dtypes.prng_key):
        value = jax.random.key_data(value)
    if isinstance(value, np.ndarray | jax.Array):
        return str(value.dtype), value.shape, np.asarray(value).tobytes()
    if isinstance(value, np.random.Generator):
        return str(value.bit_generator.state)
    if isinstance(value, random.Random):
        return value.getstate()
    if isinstance(value, GeneratorType):
        return value.gi_frame and _state(dict(value.gi_frame.f_locals), above)
    if isinstance(value, dict):
        return [(repr(key), _state(item, above)) for key, item in value.items()]
    if isinstance(value, list | tuple):
        return [_state(item, above) for item in value]
    if isinstance(value, type | ModuleType):
        return id(value)
    if isinstance(value, FunctionType):
        return id(value), _state(vars(value), above), _state(_cells(value), above)
    if hasattr(value, "__dict__"):
        return type(value).__name__, _state(vars(value), above)
    return repr(value)
