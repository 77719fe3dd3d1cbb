"""What changes: all that some named things hold, compared before and after a call, and put back."""

import array
import contextlib
import contextvars
import io
import pickle
import random
import threading
import types
from collections import UserDict, deque
from collections.abc import Callable, Hashable, Mapping, MutableSet, Set
from typing import Any, NamedTuple, TypeVar

import jax
import numpy as np

from purenet.jaxprs import is_traced
from purenet.purity.reached import (
    ATOMS,
    GENERATORS,
    MAPPINGS,
    Reached,
    declared,
    held,
    is_cache,
    label,
    own_modules,
    reached,
)
from purenet.purity.source import is_library_class

T = TypeVar("T")
CONTENT = "<content>"  # the key of what is compared by value: all else is compared by identity
_ABSENT = object()
_BYTES = (bytearray, array.array)
# what changes as a whole: its items or its state have no names of their own
_NAMED_WHOLE = (
    np.ndarray, jax.Ref, Set, deque, list, contextvars.ContextVar, types.CellType, io.IOBase,
    *_BYTES, *GENERATORS,
)  # fmt: skip


class Change(NamedTuple):
    """One thing that a call changed, told without keeping what was there: it may be a tracer.

    Attributes:
        name: what holds it, and the key or the attribute: ``self.count``, ``history``.
        key: the holder's id and the key, by which changes of several calls are compared.
        evidence: what was there before and after, in short.
        adds: whether there was nothing there before, or None.
        has_tracer: whether a tracer is there now.
        is_kept: whether an array or a container is kept there, as layers keep what they computed.
        holder: the thing that was changed.
    """

    name: str
    key: tuple[int, Hashable]
    evidence: dict[str, Any]
    adds: bool
    has_tracer: bool
    is_kept: bool
    holder: Any


class _Holder(NamedTuple):
    name: str
    thing: Any
    content: dict[Any, Any]


class Snapshot:
    """What is held below some named things at one moment: by reference, arrays by their content."""

    def __init__(self, roots: Mapping[str, Any]):
        self.holders = [
            _Holder(item.name, item.value, content)
            for item in reached(roots)
            if (content := _content(item.value)) is not None
        ]

    def changes(self) -> list[Change]:
        """What the same things hold now that they did not hold then.

        Another object in a place is a change, be it of equal content: whether a call writes must
        not depend on what was there before. Numbers and texts are compared by their values.
        """
        found: dict[str, Change] = {}
        arrays: list[np.ndarray] = []
        for name, thing, before in self.holders:
            after = _now(thing)
            for key in [*before, *(key for key in after if key not in before)]:
                old, new = before.get(key, _ABSENT), after.get(key, _ABSENT)
                if _same(key, old, new):
                    continue
                if isinstance(thing, np.ndarray):  # arrays that look into one memory changed once
                    if any(np.shares_memory(thing, other) for other in arrays):
                        continue
                    arrays.append(thing)
                change = _change(name, thing, key, old, new)
                found.setdefault(change.name, change)
        return list(found.values())

    def put_back(self) -> None:
        """Give everything the content that it had; what cannot be given it is left alone."""
        for _, thing, before in self.holders:
            after = _now(thing)
            if before.keys() == after.keys() and all(
                _same(key, old, after[key]) if key == CONTENT else old is after[key]
                for key, old in before.items()
            ):
                continue
            with contextlib.suppress(Exception):
                _restore(thing, before, after)

    @property
    def used_up(self) -> list[str]:
        """The generators and iterators that were drawn from and cannot be put back."""
        return [
            name
            for name, thing, before in self.holders
            if _runs_out(thing)
            and not _same(CONTENT, before[CONTENT], _position(thing))
            and not (isinstance(before[CONTENT], int) and declared(thing, "__setstate__"))
        ]


def undone(work: Callable[[], T], undo: Callable[[], Any]) -> T:
    """``work()``, and then ``undo()``: also where it raises, and to its end if Ctrl-C comes then.

    Args:
        work: what is done.
        undo: what is done at last; it may be done twice.
    """
    try:
        return work()
    finally:
        interrupted = None
        while True:
            try:
                undo()
                break
            except KeyboardInterrupt as error:
                interrupted = error
        if interrupted is not None:
            raise interrupted


