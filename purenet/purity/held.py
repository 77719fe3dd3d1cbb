"""What one thing holds, by key: items, attributes, closure cells, the names in its code."""

import contextvars
import functools
import gc
import io
import logging
import random
import threading
import types
import weakref
from collections import UserDict, deque
from collections.abc import Set
from typing import Any

import jax
import numpy as np

from purenet.purity.source import (
    attribute_names,
    is_library,
    is_library_class,
    is_library_function,
    mentioned,
)

ARRAYS = (np.ndarray, jax.Array)
ATOMS = (str, bytes, int, float, complex, type(None), slice, range, np.generic)
# mappings that hold what they give: others make it up when asked
MAPPINGS = (dict, types.MappingProxyType, UserDict)
GENERATORS = (np.random.Generator, np.random.RandomState, np.random.BitGenerator, random.Random)
# the generators behind numpy.random.rand and random.random: nobody's captured state
GLOBAL_RANDOM = {
    "numpy.random": getattr(np.random.rand, "__self__", None),
    "random": getattr(random.random, "__self__", None),
}
# what is not looked into: loggers hold the handlers of the whole process
_CLOSED = (
    types.ModuleType, jax.Ref, contextvars.ContextVar, logging.Filterer, logging.Manager,
    io.IOBase, types.GeneratorType, Set, *GENERATORS,
)  # fmt: skip
_UNCHANGING = ("jax", "jaxlib", "numpy", "builtins", "functools", "operator", "math")


def held(thing: Any) -> dict[Any, Any]:
    """What a thing holds, by key: items, attributes, closure cells; nothing for an atom.

    An object holds its class too, as far as that is the caller's own: the class has data and
    methods, and the methods name globals.
    """
    if isinstance(thing, (ATOMS, ARRAYS)) or _is_unchanging(thing):
        return {}
    if isinstance(thing, MAPPINGS):
        return dict(thing.items())
    if isinstance(thing, list | tuple | deque):
        return dict(enumerate(thing)) | attributes(thing)
    if isinstance(thing, functools.partial):
        return {"<function>": thing.func, **dict(enumerate(thing.args)), **thing.keywords}
    if isinstance(thing, types.MethodType):
        return {"self": thing.__self__, "<function>": thing.__func__}
    if isinstance(thing, types.CellType):
        return cell_content(thing)
    if isinstance(thing, types.FunctionType):
        return _names(thing)
    if isinstance(thing, type):
        around = [c for c in (*own_classes(thing), *own_classes(type(thing))) if c is not thing]
        classes = {f"<class {c.__name__}>": c for c in around}
        return class_data(thing) | class_functions(thing) | classes
    if isinstance(thing, _CLOSED):
        return {}
    if type(thing) is weakref.ref:
        return {"()": thing()}
    wrapped = declared(thing, "__wrapped__")
    if callable(thing) and callable(wrapped):
        kept = cache_content(thing) if is_cache(thing) else ()
        entries = {("id" if type(v) is int else "kept", v if type(v) is int else id(v)): v
                   for v in kept}  # fmt: skip
        return {"__wrapped__": wrapped, **entries}
    return attributes(thing) | {f"<class {c.__name__}>": c for c in own_classes(type(thing))}


def label(name: str, thing: Any, key: Any) -> str:
    """What a thing holds under a key, as one would write it."""
    if isinstance(thing, MAPPINGS):
        return f"{name}[{key!r}]"
    if isinstance(thing, list | tuple | deque) and isinstance(key, int):
        fields = declared(thing, "_fields") if isinstance(thing, tuple) else None
        return f"{name}.{fields[key]}" if fields else f"{name}[{key}]"
    if isinstance(thing, functools.partial):
        return f"<partial argument {key}>" if isinstance(key, int) else str(key)
    if isinstance(thing, types.MethodType):
        return "self" if key == "self" else ""
    if isinstance(thing, types.FunctionType):
        return f"{name or thing.__name__}.{key}" if key in vars(thing) else str(key)
    if isinstance(thing, types.CellType) or key in ("__wrapped__", "<function>"):
        return name
    if isinstance(key, tuple):  # a method of a class, or what a cache has kept
        return f"{name}.{key[1]}" if key[0] == "method" else f"{name}()"
    if type(thing) is weakref.ref:
        return f"{name}()"
    if str(key).startswith("<class "):
        return str(key)[7:-1]
    return f"{name or 'self'}.{key}"


def attributes(thing: Any) -> dict[Any, Any]:
    """What a thing holds as attributes of its own, read without running any of its code."""
    try:
        # of a threading.local there is one for each thread, by a way of its own
        local = isinstance(thing, threading.local)
        own = vars(thing) if local else object.__getattribute__(thing, "__dict__")
        found = dict(own)
    except (AttributeError, TypeError):
        found = {}
    for slot in slots(type(thing)):
        try:
            found.setdefault(slot, object.__getattribute__(thing, slot))
        except AttributeError:
            continue
    return found


