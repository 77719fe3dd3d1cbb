"""What changes: all that some named things hold, compared before and after a call, and put back."""

import contextlib
from collections import deque
from collections.abc import Mapping, Set
from typing import Any, NamedTuple

import jax
import numpy as np

from purenet.jaxprs import is_traced
from purenet.purity.attributes import declared
from purenet.purity.members import ARRAYS, ATOMS, MAPPINGS, Key, is_unchanging, members
from purenet.purity.object_graph import Reached, has_tracer, reached
from purenet.purity.source import is_opaque
from purenet.purity.state import ABSENT, CONTENT, position, put_back, runs_out, state


class Change(NamedTuple):
    """One thing that a call changed, told without keeping what was there: it may be a tracer.

    Attributes:
        name: what holds it, and the key or the attribute: ``self.count``, ``history``.
        holder: the thing that was changed.
        key: how it holds what was changed.
        evidence: what was there before and after, in short.
        adds: whether there was nothing there before, or None.
        has_tracer: whether a tracer is there now.
        is_kept: whether an array or a container is kept there, as layers keep what they computed.
    """

    name: str
    holder: Any
    key: Key = CONTENT
    evidence: Mapping[str, Any] = {}
    adds: bool = False
    has_tracer: bool = False
    is_kept: bool = False

    @property
    def place(self) -> tuple[int, Key]:
        """By what changes of several calls are compared."""
        return id(self.holder), self.key


class Snapshot:
    """What is held below some named things at one moment: by reference, arrays by their content."""

    def __init__(self, roots: Mapping[str, Any]):
        self._states = [
            (item, found) for item in reached(roots) if (found := state(item.value)) is not None
        ]

    def changes(self) -> list[Change]:
        """What the same things hold now that they did not hold then.

        Another object in a place is a change, be it of equal content: whether a call writes must
        not depend on what was there before. Numbers and texts are compared by their values, and so
        is all that an object of another package holds, which keeps its books as it likes.
        """
        found: dict[str, Change] = {}
        arrays: list[np.ndarray] = []
        for item, before in self._states:
            after = state(item.value, kept=False) or {}
            for key in {**before, **after}:
                old, new = before.get(key, ABSENT), after.get(key, ABSENT)
                if _same(key, old, new) or (_keeps_books(item.value, old) and _alike(old, new)):
                    continue
                if isinstance(item.value, np.ndarray):
                    if any(np.shares_memory(item.value, other) for other in arrays):
                        continue  # arrays that look into one memory changed once
                    arrays.append(item.value)
                change = _change(item, key, old, new)
                found.setdefault(change.name, change)
        return list(found.values())

    def put_back(self) -> None:
        """Give everything the state that it had; what cannot be given it is left alone."""
        for item, before in self._states:
            after = state(item.value, kept=False) or {}
            if before.keys() != after.keys() or not all(
                _same(key, old, after[key]) if key == CONTENT else old is after[key]
                for key, old in before.items()
            ):
                with contextlib.suppress(Exception):
                    put_back(item.value, before)

    @property
    def used_up(self) -> list[str]:
        """The generators and iterators that were drawn from and cannot be put back."""
        return [
            item.name
            for item, before in self._states
            if runs_out(item.value)
            and not _same(CONTENT, before[CONTENT], position(item.value))
            and not (isinstance(before[CONTENT], int) and declared(item.value, "__setstate__"))
        ]


def _change(item: Reached, key: Key, old: Any, new: Any) -> Change:
    # items of lists and sets move, those of mappings come and go: it is the whole that changes
    of_library, is_list = key.kind == "library", isinstance(item.value, list | deque | Set)
    is_item = key.kind == "item" and not isinstance(item.value, MAPPINGS)
    comes_or_goes = isinstance(item.value, MAPPINGS) and (old is ABSENT or new is ABSENT)
    is_whole = is_item or comes_or_goes or key.kind in ("content", "result")
    is_private = is_opaque(item.value) and str(key.name).startswith("_")
    name = item.name if is_whole or is_private else key.of(item.name, item.value)
    return Change(
        name,
        item.value,
        key,
        _evidence(name, old, new),
        adds=(old is ABSENT or old is None)
        and not (isinstance(item.value, list | deque) or of_library),
        has_tracer=has_tracer(None if new is ABSENT else new),
        is_kept=not (key == CONTENT or comes_or_goes or is_list or of_library or _is_plain(new)),
    )


def _same(key: Key, old: Any, new: Any) -> bool:
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


def _keeps_books(holder: Any, old: Any) -> bool:
    """Whether what stands there belongs to another package."""
    return is_opaque(holder) or (is_opaque(old) and not isinstance(old, ARRAYS))


def _alike(old: Any, new: Any) -> bool:
    """Whether two things hold equal arrays and numbers, in the same places."""
    if not (isinstance(old, (*ATOMS, *ARRAYS)) or members(old)):
        return old is new  # what is in them is not to be seen
    below = [[(each.key, each.value) for each in reached({"": one})] for one in (old, new)]
    return len(below[0]) == len(below[1]) and all(
        key == other_key and type(one) is type(other) and _equal(one, other)
        for (key, one), (other_key, other) in zip(*below, strict=True)
    )


def _equal(one: Any, two: Any) -> bool:
    """Whether two things are equal, as far as that is not to be seen in what they hold."""
    if one is two or is_traced(one) or is_traced(two):
        return one is two
    if isinstance(one, ARRAYS):
        return one.dtype == two.dtype and np.array_equal(one, two)
    if isinstance(one, (*ATOMS, Set)):
        return bool(one == two)
    return is_unchanging(one) or isinstance(one, dict | list | tuple) or bool(members(one))


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
