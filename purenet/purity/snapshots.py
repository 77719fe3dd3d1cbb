"""What changes: all that some named things hold, compared before and after a call, and put back."""

import contextlib
import contextvars
import io
import types
from collections import deque
from collections.abc import Callable, Hashable, Mapping, Set
from typing import Any, NamedTuple, TypeVar

import jax
import numpy as np

from purenet.jaxprs import is_traced
from purenet.purity.contents import (
    ABSENT,
    BYTES,
    CONTENT,
    content_now,
    content_of,
    has_tracer,
    position,
    restore,
    runs_out,
)
from purenet.purity.held import ATOMS, GENERATORS, MAPPINGS, declared, is_cache, label
from purenet.purity.reached import Reached, reached

T = TypeVar("T")
# what changes as a whole: its items or its state have no names of their own
_NAMED_WHOLE = (
    np.ndarray, jax.Ref, Set, deque, list, contextvars.ContextVar, types.CellType, io.IOBase,
    *BYTES, *GENERATORS,
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
            if (content := content_of(item.value)) is not None
        ]

    def changes(self) -> list[Change]:
        """What the same things hold now that they did not hold then.

        Another object in a place is a change, be it of equal content: whether a call writes must
        not depend on what was there before. Numbers and texts are compared by their values.
        """
        found: dict[str, Change] = {}
        arrays: list[np.ndarray] = []
        for name, thing, before in self.holders:
            after = content_now(thing)
            for key in [*before, *(key for key in after if key not in before)]:
                old, new = before.get(key, ABSENT), after.get(key, ABSENT)
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
            after = content_now(thing)
            if before.keys() == after.keys() and all(
                _same(key, old, after[key]) if key == CONTENT else old is after[key]
                for key, old in before.items()
            ):
                continue
            with contextlib.suppress(Exception):
                restore(thing, before, after)

    @property
    def used_up(self) -> list[str]:
        """The generators and iterators that were drawn from and cannot be put back."""
        return [
            name
            for name, thing, before in self.holders
            if runs_out(thing)
            and not _same(CONTENT, before[CONTENT], position(thing))
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


def changed(item: Reached) -> Change:
    """The change of a thing that is known to be written to, where its content cannot be seen."""
    return Change(item.name, (id(item.value), CONTENT), {}, False, False, False, item.value)


def _change(name: str, thing: Any, key: Any, old: Any, new: Any) -> Change:
    called = label(name, thing, key)
    added = isinstance(thing, MAPPINGS) and (old is ABSENT or new is ABSENT)
    if added or isinstance(thing, _NAMED_WHOLE) or key == CONTENT or is_cache(thing):
        called = name
    rebinds = not added and not isinstance(thing, (np.ndarray, jax.Ref, *BYTES, *GENERATORS))
    return Change(
        called,
        (id(thing), key),
        _evidence(called, old, new),
        (old is ABSENT or old is None) and not isinstance(thing, list | deque),
        has_tracer(None if new is ABSENT else new),
        rebinds and not isinstance(thing, list | deque | Set) and not _is_plain(new),
        thing,
    )


def _same(key: Any, old: Any, new: Any) -> bool:
    if old is new:
        return True
    if old is ABSENT or new is ABSENT or type(old) is not type(new):
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
    if value is ABSENT:
        return None
    if isinstance(value, np.ndarray | jax.Array):
        return f"{value.dtype}{list(value.shape)}"
    return f"a {type(value).__name__}"