def slots(cls: type) -> list[str]:
    """The names under which the slots of a class and of those it derives from can be read."""
    found = []
    for each in cls.__mro__:
        named = vars(each).get("__slots__", ())
        for slot in (named,) if isinstance(named, str) else tuple(named):
            if slot.startswith("__") and not slot.endswith("__"):
                found.append(f"_{each.__name__.lstrip('_')}{slot}")
            elif slot not in ("__dict__", "__weakref__"):
                found.append(slot)
    return found


def declared(thing: Any, name: str) -> Any:
    """An attribute that a thing or its class declares, None where there is none.

    What a ``__getattr__`` would make up is none: asked for anything, some count, some raise.
    """
    try:
        own = object.__getattribute__(thing, "__dict__")
    except (AttributeError, TypeError):
        own = {}
    if name not in own and not any(name in vars(c) for c in type(thing).__mro__):
        return None
    try:
        return getattr(thing, name, None)
    except Exception:  # a property of the caller's
        return None


def cell_content(cell: types.CellType) -> dict[str, Any]:
    """What a closure cell holds; nothing where it is not filled yet."""
    try:
        return {"cell_contents": cell.cell_contents}
    except ValueError:
        return {}


def is_cache(thing: Any) -> bool:
    """Whether a thing is what functools.lru_cache or functools.cache makes."""
    return isinstance(thing, functools._lru_cache_wrapper)


def cache_content(cache: Any) -> list[Any]:
    """What a functools cache keeps: keys and results, as far as the garbage collector tells."""
    known = (cache.__wrapped__, vars(cache))
    kept = [value for value in gc.get_referents(cache) if not any(value is k for k in known)]
    entries = [value for value in kept if not isinstance(value, type | dict)]
    return [
        *entries,
        *(v for each in kept if type(each) is dict for pair in list(each.items()) for v in pair),
    ]


def own_classes(cls: type) -> list[type]:
    """A class and those it derives from, as far as they are the caller's own."""
    return [c for c in cls.__mro__ if not is_library_class(c)]


def class_functions(cls: type) -> dict[Any, Any]:
    """The methods that a class of the caller's own defines, without their descriptors."""
    if is_library_class(cls):
        return {}
    plain = {("method", name): unbound(value) for name, value in vars(cls).items()}
    return {
        name: value
        for name, value in plain.items()
        if isinstance(value, types.FunctionType)
        or (callable(value) and callable(declared(value, "__wrapped__")))
    }


def unbound(value: Any) -> Any:
    """The function inside a static or class method or a property."""
    if isinstance(value, property):
        return value.fget
    if isinstance(value, functools.cached_property):
        return value.func
    return value.__func__ if isinstance(value, staticmethod | classmethod) else value


def class_data(cls: type) -> dict[str, Any]:
    """The attributes of a class of the caller's own that are data: no methods, no descriptors."""
    if is_library_class(cls):
        return {}
    return {
        name: value
        for name, value in vars(cls).items()
        if not name.startswith("__")
        and not callable(value)
        and not hasattr(value, "__get__")
        and not hasattr(value, "__set__")
    }


def global_names(function: types.FunctionType) -> dict[str, Any]:
    """The globals that a function of the caller's own mentions.

    Those of a library's function are nothing of the caller's.
    """
    if is_library_function(function):
        return {}
    names = function.__globals__
    return {name: names[name] for name in mentioned(function.__code__) if name in names}


def own_modules(function: types.FunctionType) -> dict[str, types.ModuleType]:
    """The modules of the caller's own that a function names as globals or in its closure."""
    cells = zip(function.__code__.co_freevars, function.__closure__ or (), strict=True)
    inside = {name: cell_content(cell).get("cell_contents") for name, cell in cells}
    return {
        name: value
        for name, value in (global_names(function) | inside).items()
        if isinstance(value, types.ModuleType) and not is_library(value.__name__)
    }


def default_names(function: types.FunctionType) -> dict[str, Any]:
    """The defaults of a function's arguments, by their names."""
    code, defaults = function.__code__, function.__defaults__ or ()
    positional = code.co_varnames[: code.co_argcount]
    named = zip(positional[len(positional) - len(defaults) :], defaults, strict=True)
    return dict(named) | (function.__kwdefaults__ or {})


def _names(function: types.FunctionType) -> dict[str, Any]:
    """What a function's names stand for: globals, closure cells, defaults, its own attributes."""
    attributes_of_modules = {
        f"{name}.{key}": value
        for name, module in own_modules(function).items()
        for key, value in vars(module).items()
        if key in attribute_names(function.__code__)
    }
    cells = zip(function.__code__.co_freevars, function.__closure__ or (), strict=True)
    return {
        **global_names(function),
        **dict(cells),
        **default_names(function),
        **attributes_of_modules,
        **vars(function),
    }


def _is_unchanging(thing: Any) -> bool:
    """Whether JAX, NumPy or Python define a thing that holds nothing of the caller's."""
    if isinstance(thing, types.MethodType):
        return any(thing.__self__ is generator for generator in GLOBAL_RANDOM.values())
    if isinstance(thing, functools.partial | types.CellType | types.MappingProxyType):
        return False
    if declared(thing, "__wrapped__") is not None:
        return False
    if isinstance(thing, types.FunctionType) and thing.__closure__:
        return False
    module = declared(thing, "__module__")
    return isinstance(module, str) and module.split(".")[0] in _UNCHANGING
