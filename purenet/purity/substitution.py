"""A captured value replaced by another one for a call: in a copy of what leads to it, or in place.

Copied are, shallowly, a function with another cell or global, an object with another attribute. All
else is shared with the original.
"""

import copy
import functools
import threading
import types
import weakref
from collections import OrderedDict, UserDict, defaultdict, deque
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, TypeVar

import numpy as np

from purenet.purity.attributes import declared
from purenet.purity.guards import undone
from purenet.purity.members import ATOMS, GENERATORS, Key, members, own_modules
from purenet.purity.object_graph import Reached, of_function
from purenet.purity.source import is_library_class
from purenet.purity.state import fill

T = TypeVar("T")
# captured things, each with what is to stand in its place
Replaced = Sequence[tuple[Reached, Any]]
# the functions that were made here, of no caller's making, while they live
COPIED_FUNCTIONS: weakref.WeakSet[types.FunctionType] = weakref.WeakSet()
_in_place = threading.RLock()  # held while an array of the caller's is another one for a moment
_audits = 0  # how many are under way, in all threads


class CannotReplaceError(Exception):
    """Raised where a captured thing cannot be another one without touching the caller's own."""


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


def with_other(
    function: Callable,
    replaced: Replaced,
    everywhere: Mapping[int, Any] | None = None,
    apart: Collection[int] = (),
) -> Callable:
    """The function with other values in the places of captured ones.

    Args:
        function: what is copied, as far as it leads to them.
        replaced: the captured values with the other ones; an object is another one wherever it is
            held, a number in its one place.
        everywhere: further objects by their ids, each with what stands wherever it is held.
        apart: the ids of what is copied in any case, since it is written to.

    Raises:
        CannotReplaceError: where something on the way cannot be copied.
    """
    objects, places = dict(everywhere or {}), {}
    for item, new in replaced:
        if isinstance(item.value, ATOMS):
            places[_place(item.holder, item.key)] = new
        else:
            objects[id(item.value)] = new
    return _Copies(function, objects, places, apart).of(function)


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


def _place(holder: Any, key: Key) -> tuple[int, Key]:
    """Where a member is: a global is one for all the functions of its module."""
    return id(holder.__globals__ if key.kind == "global" else holder), key


