"""What of a thing can change in place: read, and put back."""

import array
import contextlib
import contextvars
import io
import pickle
import random
import threading
import types
from collections import UserDict, deque
from collections.abc import MutableSet, Set
from typing import Any

import jax
import numpy as np

from purenet.jaxprs import is_traced
from purenet.purity.held import (
    ATOMS,
    GENERATORS,
    declared,
    held,
    is_cache,
    own_modules,
)
from purenet.purity.reached import reached
from purenet.purity.source import is_library_class

CONTENT = "<content>"  # the key of what is compared by value: all else is compared by identity
ABSENT = object()
BYTES = (bytearray, array.array)


def has_tracer(value: Any) -> bool:
    """Whether a value is a tracer, or holds one anywhere."""
    return any(is_traced(item.value) for item in reached({"": value}))


def content_of(thing: Any) -> dict[Any, Any] | None:
    """What of a thing can change in place; None for what cannot."""
    if isinstance(thing, (*ATOMS, tuple, types.ModuleType, types.MethodType)):
        return None
    if isinstance(thing, np.ndarray):
        return {CONTENT: thing.copy()} if thing.flags.writeable else None
    if isinstance(thing, jax.Ref):
        with jax.ensure_compile_time_eval():
            return {CONTENT: np.asarray(thing[...])}
    if isinstance(thing, jax.Array):
        return None
    if isinstance(thing, BYTES):
        return {CONTENT: thing[:]}
    if isinstance(thing, contextvars.ContextVar):
        with contextlib.suppress(LookupError):  # one that has neither value nor default
            return {"value": thing.get()}
        return {}
    if isinstance(thing, GENERATORS):
        return _generator_state(thing)
    if isinstance(thing, Set):
        return dict.fromkeys(thing, True)
    if isinstance(thing, io.IOBase):
        return {CONTENT: position(thing)}
    if runs_out(thing):
        return {CONTENT: position(thing)}
    if is_cache(thing):
        return held(thing)
    if isinstance(thing, type):
        return None if is_library_class(thing) else _class_content(thing)
    if isinstance(thing, types.FunctionType | types.CellType | dict | list | deque):
        return held(thing)
    return held(thing) or ({} if type(thing).__dictoffset__ else None)


def content_now(thing: Any) -> dict[Any, Any]:
    """As `content_of`, to look at and not to keep."""
    if isinstance(thing, np.ndarray):
        return {CONTENT: thing} if thing.flags.writeable else {}
    return content_of(thing) or {}


def runs_out(thing: Any) -> bool:
    """Whether a thing is a generator, or an iterator of Python or of a library."""
    if isinstance(thing, (*ATOMS, np.ndarray, jax.Array, io.IOBase)):
        return False
    return declared(thing, "__next__") is not None and is_library_class(type(thing))


def _class_content(cls: type) -> dict[Any, Any]:
    """Data and methods: the rest is what Python and libraries write into classes."""
    return {
        name: value
        for name, value in vars(cls).items()
        if not name.startswith(("__", "_abc_")) or isinstance(value, types.FunctionType)
    }


def _generator_state(generator: Any) -> dict[Any, Any] | None:
    if isinstance(generator, random.SystemRandom):
        return None
    if isinstance(generator, random.Random):
        return {CONTENT: generator.getstate()}
    return {CONTENT: pickle.dumps(generator)}


def position(thing: Any) -> Any:
    """How far a generator, an iterator or an open file has got."""
    if isinstance(thing, types.GeneratorType):
        frame = thing.gi_frame
        return frame and (frame.f_lasti, *map(id, frame.f_locals.values()))
    try:
        if isinstance(thing, io.IOBase):
            return thing.tell()
        _, *rest = thing.__reduce__()
        return rest[1] if len(rest) > 1 and isinstance(rest[1], int) else repr(rest)
    except Exception:  # one that does not tell
        return None


def restore(thing: Any, before: dict[Any, Any], after: dict[Any, Any]) -> None:
    """Give a thing the content that it had before; ``after`` is what it has now."""
    if isinstance(thing, np.ndarray | jax.Ref):
        thing[...] = before[CONTENT]
    elif isinstance(thing, BYTES):
        thing[:] = before[CONTENT]  # pyright: ignore
    elif isinstance(thing, contextvars.ContextVar):
        thing.set(before.get("value"))
    elif isinstance(thing, np.random.Generator):
        thing.bit_generator.state = pickle.loads(before[CONTENT]).bit_generator.state
    elif isinstance(thing, np.random.BitGenerator):
        thing.state = pickle.loads(before[CONTENT]).state
    elif isinstance(thing, np.random.RandomState):
        thing.set_state(pickle.loads(before[CONTENT]).get_state())
    elif isinstance(thing, random.Random):
        thing.setstate(before[CONTENT])
    elif isinstance(thing, io.IOBase):
        if not thing.writable():
            thing.seek(before[CONTENT])
    elif is_cache(thing):
        if not before or has_tracer(list(after.values())):
            thing.cache_clear()
    elif isinstance(thing, dict | UserDict):
        thing.clear()
        thing.update(before)
    elif isinstance(thing, list):
        thing[:] = [value for key, value in before.items() if isinstance(key, int)]
    elif isinstance(thing, deque):
        thing.clear()
        thing.extend(value for key, value in before.items() if isinstance(key, int))
    elif isinstance(thing, MutableSet):
        thing.clear()
        thing |= set(before)
    elif isinstance(thing, types.CellType):
        _restore_cell(thing, before)
    elif isinstance(thing, types.FunctionType):
        _restore_names(thing, before, after)
    elif isinstance(before.get(CONTENT), int) and declared(thing, "__setstate__") is not None:
        thing.__setstate__(before[CONTENT])  # an iterator of Python
    if not isinstance(thing, types.FunctionType | types.CellType | dict | io.IOBase):
        _restore_attributes(thing, before, after)


def _restore_cell(cell: types.CellType, before: dict[Any, Any]) -> None:
    if before:
        cell.cell_contents = before["cell_contents"]
    else:
        del cell.cell_contents


def _restore_names(
    function: types.FunctionType, before: dict[Any, Any], after: dict[Any, Any]
) -> None:
    for name in (name for name in after if before.get(name, ABSENT) is not after[name]):
        module, _, key = name.rpartition(".")
        if name in vars(function):
            _put(vars(function), name, before)
        elif module:
            _put(vars(own_modules(function)[module]), key, {key: before[name]})
        else:
            _put(function.__globals__, name, before)


def _put(names: dict[str, Any], name: str, before: dict[Any, Any]) -> None:
    if name in before:
        names[name] = before[name]
    else:
        del names[name]


def _restore_attributes(thing: Any, before: dict[Any, Any], after: dict[Any, Any]) -> None:
    if isinstance(thing, threading.local):  # one for each thread, by a way of its own
        vars(thing).clear()
        vars(thing).update(before)
        return
    base: Any = type if isinstance(thing, type) else object
    names = [name for name in {**before, **after} if isinstance(name, str) and name.isidentifier()]
    for name in names:
        if name not in before:
            base.__delattr__(thing, name)
        elif name != CONTENT and after.get(name, ABSENT) is not before[name]:
            base.__setattr__(thing, name, before[name])
