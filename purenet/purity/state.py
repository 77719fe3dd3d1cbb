"""The state of one object, which can change in place: read, put back, and given to a copy."""

import array
import contextlib
import contextvars
import io
import pickle
import random
import sys
import threading
import types
from collections import OrderedDict, UserDict, deque
from collections.abc import Mapping, MutableSet, Set
from typing import Any

import jax
import numpy as np

from purenet.purity.attributes import declared
from purenet.purity.members import (
    ATOMS,
    GENERATORS,
    Key,
    is_cache,
    keyed,
    library_attributes,
    members,
    own_modules,
)
from purenet.purity.source import is_library_class

State = Mapping[Key, Any]
CONTENT = Key("content", None)  # of what is compared by value: all else is compared by identity
ABSENT = object()
_BYTES = (bytearray, array.array)


def state(thing: Any, *, kept: bool = True) -> dict[Key, Any] | None:
    """What of a thing can change in place; None for what cannot.

    Args:
        thing: whose state it is.
        kept: whether it is compared later: of an array it is then a copy.
    """
    if isinstance(thing, (*ATOMS, tuple, jax.Array, types.ModuleType, types.MethodType)):
        return None
    if isinstance(thing, np.ndarray):
        return {CONTENT: thing.copy() if kept else thing} if thing.flags.writeable else None
    if isinstance(thing, jax.Ref):
        with jax.ensure_compile_time_eval():
            return {CONTENT: np.asarray(thing[...])}
    if isinstance(thing, _BYTES):
        return {CONTENT: thing[:]}
    if isinstance(thing, contextvars.ContextVar):
        with contextlib.suppress(LookupError):  # one that has neither value nor default
            return {Key("part", "value"): thing.get()}
        return {}
    if isinstance(thing, random.SystemRandom):
        return None
    if isinstance(thing, random.Random):
        return {CONTENT: thing.getstate()}
    if isinstance(thing, GENERATORS):
        return {CONTENT: pickle.dumps(thing)}
    if isinstance(thing, Set):
        return keyed("item", ((item, True) for item in thing))
    if isinstance(thing, io.IOBase) or runs_out(thing):
        return {CONTENT: position(thing)}
    if isinstance(thing, type) and is_library_class(thing):
        return None
    if isinstance(thing, types.FunctionType):
        return members(thing) | library_attributes(thing)
    is_empty_state = type(thing).__dictoffset__ or isinstance(thing, _FILLED) or is_cache(thing)
    return members(thing) or ({} if is_empty_state else None)


def runs_out(thing: Any) -> bool:
    """Whether a thing is a generator, or an iterator of Python or of a library."""
    if isinstance(thing, (*ATOMS, np.ndarray, jax.Array, io.IOBase)):
        return False
    return declared(thing, "__next__") is not None and is_library_class(type(thing))


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


def put_back(thing: Any, before: State) -> None:
    """Give a thing the state that it had before."""
    content = before.get(CONTENT)
    if isinstance(thing, np.ndarray | jax.Ref):
        thing[...] = content
    elif isinstance(thing, _BYTES):
        thing[:] = content  # pyright: ignore
    elif isinstance(thing, contextvars.ContextVar):
        thing.set(next(iter(before.values()), None))
    elif isinstance(thing, random.Random):
        thing.setstate(content)  # pyright: ignore
    elif isinstance(thing, np.random.RandomState):
        thing.set_state(pickle.loads(content).get_state())  # pyright: ignore
    elif isinstance(thing, GENERATORS):
        _bits(thing).state = _bits(pickle.loads(content)).state  # pyright: ignore
    elif isinstance(thing, io.IOBase):
        if not thing.writable():
            thing.seek(content)  # pyright: ignore
    elif CONTENT in before:  # an iterator of Python tells and takes its position
        if isinstance(content, int) and declared(thing, "__setstate__") is not None:
            thing.__setstate__(content)
    elif is_cache(thing):
        thing.cache_clear()  # which of its results are new is not told
    elif isinstance(thing, types.FunctionType):
        _put_names(thing, before)
    else:
        fill(thing, before)


def fill(thing: Any, new: State) -> None:
    """Give a container, a cell or an object these members, and no others; no code of its runs."""
    items = {key.name: value for key, value in new.items() if key.kind == "item"}
    if isinstance(thing, UserDict):
        thing = vars(thing).setdefault("data", {})
    if isinstance(thing, dict):
        base = OrderedDict if isinstance(thing, OrderedDict) else dict
        base.clear(thing)  # pyright: ignore
        for name, value in items.items():
            base.__setitem__(thing, name, value)  # pyright: ignore
        return
    if isinstance(thing, types.CellType):
        del thing.cell_contents
        for value in new.values():
            thing.cell_contents = value
        return
    if isinstance(thing, list):
        list.__setitem__(thing, slice(None), list(items.values()))
    elif isinstance(thing, deque):
        deque.clear(thing)
        deque.extend(thing, items.values())
    elif isinstance(thing, MutableSet):
        thing.clear()
        thing |= set(items)
    _put_attributes(thing, new)


def _put_attributes(thing: Any, new: State) -> None:
    if isinstance(thing, threading.local):
        vars(thing).clear()
        vars(thing).update({key.name: value for key, value in new.items()})
        return
    base: Any = type if isinstance(thing, type) else object
    now = members(thing)
    for key in now:
        if key.kind == "attribute" and key not in new:
            base.__delattr__(thing, key.name)
    for key, value in new.items():
        if key.kind == "attribute" and now.get(key, ABSENT) is not value:
            base.__setattr__(thing, key.name, value)


def _put_names(function: types.FunctionType, before: State) -> None:
    """Globals, attributes of modules and of the function itself; its cells are things."""
    now = state(function) or {}
    for key in {**before, **now}:
        old, new = before.get(key, ABSENT), now.get(key, ABSENT)
        if old is new or key.kind in ("cell", "default"):
            continue
        names, name = function.__globals__, key.name
        if key.kind == "attribute":
            names = vars(function)
        elif key.kind in ("module", "library"):
            module, _, name = key.name.rpartition(".")
            names = vars({**sys.modules, **own_modules(function)}[module])
        if old is ABSENT:
            del names[name]
        else:
            names[name] = old


def _bits(generator: Any) -> Any:
    return getattr(generator, "bit_generator", generator)


_FILLED = (types.CellType, dict, list, deque)  # these can be empty