class _Copies:
    """Copies of what leads from a function to some things, each made once."""

    def __init__(
        self,
        function: Callable,
        objects: Mapping[int, Any],
        places: Mapping[tuple[int, Key], Any],
        apart: Collection[int],
    ):
        self._copies: dict[int, Any] = dict(objects)
        self._places = places
        self._alive = of_function(function)  # an id is a name as long as its thing lives
        self._leading: set[int] = set()
        holders: dict[int, list[int]] = {}
        waiting = list(apart)
        for item in self._alive:
            for key, value in members(item.value).items():
                holders.setdefault(id(value), []).append(id(item.value))
                if _place(item.value, key) in places:
                    waiting.append(id(item.value))
        waiting += [holder for thing in objects for holder in holders.get(thing, ())]
        while waiting:
            if (one := waiting.pop()) not in self._leading:
                self._leading.add(one)
                waiting += holders.get(one, ())

    def of(self, thing: Any) -> Any:
        """The copy of a thing; the thing itself where it leads nowhere."""
        if id(thing) in self._copies:
            return self._copies[id(thing)]
        if id(thing) not in self._leading or isinstance(thing, ATOMS):
            return thing
        made = self._made(thing)
        return self._copies.setdefault(id(thing), made)

    def _members(self, thing: Any) -> dict[Key, Any]:
        """The members that the copy of a thing has."""
        return {
            key: self._places[place] if (place := _place(thing, key)) in self._places
            else self.of(value)
            for key, value in members(thing).items()
        }  # fmt: skip

    def _made(self, thing: Any) -> Any:
        if isinstance(thing, (np.ndarray, set, bytearray, *GENERATORS)):
            return copy.deepcopy(thing)
        if isinstance(thing, types.FunctionType):
            return self._function(thing)
        if isinstance(thing, type):
            return self._class(thing)
        if isinstance(thing, types.MethodType):
            return types.MethodType(self.of(thing.__func__), self.of(thing.__self__))
        if isinstance(thing, property | staticmethod | classmethod):
            return type(thing)(*self._members(thing).values())
        if isinstance(thing, types.MappingProxyType):
            return types.MappingProxyType({k.name: v for k, v in self._members(thing).items()})
        if isinstance(thing, functools.partial):
            called, *values = self._members(thing).values()
            count = len(thing.args)
            keywords = dict(zip(thing.keywords, values[count:], strict=True))
            return functools.partial(called, *values[:count], **keywords)
        has_rule = declared(thing, "defjvp") is not None or declared(thing, "defvjp") is not None
        wrapped = declared(thing, "__wrapped__")
        if callable(wrapped) and not has_rule:
            return self.of(wrapped)  # what jit has once frozen would not follow
        return self._instance(thing)

    def _instance(self, thing: Any) -> Any:
        """Another object of the same class, made without asking it."""
        cls: Any = self.of(type(thing))
        base: Any = next((b for b in _CONTAINERS if issubclass(type(thing), b)), object)
        if base is tuple:
            return tuple.__new__(cls, list(self._members(thing).values())[: len(thing)])
        try:
            made: Any = base.__new__(cls)
            self._copies[id(thing)] = made  # before what it holds: it may hold itself
            if base is deque:
                deque.__init__(made, (), thing.maxlen)
            elif isinstance(thing, defaultdict):
                made.default_factory = thing.default_factory
            fill(made, self._members(thing))
        except (TypeError, AttributeError) as error:
            raise CannotReplaceError(f"a {type(thing).__name__} cannot be copied") from error
        return made

    def _class(self, cls: type) -> type:
        """Another class with other methods and data, where making it runs none of its code."""
        plain = type(cls) is type and not any(
            "__init_subclass__" in vars(c) or "__slots__" in vars(c) for c in cls.__mro__[:-1]
        )
        names = {k: v for k, v in vars(cls).items() if k not in ("__dict__", "__weakref__")}
        sets_up = any(
            hasattr(type(value), "__set_name__") and not is_library_class(type(value))
            for value in names.values()
        )
        if not plain or sets_up or is_library_class(cls):
            raise CannotReplaceError(f"the class {cls.__name__} cannot be copied")
        made = type(cls)(cls.__name__, tuple(map(self.of, cls.__bases__)), names)
        self._copies[id(cls)] = made  # before what it holds: its methods name it
        fill(made, self._members(cls))
        return made

    def _function(self, function: types.FunctionType) -> types.FunctionType:
        closure, copies = function.__closure__ or (), self._copies
        # empty at first: what they hold may name the function
        cells = [c for c in closure if id(c) in self._leading and id(c) not in copies]
        copies.update((id(cell), types.CellType()) for cell in cells)
        # one dictionary for each module, so that what is global there stays shared
        names = copies.setdefault(id(function.__globals__), dict(function.__globals__))
        made = types.FunctionType(
            function.__code__, names, function.__name__, None, tuple(map(self.of, closure)) or None
        )
        copies[id(function)] = made
        COPIED_FUNCTIONS.add(made)
        for cell in cells:
            fill(copies[id(cell)], self._members(cell))
        now, new = members(function), self._members(function)
        defaults = {key.name: value for key, value in new.items() if key.kind == "default"}
        keywords = function.__kwdefaults__ or {}
        made.__defaults__ = tuple(defaults[n] for n in defaults if n not in keywords) or None
        made.__kwdefaults__ = {name: defaults[name] for name in keywords} or None
        vars(made).update({key.name: v for key, v in new.items() if key.kind == "attribute"})
        made.__qualname__, made.__module__ = function.__qualname__, function.__module__
        others = {key: value for key, value in new.items() if value is not now[key]}
        names.update({key.name: value for key, value in others.items() if key.kind == "global"})
        for name, module in own_modules(function).items():
            attributes = {
                key.name.removeprefix(f"{name}."): value
                for key, value in others.items()
                if key.kind == "module" and key.name.startswith(f"{name}.")
            }
            if attributes:
                names[name] = types.ModuleType(module.__name__, module.__doc__)
                vars(names[name]).update({**vars(module), **attributes})
        return made


_CONTAINERS = (OrderedDict, dict, list, deque, tuple, UserDict)
