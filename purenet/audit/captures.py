"""Captured arrays: all that a function can reach without its arguments, each by a name."""

import dis
import functools
import types
from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple

import jax
import numpy as np

_DEEPEST = 8  # attributes, items and functions on the way to an array


class Captured(NamedTuple):
    """An array that a function reaches without its arguments.

    Attributes:
        name: as one would write it inside the function: ``net.W``, ``CONFIG['w']``.
        array: the array itself.
    """

    name: str
    array: Any


def captured_arrays(function: Callable) -> list[Captured]:
    """The arrays in closure cells, globals that the code names, defaults, attributes, containers.

    Bound methods, partials, nested functions and those behind jit and custom derivatives are looked
    through; modules, classes and what JAX and NumPy define are not.

    >>> W = np.ones(2)
    >>> def loss(x, scale=2.0):
    ...     return scale * (W * x).sum()
    >>> [name for name, _ in captured_arrays(loss)]
    ['W']
    """
    found: dict[int, Captured] = {}
    for name, array in _of_callable(function, _Walk(set(), 0)):
        found.setdefault(id(array), Captured(name, array))
    return list(found.values())


class _Walk(NamedTuple):
    """Where a walk through objects stands."""

    seen: set[int]
    depth: int

    def enters(self, thing: Any) -> bool:
        if self.depth > _DEEPEST or id(thing) in self.seen:
            return False
        self.seen.add(id(thing))
        return True

    @property
    def deeper(self) -> "_Walk":
        return _Walk(self.seen, self.depth + 1)


def _of_callable(function: Any, walk: _Walk) -> Iterator[Captured]:
    if not walk.enters(function) or _is_library(function):
        return
    deeper = walk.deeper
    if isinstance(function, functools.partial):
        yield from _of_callable(function.func, deeper)
        for i, argument in enumerate(function.args):
            yield from _of_object(argument, f"<partial argument {i}>", deeper)
        for name, argument in function.keywords.items():
            yield from _of_object(argument, name, deeper)
    elif isinstance(function, types.MethodType):
        yield from _of_object(function.__self__, "self", deeper)
        yield from _of_callable(function.__func__, deeper)
    elif isinstance(function, types.FunctionType):
        yield from _of_function(function, deeper)
    elif hasattr(function, "__wrapped__"):  # jit, custom derivatives, decorators
        yield from _of_callable(function.__wrapped__, deeper)
    else:
        yield from _of_instance(function, "self", deeper)


def _of_function(function: types.FunctionType, walk: _Walk) -> Iterator[Captured]:
    for name, value in read_names(function).items():
        yield from _of_object(value, name, walk)
    if "__wrapped__" in vars(function):
        yield from _of_callable(vars(function)["__wrapped__"], walk)


def read_names(function: types.FunctionType) -> dict[str, Any]:
    """What a function's own names stand for: closure cells, globals it mentions, defaults."""
    code = function.__code__
    globals_ = function.__globals__
    names = {name: globals_[name] for name in _mentioned(code) if name in globals_}
    for name, cell in zip(code.co_freevars, function.__closure__ or (), strict=True):
        try:
            names[name] = cell.cell_contents
        except ValueError:  # a cell that is not filled yet
            continue
    defaults = function.__defaults__ or ()
    positional = code.co_varnames[: code.co_argcount]
    names |= zip(positional[len(positional) - len(defaults) :], defaults, strict=True)
    return names | (function.__kwdefaults__ or {})


def _mentioned(code: types.CodeType) -> Iterator[str]:
    for instruction in dis.get_instructions(code):
        if instruction.opname in ("LOAD_GLOBAL", "LOAD_NAME"):
            yield instruction.argval
    for constant in code.co_consts:
        if isinstance(constant, types.CodeType):
            yield from _mentioned(constant)


def _of_object(thing: Any, name: str, walk: _Walk) -> Iterator[Captured]:
    if isinstance(thing, np.ndarray | jax.Array):
        yield Captured(name, thing)
    elif isinstance(thing, str | bytes | int | float | complex | type | types.ModuleType | None):
        return
    elif _is_function(thing):
        yield from _of_callable(thing, walk)
    elif not walk.enters(thing) or _is_library(thing):
        return
    elif isinstance(thing, Mapping):
        for key, value in thing.items():
            yield from _of_object(value, f"{name}[{key!r}]", walk.deeper)
    elif isinstance(thing, list | tuple):
        for i, value in enumerate(thing):
            yield from _of_object(value, f"{name}[{i}]", walk.deeper)
    else:
        yield from _of_instance(thing, name, walk.deeper)


def _of_instance(thing: Any, name: str, walk: _Walk) -> Iterator[Captured]:
    """The attributes of an object, and what its code names where it can be called."""
    for attribute, value in getattr(thing, "__dict__", {}).items():
        yield from _of_object(value, f"{name}.{attribute}", walk)
    call = vars(type(thing)).get("__call__")
    if isinstance(call, types.FunctionType):
        yield from _of_callable(call, walk)


def _is_function(thing: Any) -> bool:
    known = types.FunctionType | types.MethodType | functools.partial
    return isinstance(thing, known) or (callable(thing) and hasattr(thing, "__wrapped__"))


def _is_library(thing: Any) -> bool:
    """Whether JAX or NumPy define a thing: nothing of the caller's is captured in it."""
    if isinstance(thing, types.MethodType | functools.partial) or hasattr(thing, "__wrapped__"):
        return False
    module = getattr(thing, "__module__", None) or ""
    return module.split(".")[0] in ("jax", "jaxlib", "numpy", "builtins", "functools")
