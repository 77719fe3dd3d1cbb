"""Copies of a function with other things in it: what lies on the way to them, and no more.

Copied are, shallowly, a function with another cell or global, an object with another attribute. All
else is shared with the original.
"""

import copy
import functools
import types
import weakref
from collections import OrderedDict, UserDict, defaultdict, deque
from collections.abc import Callable, Collection, Mapping
from typing import Any

import numpy as np

from purenet.purity.held import (
    ATOMS,
    GENERATORS,
    cell_content,
    declared,
    default_names,
    global_names,
    held,
    own_modules,
    unbound,
)
from purenet.purity.reached import reached
from purenet.purity.source import is_library_class

# the functions that were made here, of no caller's making, while they live
COPIED_FUNCTIONS: weakref.WeakSet[types.FunctionType] = weakref.WeakSet()


class CannotReplaceError(Exception):
    """Raised where a captured thing cannot be another one without touching the caller's own."""


def copied(
    function: Callable,
    things: Mapping[int, Any],
    places: Mapping[tuple[int, Any], Any] | None = None,
    apart: Collection[int] = (),
) -> Callable:
    """The function with other things in it.

    Args:
        function: what is copied, as far as it leads to them.
        things: what stands in a thing's place, by the thing's id.
        places: what stands in a place, by the holder's id and its key there.
        apart: the ids of what is copied in any case, since it is written to.

    Raises:
        CannotReplaceError: where something on the way cannot be copied.
    """
    places = places or {}
    return _Copies(function, things, places, apart).of(function)