def has_tracer(value: Any) -> bool:
    """Whether a value is a tracer, or holds one anywhere."""
    return any(is_traced(item.value) for item in reached({"": value}))


def changed(item: Reached) -> Change:
    """The change of a thing that is known to be written to, where its content cannot be seen."""
    return Change(item.name, (id(item.value), CONTENT), {}, False, False, False, item.value)


def _change(name: str, thing: Any, key: Any, old: Any, new: Any) -> Change:
    called = label(name, thing, key)
    added = isinstance(thing, MAPPINGS) and (old is _ABSENT or new is _ABSENT)
    if added or isinstance(thing, _NAMED_WHOLE) or key == CONTENT or is_cache(thing):
        called = name
    rebinds = not added and not isinstance(thing, (np.ndarray, jax.Ref, *_BYTES, *GENERATORS))
    return Change(
        called,
        (id(thing), key),
        _evidence(called, old, new),
        (old is _ABSENT or old is None) and not isinstance(thing, list | deque),
        has_tracer(None if new is _ABSENT else new),
        rebinds and not isinstance(thing, list | deque | Set) and not _is_plain(new),
        thing,
    )


def _content(thing: Any) -> dict[Any, Any] | None:
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
    if isinstance(thing, _BYTES):
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
        return {CONTENT: _position(thing)}
    if _runs_out(thing):
        return {CONTENT: _position(thing)}
    if is_cache(thing):
        return held(thing)
    if isinstance(thing, type):
        return None if is_library_class(thing) else _class_content(thing)
    if isinstance(thing, types.FunctionType | types.CellType | dict | list | deque):
        return held(thing)
    return held(thing) or ({} if type(thing).__dictoffset__ else None)


def _now(thing: Any) -> dict[Any, Any]:
    """As `_content`, to look at and not to keep."""
    if isinstance(thing, np.ndarray):
        return {CONTENT: thing} if thing.flags.writeable else {}
    return _content(thing) or {}


def _runs_out(thing: Any) -> bool:
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


def _position(thing: Any) -> Any:
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


def _same(key: Any, old: Any, new: Any) -> bool:
    if old is new:
        return True
    if old is _ABSENT or new is _ABSENT or type(old) is not type(new):
        return False
    if key == CONTENT and isinstance(old, np.ndarray):
        return old.shape == new.shape and bool(
            np.array_equal(old, new, equal_nan=old.dtype.kind in "fc")
        )
    if key == CONTENT or _is_plain(old):
        return bool(old == new or (old != old and new != new))
    return False


def _is_plain(value: Any) -> bool:
    """Whether a value has no identity to speak of: a number, a text, a tuple of such."""
    if isinstance(value, tuple):
        return all(map(_is_plain, value))
    return isinstance(value, ATOMS)


def _restore(thing: Any, before: dict[Any, Any], after: dict[Any, Any]) -> None:
    if isinstance(thing, np.ndarray | jax.Ref):
        thing[...] = before[CONTENT]
    elif isinstance(thing, _BYTES):
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
    for name in (name for name in after if before.get(name, _ABSENT) is not after[name]):
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
        elif name != CONTENT and after.get(name, _ABSENT) is not before[name]:
            base.__setattr__(thing, name, before[name])


def _evidence(name: str, old: Any, new: Any) -> dict[str, Any]:
    arrays = isinstance(old, np.ndarray) and isinstance(new, np.ndarray)
    if arrays and old.shape == new.shape and old.dtype != object:
        where = np.argwhere(np.asarray(old != new))
        if len(where):
            index = tuple(int(i) for i in where[0])
            at = f"[{', '.join(map(str, index))}]" if index else ""
            return {
                f"{name}{at} before": old[index].item(),
                f"{name}{at} after": new[index].item(),
            }
    return {"before": _short(old), "after": _short(new)}


def _short(value: Any) -> Any:
    if is_traced(value):
        return "a tracer"
    if isinstance(value, bytes) or (isinstance(value, tuple) and len(value) > 20):
        return "a generator's state"
    if isinstance(value, int | float | str | bool) or value is None:
        return value
    if value is _ABSENT:
        return None
    if isinstance(value, np.ndarray | jax.Array):
        return f"{value.dtype}{list(value.shape)}"
    return f"a {type(value).__name__}"
