"""The members of one object: items, attributes, closure cells, what the names in its code mean."""

import contextvars
import functools
import gc
import io
import logging
import random
import sys
import types
import weakref
from collections import UserDict, deque
from collections.abc import Iterable, Set
from typing import Any, NamedTuple

import jax
import numpy as np

from purenet.purity.attributes import declared, own_attributes
from purenet.purity.source import (
    attribute_names,
    imported,
    is_library,
    is_library_class,
    is_library_function,
    mentioned,
    stored_attributes,
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
# types of Python whose objects are what they hold
_BY_CONTENT = (
    functools.partial, functools.cached_property, types.CellType, types.MappingProxyType,
)  # fmt: skip
_UNCHANGING = ("jax", "jaxlib", "numpy", "builtins", "functools", "operator", "math")


class Key(NamedTuple):
    """How an object holds a member.

    Attributes:
        kind: ``item``, ``attribute``; of a function ``global``, ``cell``, ``default``, or
            ``module``, an attribute of a module that it names (``library``, of one that is not the
            caller's own); ``name``, of what has one of its
            own; ``result``, of what is called for it; ``part``, of what has the whole's name.
        name: the item's key, the attribute's name, and so on.
    """

    kind: str
    name: Any

    def of(self, name: str, thing: Any) -> str:
        """The member's name, as one would write it, in a thing of some name."""
        if self.kind == "item":
            return f"{name}[{self.name!r}]"
        if self.kind == "attribute":
            default = thing.__name__ if isinstance(thing, types.FunctionType) else "self"
            return f"{name or default}.{self.name}"
        return {"part": name, "result": f"{name}()"}.get(self.kind, str(self.name))


def members(thing: Any) -> dict[Key, Any]:
    """The members of a thing; none for an atom.

    An object has its class too, as far as that is the caller's own: the class has data and
    methods, and the methods name globals.
    """
    if isinstance(thing, (*ATOMS, *ARRAYS)) or is_unchanging(thing):
        return {}
    if isinstance(thing, MAPPINGS):
        return keyed("item", thing.items())
    if isinstance(thing, tuple) and (fields := declared(thing, "_fields")):
        return keyed("attribute", zip(fields, thing, strict=True))
    if isinstance(thing, list | tuple | deque):
        return keyed("item", enumerate(thing)) | _attributes(thing)
    if isinstance(thing, functools.partial):
        arguments = ((f"<partial argument {i}>", value) for i, value in enumerate(thing.args))
        named = keyed("name", arguments) | keyed("name", thing.keywords.items())
        return {Key("part", "func"): thing.func, **named}
    if isinstance(thing, types.MethodType):
        return {Key("name", "self"): thing.__self__, Key("part", "__func__"): thing.__func__}
    if isinstance(thing, types.CellType):
        return keyed("part", _cell_content(thing).items())
    if isinstance(thing, types.FunctionType):
        return _of_function(thing)
    if isinstance(thing, type):
        return _of_class(thing)
    if isinstance(thing, _CLOSED):
        return {}
    if type(thing) is weakref.ref:
        return {Key("result", None): thing()}
    if isinstance(thing, property):
        return keyed("part", ((name, getattr(thing, name)) for name in ("fget", "fset", "fdel")))
    wrapped = declared(thing, "__wrapped__")
    if callable(wrapped):
        return {Key("part", "__wrapped__"): wrapped} | (_results(thing) if is_cache(thing) else {})
    return _attributes(thing) | _classes(own_classes(type(thing)))


def keyed(kind: str, pairs: Iterable[tuple[Any, Any]]) -> dict[Key, Any]:
    """Members of one kind, from pairs of name and value."""
    return {Key(kind, name): value for name, value in pairs}


def is_cache(thing: Any) -> bool:
    """Whether a thing is what functools.lru_cache or functools.cache makes."""
    return isinstance(thing, functools._lru_cache_wrapper)


def is_unchanging(thing: Any) -> bool:
    """Whether JAX, NumPy or Python define a thing that holds nothing of the caller's."""
    if isinstance(thing, types.MethodType):
        return any(thing.__self__ is generator for generator in GLOBAL_RANDOM.values())
    if isinstance(thing, _BY_CONTENT):
        return False
    if declared(thing, "__wrapped__") is not None:
        return False
    if isinstance(thing, types.FunctionType) and thing.__closure__:
        return False
    module = declared(thing, "__module__")
    return isinstance(module, str) and module.split(".")[0] in _UNCHANGING


def own_classes(cls: type) -> list[type]:
    """A class and those it derives from, as far as they are the caller's own."""
    return [c for c in cls.__mro__ if not is_library_class(c)]


def own_modules(function: types.FunctionType) -> dict[str, types.ModuleType]:
    """The modules of the caller's own that a function names as globals or in its closure."""
    return {
        n: module for n, module in _modules(function).items() if not is_library(module.__name__)
    }


def library_attributes(function: types.FunctionType) -> dict[Key, Any]:
    """The attributes of other people's modules that a function of the caller's may set."""
    if is_library_function(function):
        return {}
    code = function.__code__
    modules = [*_modules(function).values(), *map(sys.modules.get, imported(code))]
    return {
        Key("library", f"{module.__name__}.{name}"): vars(module)[name]
        for module in modules
        if module is not None and is_library(module.__name__)
        for name in stored_attributes(code) & vars(module).keys()
    }


def _modules(function: types.FunctionType) -> dict[str, types.ModuleType]:
    cells = zip(function.__code__.co_freevars, function.__closure__ or (), strict=True)
    inside = {name: _cell_content(cell).get("cell_contents") for name, cell in cells}
    named = _globals(function) | inside
    return {name: value for name, value in named.items() if isinstance(value, types.ModuleType)}


def _attributes(thing: Any) -> dict[Key, Any]:
    return keyed("attribute", own_attributes(thing).items())


def _of_function(function: types.FunctionType) -> dict[Key, Any]:
    code = function.__code__
    of_modules = (
        (f"{name}.{key}", vars(module)[key])
        for name, module in own_modules(function).items()
        for key in vars(module)
        if key in attribute_names(code)
    )
    positional, defaults = code.co_varnames[: code.co_argcount], function.__defaults__ or ()
    of_arguments = dict(zip(positional[len(positional) - len(defaults) :], defaults, strict=True))
    return {
        **keyed("global", _globals(function).items()),
        **keyed("cell", zip(code.co_freevars, function.__closure__ or (), strict=True)),
        **keyed("default", (of_arguments | (function.__kwdefaults__ or {})).items()),
        **keyed("module", of_modules),
        **keyed("attribute", vars(function).items()),
    }


def _globals(function: types.FunctionType) -> dict[str, Any]:
    """The globals that a function mentions; those of a library's are nothing of the caller's."""
    if is_library_function(function):
        return {}
    names = function.__globals__
    return {name: names[name] for name in mentioned(function.__code__) if name in names}


def _of_class(cls: type) -> dict[Key, Any]:
    """Data and methods: the rest is what Python and libraries write into classes."""
    if is_library_class(cls):
        return _classes(own_classes(type(cls)))
    own = (
        (name, value)
        for name, value in vars(cls).items()
        if not name.startswith(("__", "_abc_")) or isinstance(value, types.FunctionType)
    )
    around = [c for c in (*own_classes(cls), *own_classes(type(cls))) if c is not cls]
    return keyed("attribute", own) | _classes(around)


def _classes(classes: Iterable[type]) -> dict[Key, Any]:
    return keyed("name", ((cls.__name__, cls) for cls in classes))


def _cell_content(cell: types.CellType) -> dict[str, Any]:
    """What a closure cell holds; nothing where it is not filled yet."""
    try:
        return {"cell_contents": cell.cell_contents}
    except ValueError:
        return {}


def _results(cache: Any) -> dict[Key, Any]:
    """What a functools cache keeps: keys and results, as far as the garbage collector tells."""
    known = (cache.__wrapped__, vars(cache))
    kept = [value for value in gc.get_referents(cache) if not any(value is k for k in known)]
    entries = [value for value in kept if not isinstance(value, type | dict)]
    entries += [v for each in kept if type(each) is dict for pair in each.items() for v in pair]
    return keyed("result", ((v if type(v) is int else f"at {id(v)}", v) for v in entries))