class _Copies:
    """Copies of what leads from a function to some things, each made once."""

    def __init__(
        self,
        function: Callable,
        things: Mapping[int, Any],
        places: Mapping[tuple[int, Any], Any],
        apart: Collection[int],
    ):
        self._memo: dict[int, Any] = dict(things)
        self._kept = list(reached({"": function}))  # an id is a name as long as its thing lives
        self._places = {**places, **self._of_other_functions(places)}
        holders: dict[int, list[int]] = {}
        for item in self._kept:
            for value in held(item.value).values():
                holders.setdefault(id(value), []).append(id(item.value))
        self._leading: set[int] = set()
        waiting = [*apart, *(holder for holder, _ in self._places)]
        waiting += [holder for thing in things for holder in holders.get(thing, ())]
        while waiting:
            if (one := waiting.pop()) not in self._leading:
                self._leading.add(one)
                waiting += holders.get(one, ())

    def _of_other_functions(
        self, places: Mapping[tuple[int, Any], Any]
    ) -> dict[tuple[int, Any], Any]:
        """The same globals as the functions beside them read them."""
        functions = [i.value for i in self._kept if isinstance(i.value, types.FunctionType)]
        named = {id(f): f for f in functions}
        return {
            (id(other), name): new
            for (holder, name), new in places.items()
            if holder in named and name in global_names(named[holder])
            for other in functions
            if other.__globals__ is named[holder].__globals__ and name in global_names(other)
        }

    def of(self, thing: Any) -> Any:
        """The copy of a thing; the thing itself where it leads nowhere."""
        if id(thing) in self._memo:
            return self._memo[id(thing)]
        if id(thing) not in self._leading or isinstance(thing, ATOMS):
            return thing
        made = self._made(thing)
        return self._memo.setdefault(id(thing), made)

    def _in(self, holder: Any, key: Any, value: Any) -> Any:
        """What the copy of a holder holds under a key."""
        place = (id(holder), key)
        return self._places[place] if place in self._places else self.of(value)

    def _made(self, thing: Any) -> Any:
        if isinstance(thing, (np.ndarray, set, bytearray, *GENERATORS)):
            return copy.deepcopy(thing)
        if isinstance(thing, types.FunctionType):
            return self._function(thing)
        if isinstance(thing, types.CellType):
            made = self._memo[id(thing)] = types.CellType()
            self._fill(thing)
            return made
        if isinstance(thing, types.MethodType):
            return types.MethodType(self.of(thing.__func__), self.of(thing.__self__))
        if isinstance(thing, functools.partial):
            args = [self._in(thing, i, value) for i, value in enumerate(thing.args)]
            keywords = {k: self._in(thing, k, value) for k, value in thing.keywords.items()}
            return functools.partial(self.of(thing.func), *args, **keywords)
        if isinstance(thing, types.MappingProxyType):
            return types.MappingProxyType({k: self._in(thing, k, v) for k, v in thing.items()})
        if isinstance(thing, type):
            return self._class(thing)
        wrapped = declared(thing, "__wrapped__")
        has_rule = declared(thing, "defjvp") is not None or declared(thing, "defvjp") is not None
        if callable(thing) and callable(wrapped) and not has_rule:
            return self.of(wrapped)  # what jit has once frozen would not follow
        return self._instance(thing)

    def _instance(self, thing: Any) -> Any:
        """Another object of the same class, made without asking it."""
        cls: Any = self.of(type(thing))
        base: Any = next((b for b in _CONTAINERS if issubclass(type(thing), b)), object)
        if base is tuple:
            return tuple.__new__(cls, [self._in(thing, i, value) for i, value in enumerate(thing)])
        try:
            made: Any = base.__new__(cls)
            self._memo[id(thing)] = made  # before what it holds: it may hold itself
            if base is deque:
                deque.__init__(made, (), thing.maxlen)
            for key, value in held(thing).items():
                if issubclass(base, dict):
                    base.__setitem__(made, key, self._in(thing, key, value))
                elif base in (list, deque) and isinstance(key, int):
                    base.append(made, self._in(thing, key, value))
                elif base is not UserDict and str(key).isidentifier():
                    object.__setattr__(made, key, self._in(thing, key, value))
            if base is UserDict:
                made.data = {k: self._in(thing, k, v) for k, v in thing.data.items()}
            elif isinstance(thing, defaultdict):
                made.default_factory = thing.default_factory
        except (TypeError, AttributeError) as error:
            raise CannotReplaceError(f"a {type(thing).__name__} cannot be copied") from error
        return made

    def _class(self, cls: type) -> type:
        """Another class with other methods and data, where making it runs none of its code."""
        plain = type(cls) is type and not any(
            "__init_subclass__" in vars(c) or "__slots__" in vars(c) for c in cls.__mro__[:-1]
        )
        names = dict(vars(cls))
        if not plain or is_library_class(cls) or any(hasattr(v, "__set_name__") for v in names):
            raise CannotReplaceError(f"the class {cls.__name__} cannot be copied")
        for name in ("__dict__", "__weakref__"):
            names.pop(name, None)
        made = type(cls)(cls.__name__, tuple(map(self.of, cls.__bases__)), names)
        self._memo[id(cls)] = made  # before what it holds: its methods name it
        for name, value in names.items():
            new = self._member(cls, name, value)
            if new is not value:
                setattr(made, name, new)
        return made

    def _member(self, cls: type, name: str, value: Any) -> Any:
        if isinstance(value, staticmethod | classmethod):
            return type(value)(self.of(unbound(value)))
        if isinstance(value, property):
            return property(*map(self.of, (value.fget, value.fset, value.fdel)))
        if isinstance(value, functools.cached_property):
            made = functools.cached_property(self.of(value.func))
            made.attrname = name  # pyright: ignore
            return made
        return self._in(cls, name, value)

    def _function(self, function: types.FunctionType) -> types.FunctionType:
        closure = function.__closure__ or ()
        # empty at first: what they hold may name the function
        new = [cell for cell in closure if id(cell) in self._leading and id(cell) not in self._memo]
        self._memo.update((id(cell), types.CellType()) for cell in new)
        code, globals_ = function.__code__, self._globals(function)
        cells = tuple(map(self.of, closure)) or None
        made = types.FunctionType(code, globals_, function.__name__, None, cells)
        self._memo[id(function)] = made
        COPIED_FUNCTIONS.add(made)
        for cell in new:
            self._fill(cell)
        defaults = default_names(function)
        keywords = function.__kwdefaults__ or {}
        new_defaults = {name: self._in(function, name, value) for name, value in defaults.items()}
        made.__defaults__ = tuple(new_defaults[n] for n in defaults if n not in keywords) or None
        made.__kwdefaults__ = {name: new_defaults[name] for name in keywords} or None
        vars(made).update({k: self._in(function, k, v) for k, v in vars(function).items()})
        made.__qualname__, made.__module__ = function.__qualname__, function.__module__
        for name, value in global_names(function).items():
            if (other := self._in(function, name, value)) is not value:
                globals_[name] = other
        self._name_modules(function, globals_)
        return made

    def _fill(self, cell: types.CellType) -> None:
        for key, value in cell_content(cell).items():
            self._memo[id(cell)].cell_contents = self._in(cell, key, value)

    def _globals(self, function: types.FunctionType) -> dict[str, Any]:
        """One dictionary for each module, so that what is global there stays shared."""
        original = function.__globals__
        if id(original) not in self._memo:
            self._memo[id(original)] = dict(original)
        return self._memo[id(original)]

    def _name_modules(self, function: types.FunctionType, globals_: dict[str, Any]) -> None:
        """Modules of the caller's own, with other attributes where these lead to what changes."""
        content = held(function)
        for name, module in own_modules(function).items():
            prefix = f"{name}."
            now = {k[len(prefix) :]: k for k in content if str(k).startswith(prefix)}
            new = {key: self._in(function, full, content[full]) for key, full in now.items()}
            if any(new[key] is not content[full] for key, full in now.items()):
                made = types.ModuleType(module.__name__, module.__doc__)
                vars(made).update({**vars(module), **new})
                globals_[name] = made


_CONTAINERS = (OrderedDict, dict, list, deque, tuple, UserDict)
