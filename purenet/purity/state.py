"""What changes: everything that some named things hold, compared before and after a call."""

import array
import contextlib
import contextvars
import copy
import pickle
import random
import types
from collections import deque
from collections.abc import Hashable, Iterator, Mapping, MutableMapping, MutableSet, Set
from typing import Any, NamedTuple

import jax
import numpy as np

from purenet.jaxprs import is_traced
from purenet.purity.attributes import declared
from purenet.purity.code import is_library_class
from purenet.purity.reached import Reached, held, label, reached
from purenet.purity.shells import GENERATORS
from purenet.purity.unique import Unique

_ABSENT = object()
_BYTES = (bytearray, array.array)
# what changes as a whole: its items or its state have no names of their own
_NAMED_WHOLE = (
    np.ndarray, jax.Ref, Set, deque, list, contextvars.ContextVar, *_BYTES, *GENERATORS,
)  # fmt: skip


class Change(NamedTuple):
    """One thing that a call changed.

    Attributes:
        name: what holds it, and the key or the attribute: ``self.count``, ``history``.
        key: the holder's id and the key, by which changes of several calls are compared.
        before: its value before; None where there was none.
        after: its value after.
        adds: whether there was nothing there before, or None.
        holder: the thing that was changed.
    """

    name: str
    key: tuple[int, Hashable]
    before: Any
    after: Any
    adds: bool
    holder: Any


class _Holder(NamedTuple):
    name: str
    thing: Any
    content: dict[Any, Any]


class Snapshot:
    """What is held below some named things at one moment: by reference, arrays by their content."""

    def __init__(self, roots: Mapping[str, Any]):
        self.holders = {
            id(item.value): _Holder(item.name, item.value, content)
            for item in reached(roots)
            if (content := _content(item.value)) is not None
        }

    @contextlib.contextmanager
    def put_back(self) -> Iterator[None]:
        """Puts everything back that changes in the block, also where it raises."""
        try:
            yield
        finally:
            for _, thing, before in self.holders.values():
                if any(
                    not _same(before.get(k, _ABSENT), v) for k, v in _content_now(thing, before)
                ):
                    _restore(thing, before)

    def changes(self) -> list[Change]:
        """What the same things hold now that they did not hold then, or otherwise."""
        found: dict[str, Change] = {}
        for identity, (name, thing, before) in self.holders.items():
            after = _content(thing) or {}
            for key in [*before, *(key for key in after if key not in before)]:
                old, new = before.get(key, _ABSENT), after.get(key, _ABSENT)
                if not _same(old, new):
                    change = _change(name, thing, (identity, key), old, new)
                    found.setdefault(change.name, change)
        return _without_views(list(found.values()))

    def replaced(self) -> set[tuple[int, Hashable]]:
        """The keys under which the same things hold other objects now, if of equal content."""
        return {
            (identity, key)
            for identity, (_, thing, before) in self.holders.items()
            for key, new in (_content(thing) or {}).items()
            if before.get(key, _ABSENT) is not new
        }


def changed_whole(item: Reached) -> Change:
    """The change of a thing that is known to be written to, where its content cannot be seen."""
    return Change(item.name, (id(item.value), "content"), None, None, False, item.value)


def tracers_in(value: Any) -> bool:
    """Whether a value is a tracer, or a container with one in it."""
    return any(is_traced(leaf) for leaf in jax.tree.leaves(value))


def _content_now(thing: Any, before: dict[Any, Any]) -> Iterator[tuple[Any, Any]]:
    now = _content(thing) or {}
    yield from now.items()
    yield from ((key, _ABSENT) for key in before if key not in now)


def _restore(thing: Any, before: dict[Any, Any]) -> None:
    """Give a thing the content that it had."""
    if isinstance(thing, np.ndarray | jax.Ref):
        thing[...] = before["content"]
    elif isinstance(thing, _BYTES):
        thing[:] = before["content"]  # pyright: ignore
    elif isinstance(thing, contextvars.ContextVar):
        thing.set(before["value"])
    elif isinstance(thing, np.random.Generator):
        thing.bit_generator.state = pickle.loads(before["state"]).bit_generator.state
    elif isinstance(thing, np.random.BitGenerator):
        thing.state = pickle.loads(before["state"]).state
    elif isinstance(thing, np.random.RandomState):
        thing.set_state(pickle.loads(before["state"]).get_state())
    elif isinstance(thing, random.Random):
        thing.setstate(before["state"])
    elif isinstance(thing, MutableMapping):
        thing.clear()
        thing.update(before)
    elif isinstance(thing, list):
        thing[:] = before.values()
    elif isinstance(thing, deque):
        thing.clear()
        thing.extend(before.values())
    elif isinstance(thing, MutableSet):
        thing.clear()
        thing |= set(before)
    elif isinstance(thing, types.FunctionType):
        _restore_names(thing, before)
    else:
        _restore_attributes(thing, before)


