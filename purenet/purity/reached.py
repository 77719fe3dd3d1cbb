"""All that a function can reach without its arguments: things that hold others, each by a name."""

import contextvars
import functools
import itertools
import logging
import random
import types
import weakref
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Set
from typing import Any, NamedTuple

import jax
import numpy as np

from purenet.purity.attributes import attributes, declared
from purenet.purity.code import (
    attribute_names,
    called_first,
    is_library_class,
    is_library_file,
    is_unchanging,
    read_names,
)
from purenet.purity.shells import GENERATORS
from purenet.purity.unique import Unique

_MOST, _MOST_IN_ONE = 20_000, 1_000  # things that are looked at, in all and in one container
_ATOMS = (str, bytes, int, float, complex, type(None), slice, range, np.generic)
ARRAYS = (np.ndarray, jax.Array)
# what is not looked into: loggers hold the handlers of the whole process
_CLOSED = (
    types.ModuleType,
    Unique,
    jax.Ref,
    contextvars.ContextVar,
    logging.Filterer,
    logging.Manager,
)
# the generators behind numpy.random.rand and random.random: nobody's captured state
GLOBAL_RANDOM = (
    getattr(np.random.rand, "__self__", None),
    getattr(random.random, "__self__", None),
)


class Reached(NamedTuple):
    """A thing that a function can reach.

    Attributes:
        name: as one would write it inside the function: ``net.W``, ``CONFIG['w']``.
        value: the thing itself.
        holder: what holds it, None for the first things.
        key: under which the holder holds it; see `held`.
    """

    name: str
    value: Any
    holder: Any = None
    key: Any = None


def reached(roots: Mapping[str, Any]) -> Iterator[Reached]:
    """Everything below some named things, those first; each thing once, by the first name found."""
    seen: set[int] = set()
    waiting = deque(Reached(name, value) for name, value in roots.items())
    # breadth first would find shorter names, depth first finds them in the order of the code
    while waiting and len(seen) < _MOST:
        item = waiting.popleft()
        if not isinstance(item.value, _ATOMS):
            if id(item.value) in seen:
                continue
            seen.add(id(item.value))
        yield item
        waiting.extendleft(reversed(list(below(item))))


def of_function(function: Any) -> Iterator[Reached]:
    """Everything that a function can reach, itself first, by the name "" ."""
    return reached({"": function})


def functions(function: Any) -> list[types.FunctionType]:
    """The functions of the caller's own that a function is made of or can call, likeliest first."""
    found = [
        thing.value
        for thing in of_function(function)
        if isinstance(thing.value, types.FunctionType)
        and not is_library_file(thing.value.__code__.co_filename)
    ]
    return called_first(found, function)


def below(item: Reached) -> Iterator[Reached]:
    """What a thing holds, by the names that follow from its own."""
    name, thing = item.name, item.value
    for key, value in itertools.islice(held(thing).items(), _MOST_IN_ONE):
        yield Reached(label(name, thing, key), value, thing, key)


def held(thing: Any) -> dict[Any, Any]:
    """What a thing holds, by key: items, attributes, closure cells; nothing for an atom.

    An object holds its class too, as far as that is the caller's own: the class has data and
    methods, and the methods name globals.
    """
    if isinstance(thing, (_ATOMS, ARRAYS)) or is_unchanging(thing):
        return {}
    if isinstance(thing, Mapping):
        return _items(thing)
    if isinstance(thing, list | tuple | deque):
        return dict(enumerate(thing)) | attributes(thing)
    if isinstance(thing, functools.partial):
        return {"<function>": thing.func, **dict(enumerate(thing.args)), **thing.keywords}
    if isinstance(thing, types.MethodType) and any(thing.__self__ is g for g in GLOBAL_RANDOM):
        return {}
    if isinstance(thing, types.MethodType):
        return {"self": thing.__self__, "<function>": thing.__func__}
    if isinstance(thing, types.FunctionType):
        modules = {
            f"{name}.{key}": value
            for name, module in own_modules(thing).items()
            for key, value in module_data(thing, module).items()
        }
        return read_names(thing) | modules | dict(vars(thing))
    if isinstance(thing, type):
        around = [c for c in (*own_classes(thing), *own_classes(type(thing))) if c is not thing]
        classes = {f"<class {c.__name__}>": c for c in around}
        return class_data(thing) | {"<methods>": class_functions(thing)} | classes
    if isinstance(thing, _CLOSED):
        return {}
    if isinstance(thing, (Set, *GENERATORS)):
        return {}
    if type(thing) is weakref.ref:
        return {"()": thing()}
    wrapped = declared(thing, "__wrapped__")
    if callable(thing) and callable(wrapped):
        return {"__wrapped__": wrapped}
    return attributes(thing) | {f"<class {c.__name__}>": c for c in own_classes(type(thing))}


