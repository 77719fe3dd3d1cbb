"""Copies at work: a function with all that it can reach, to run without touching anything."""

import contextlib
import types
from collections import deque
from collections.abc import Iterator, Mapping, MutableMapping
from typing import Any

from purenet.purity.copies import Copies
from purenet.purity.reached import class_data


class World(Copies):
    """Copies whose classes, too, can be put to work with copies of their methods and data.

    Args:
        replaced: what stands in a thing's place, by the thing's id.
    """

    def __init__(self, replaced: Mapping[int, Any] | None = None):
        super().__init__(replaced)
        self._class_values: dict[tuple[type, str], Any] = {}

    def put(self, holder: Any, key: Any, value: Any) -> None:
        """Let the copy of a holder hold another value under a key, as `reached.held` names it."""
        made = self.copied(holder)
        if isinstance(holder, types.FunctionType):
            _put_name(made, key, value)
        elif isinstance(made, MutableMapping | list | deque):
            made[key] = value
        elif isinstance(holder, type):
            self._class_values[holder, key] = value
        elif made is not holder:
            object.__setattr__(made, key, value)

    @contextlib.contextmanager
    def at_work(self) -> Iterator[None]:
        """Lets classes of the caller's own work with copies of their methods and of their data.

        A copy of a class would be another class to isinstance and to JAX's registry of pytrees; so
        what the class itself holds is replaced for the time of the block, and then put back.
        """
        before = {cls: dict(vars(cls)) for cls in self._classes()}
        try:
            for cls, names in before.items():
                for name, value in names.items():
                    if (made := self._attribute(cls, name, value)) is not value:
                        type.__setattr__(cls, name, made)
            yield
        finally:
            for cls, names in before.items():
                for name in set(vars(cls)) - set(names):
                    type.__delattr__(cls, name)
                for name, value in names.items():
                    if vars(cls).get(name, self) is not value:
                        type.__setattr__(cls, name, value)

    def _classes(self) -> list[type]:
        """The classes met so far, and those that their methods and data lead to."""
        looked_into: dict[type, None] = {}
        while new := [cls for cls in self._met if cls not in looked_into]:
            for cls in new:
                looked_into[cls] = None
                for name, value in dict(vars(cls)).items():
                    self._attribute(cls, name, value)
        return list(looked_into)

    def _attribute(self, cls: type, name: str, value: Any) -> Any:
        """The copy of what a class holds: methods and data, no other descriptors."""
        if (cls, name) in self._class_values:
            return self._class_values[cls, name]
        if isinstance(value, types.FunctionType) or name in class_data(cls):
            return self.copied(value)
        if isinstance(value, staticmethod | classmethod):
            return type(value)(self.copied(value.__func__))
        if isinstance(value, property):
            return property(*map(self.copied, (value.fget, value.fset, value.fdel)))
        return value


def _put_name(function: types.FunctionType, name: str, value: Any) -> None:
    """Another value in a function's cell, default or global."""
    code, defaults = function.__code__, function.__defaults__ or ()
    if name in code.co_freevars:
        cells = function.__closure__ or ()
        cells[code.co_freevars.index(name)].cell_contents = value
        return
    arguments = code.co_varnames[: code.co_argcount]
    with_default = arguments[len(arguments) - len(defaults) :]
    if name in with_default:
        i = with_default.index(name)
        function.__defaults__ = (*defaults[:i], value, *defaults[i + 1 :])
    elif name in (function.__kwdefaults__ or {}):
        function.__kwdefaults__ = {**(function.__kwdefaults__ or {}), name: value}
    else:
        function.__globals__[name] = value