def _restore_names(function: types.FunctionType, before: dict[Any, Any]) -> None:
    cells = dict(zip(function.__code__.co_freevars, function.__closure__ or (), strict=True))
    for name, value in before.items():
        if name in cells:
            cells[name].cell_contents = value
        elif name in vars(function):
            setattr(function, name, value)
        elif name in function.__globals__ and function.__globals__[name] is not value:
            function.__globals__[name] = value


def _restore_attributes(thing: Any, before: dict[Any, Any]) -> None:
    for name in set(_content(thing) or ()) - set(before):
        object.__delattr__(thing, name)
    for name, value in before.items():
        if str(name).isidentifier() and getattr(thing, name, _ABSENT) is not value:
            set_attribute = type.__setattr__ if isinstance(thing, type) else object.__setattr__
            set_attribute(thing, name, value)


def _without_views(changes: list[Change]) -> list[Change]:
    """Arrays that look into one memory changed once."""
    kept: list[Change] = []
    for change in changes:
        views = isinstance(change.holder, np.ndarray) and any(
            np.shares_memory(change.holder, other.holder)
            for other in kept
            if isinstance(other.holder, np.ndarray)
        )
        if not views:
            kept.append(change)
    return kept


def _change(name: str, thing: Any, key: tuple[int, Any], old: Any, new: Any) -> Change:
    called = label(name, thing, key[1])
    added = isinstance(thing, Mapping) and (old is _ABSENT or new is _ABSENT)
    if added or key[1] == "position" or isinstance(thing, _NAMED_WHOLE):
        called = name
    adds = (old is _ABSENT or old is None) and not isinstance(thing, list | deque)
    before, after = (None if value is _ABSENT else value for value in (old, new))
    return Change(called, key, before, after, adds, thing)


def _content(thing: Any) -> dict[Any, Any] | None:
    """What of a thing can change in place; None for what cannot."""
    if isinstance(thing, np.ndarray):
        return {"content": thing.copy()}
    if isinstance(thing, jax.Ref):
        with jax.ensure_compile_time_eval():
            return {"content": np.asarray(thing[...])}
    if isinstance(thing, _BYTES):
        return {"content": copy.copy(thing)}
    if isinstance(thing, contextvars.ContextVar):
        return {"value": thing.get(None)}
    if isinstance(thing, GENERATORS):
        return _generator_state(thing)
    if isinstance(thing, Set):
        return dict.fromkeys(thing, True)
    if isinstance(thing, tuple | Unique):
        return None
    if declared(thing, "__next__") is not None and is_library_class(type(thing)):
        return {"position": _position(thing)}
    if isinstance(thing, MutableMapping | list | deque) or type(thing).__dictoffset__:
        return held(thing)
    return held(thing) or None


def _generator_state(generator: Any) -> dict[Any, Any] | None:
    if isinstance(generator, random.SystemRandom):
        return None
    if isinstance(generator, random.Random):
        return {"state": generator.getstate()}
    return {"state": pickle.dumps(generator)}


def _position(iterator: Any) -> str:
    try:
        return repr(iterator.__reduce__())
    except Exception:  # one that cannot be copied has a stand-in, which tells on its use
        return ""


def _same(old: Any, new: Any) -> bool:
    if old is new:
        return True
    if old is _ABSENT or new is _ABSENT or is_traced(old) or is_traced(new):
        return False
    if type(old) is not type(new):
        return False
    try:
        if isinstance(old, np.ndarray | jax.Array):
            return bool(np.array_equal(old, new, equal_nan=old.dtype.kind in "fc"))
        return bool(old == new or (old != old and new != new))
    except Exception:  # what cannot be compared is not the thing that it was
        return False