def label(name: str, thing: Any, key: Any) -> str:
    """What a thing holds under a key, as one would write it."""
    if isinstance(thing, Mapping):
        return f"{name}[{key!r}]"
    if isinstance(thing, list | tuple | deque) and isinstance(key, int):
        fields = declared(thing, "_fields") if isinstance(thing, tuple) else None
        return f"{name}.{fields[key]}" if fields else f"{name}[{key}]"
    if isinstance(thing, functools.partial):
        return f"<partial argument {key}>" if isinstance(key, int) else str(key)
    if isinstance(thing, types.MethodType):
        return "self" if key == "self" else ""
    if isinstance(thing, types.FunctionType):
        if key in vars(thing):
            return f"{name or thing.__name__}.{key}"
        return str(key)
    if key in ("__wrapped__", "<function>", "<methods>"):
        return name
    if type(thing) is weakref.ref:
        return f"{name}()"
    if str(key).startswith("<class "):
        return str(key)[7:-1]
    return f"{name or 'self'}.{key}"


def own_classes(cls: type) -> list[type]:
    """A class and those it derives from, as far as they are the caller's own."""
    return [c for c in cls.__mro__ if not is_library_class(c)]


def class_functions(cls: type) -> tuple[types.FunctionType, ...]:
    """The methods that a class of the caller's own defines, without their descriptors."""
    if is_library_class(cls):
        return ()
    plain = [unbound(value) for value in vars(cls).values()]
    return tuple(value for value in plain if isinstance(value, types.FunctionType))


def unbound(value: Any) -> Any:
    """The function inside a static or class method or a property."""
    if isinstance(value, property):
        return value.fget
    return getattr(value, "__func__", value)


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


def own_modules(function: types.FunctionType) -> dict[str, types.ModuleType]:
    """The modules of the caller's own that a function names."""
    modules = {k: v for k, v in read_names(function).items() if isinstance(v, types.ModuleType)}
    return {
        name: module
        for name, module in modules.items()
        if getattr(module, "__file__", None) and not is_library_file(str(module.__file__))
    }


def module_data(function: types.FunctionType, module: types.ModuleType) -> dict[str, Any]:
    """What a function may read of a module: what it names as attributes."""
    wanted = attribute_names(function.__code__)
    return {name: value for name, value in vars(module).items() if name in wanted}


def is_jax_code(function: Callable) -> bool:
    """Whether a function, or one that it calls, has anything to do with JAX.

    Of the caller's own modules only what is named counts: NumPy code may stand beside JAX code.
    """
    things = [thing.value for thing in of_function(function)]
    named = [own_modules(thing) for thing in things if isinstance(thing, types.FunctionType)]
    own = {id(module) for modules in named for module in modules.values()}
    return any(_is_jax(thing) for thing in things if id(thing) not in own)


def _is_jax(thing: Any) -> bool:
    if isinstance(thing, types.ModuleType):
        return _names_jax(thing.__name__) or _imports_jax(vars(thing))
    if _names_jax(type(thing).__module__) or _names_jax(declared(thing, "__module__")):
        return True
    if isinstance(thing, types.FunctionType) and is_library_file(thing.__code__.co_filename):
        return _imports_jax(thing.__globals__)
    return False


def _names_jax(module: Any) -> bool:
    return isinstance(module, str) and module.split(".")[0] in ("jax", "jaxlib")


def _imports_jax(names: Mapping[str, Any]) -> bool:
    modules = [v for v in list(names.values()) if isinstance(v, types.ModuleType)]
    return any(_names_jax(module.__name__) for module in modules)


def _items(thing: Mapping) -> dict[Any, Any]:
    try:
        return dict(thing.items())
    except Exception:  # a mapping that computes or opens what it holds
        return {}
