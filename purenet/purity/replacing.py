"""Captured values replaced by others for a call: in a copy of what leads to them, or in place."""

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, TypeVar

import numpy as np

from purenet.purity.copies import CannotReplaceError, copied
from purenet.purity.held import ATOMS
from purenet.purity.reached import Reached
from purenet.purity.snapshots import undone

T = TypeVar("T")
# captured things, each with what is to stand in its place
Replaced = Sequence[tuple[Reached, Any]]
_in_place = threading.RLock()  # held while an array of the caller's is another one for a moment
_audits = 0  # how many are under way, in all threads


@contextmanager
def auditing() -> Iterator[None]:
    """Counts the audits that are under way; waits while another one has changed an array."""
    global _audits
    with _in_place:
        _audits += 1
    try:
        yield
    finally:
        with _in_place:
            _audits -= 1


def with_other(function: Callable, replaced: Replaced) -> Callable:
    """The function with other values in the places of captured ones.

    Raises:
        CannotReplaceError: where something on the way cannot be copied.
    """
    things = {id(item.value): new for item, new in replaced if not isinstance(item.value, ATOMS)}
    places = {
        (id(item.holder), item.key): new for item, new in replaced if isinstance(item.value, ATOMS)
    }
    return copied(function, things, places)


def in_place(array: Any, new: Any, work: Callable[[], T]) -> T:
    """``work()`` while the array itself holds other numbers; they are put back.

    Raises:
        CannotReplaceError: where it cannot be written to, or another thread is in an audit.
    """
    if not isinstance(array, np.ndarray) or not array.flags.writeable:
        raise CannotReplaceError("what holds it cannot be copied, and it cannot be written to")
    with _in_place:
        if _audits > 1:
            raise CannotReplaceError("what holds it cannot be copied, and another audit is running")
        before = array.copy()

        def changed() -> T:
            array[...] = new
            return work()

        return undone(changed, lambda: array.__setitem__(..., before))
