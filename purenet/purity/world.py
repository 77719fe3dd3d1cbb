"""Copies: a function with all that it can reach, to run and to change without touching anything."""

import contextlib
import copy
import functools
import io
import logging
import random
import threading
import types
from collections import deque
from collections.abc import Iterator, Mapping, MutableMapping, Set
from typing import Any

import jax
import numpy as np

from purenet.purity.code import is_library_file, is_unchanging, read_names
from purenet.purity.reached import GLOBAL_RANDOM, class_data, own_classes, own_modules

_SHARED = (str, bytes, int, float, complex, type(None), slice, range, np.generic, jax.Array)


class ConsumedError(Exception):
    """Raised where a copy draws from what cannot be copied: a generator, an open file."""

    def __init__(self, thing: Any):
        self.thing = thing
        super().__init__(f"a {type(thing).__name__} cannot be copied")


class World:
    """Copies of things and of all that they reach; what is one thing there is one thing here.

    Args:
        replaced: what stands in a thing's place, by the thing's id.

    Functions are copied with their closure cells, defaults and the globals that they name. jit is
    looked through, since what it has once frozen would not follow the copy. NumPy arrays that share
    memory share it in the copy. Classes are shared; so is what refuses to be copied.
    """

    def __init__(self, replaced: Mapping[int, Any] | None = None):
        self._memo: dict[int, Any] = dict(replaced or {})
        self._met: dict[type, None] = {}
        self._class_values: dict[tuple[type, str], Any] = {}
        self._kept: list[Any] = []  # an id is a name only as long as its thing lives

    def copied(self, thing: Any) -> Any:
        """The copy of a thing, the same at each call."""
        if id(thing) in self._memo:
            return self._memo[id(thing)]
        if isinstance(thing, _SHARED) or any(thing is shared for shared in GLOBAL_RANDOM):
            return thing
        self._kept.append(thing)
        made = self._made(thing)
        self._memo.setdefault(id(thing), made)
        return self._memo[id(thing)]

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

    def _made(self, thing: Any) -> Any:
        if isinstance(thing, type):
            self._met |= dict.fromkeys(own_classes(thing))
            return thing
        if isinstance(thing, np.ndarray):
            return self._array(thing)
        if isinstance(thing, types.FunctionType):
            return self._function(thing)
        if isinstance(thing, types.MethodType):
            return types.MethodType(self.copied(thing.__func__), self.copied(thing.__self__))
        if isinstance(thing, functools.partial):
            args, keywords = map(self.copied, thing.args), self._values(thing.keywords)
            return type(thing)(self.copied(thing.func), *args, **keywords)
        if isinstance(thing, types.GeneratorType | io.IOBase):
            return _Unique(thing)
        if isinstance(thing, np.random.Generator | np.random.RandomState | random.Random):
            return copy.deepcopy(thing)
        if isinstance(thing, types.MappingProxyType):
            return types.MappingProxyType(self._values(thing))
        if isinstance(thing, MutableMapping | list | tuple | deque | Set):
            return self._container(thing)
        if is_unchanging(thing) or isinstance(thing, types.ModuleType | logging.Filterer):
            return thing
        if isinstance(thing, functools._lru_cache_wrapper):
            options = thing.cache_parameters()
            return functools.lru_cache(**options)(self.copied(thing.__wrapped__))
        has_rule = hasattr(thing, "defjvp") or hasattr(thing, "defvjp")
        wrapped = getattr(thing, "__wrapped__", None)
        if callable(thing) and callable(wrapped) and not has_rule:
            return self.copied(wrapped)
        return self._instance(thing)

    def _array(self, array: np.ndarray) -> np.ndarray:
        owner = array
        while isinstance(owner.base, np.ndarray):
            owner = owner.base
        if owner is array or array.dtype.hasobject or not _is_contiguous(owner):
            made = array.copy(order="K")
        else:  # a view: the same part of the copy of what it looks into
            buffer = self.copied(owner).ravel(order="K")
            start = array.__array_interface__["data"][0] - owner.__array_interface__["data"][0]
            made = np.ndarray(array.shape, array.dtype, buffer, start, array.strides)
        made.flags.writeable = array.flags.writeable and made.flags.writeable
        return made

    def _container(self, thing: Any) -> Any:
        if isinstance(thing, tuple):
            items = [self.copied(item) for item in thing]
            if all(new is old for new, old in zip(items, thing, strict=True)):
                return thing
            return type(thing)(*items) if hasattr(thing, "_fields") else type(thing)(items)
        try:
            made = copy.copy(thing)
        except Exception:
            return thing
        self._memo[id(thing)] = made  # before what it holds: it may hold itself
        if isinstance(thing, MutableMapping):
            for key, value in thing.items():
                new = self.copied(value)
                if new is not value:
                    made[key] = new
        elif isinstance(thing, list | deque):
            for i, value in enumerate(thing):
                made[i] = self.copied(value)  # pyright: ignore
        self._attributes(thing, made)
        return made

    def _instance(self, thing: Any) -> Any:
        self.copied(type(thing))
        if isinstance(thing, type(threading.Lock())):
            return threading.Lock()
        made = _shallow(thing)
        if made is not thing:
            self._memo[id(thing)] = made
            self._attributes(thing, made)
        return made

    def _attributes(self, thing: Any, made: Any) -> None:
        if made is thing:
            return
        attributes = getattr(made, "__dict__", None)
        if isinstance(attributes, dict):
            attributes.update(self._values(getattr(thing, "__dict__", {})))
        for cls in type(thing).__mro__:
            slots = vars(cls).get("__slots__", ())
            for slot in (slots,) if isinstance(slots, str) else slots:
                if hasattr(thing, slot) and not slot.startswith("__"):
                    object.__setattr__(made, slot, self.copied(getattr(thing, slot)))

    def _values(self, mapping: Mapping[str, Any]) -> dict[str, Any]:
        return {name: self.copied(value) for name, value in mapping.items()}

    def _function(self, function: types.FunctionType) -> Any:
        if is_unchanging(function):
            return function
        code, own = function.__code__, not is_library_file(function.__code__.co_filename)
        cells = tuple(self._cell(cell) for cell in function.__closure__ or ())
        if not own and not function.__closure__ and not vars(function):
            return function
        globals_ = self._globals(function) if own else function.__globals__
        made = types.FunctionType(code, globals_, function.__name__, None, cells or None)
        self._memo[id(function)] = made  # before what it names: it may name itself
        made.__defaults__ = self.copied(function.__defaults__)
        made.__kwdefaults__ = function.__kwdefaults__ and self._values(function.__kwdefaults__)
        made.__qualname__, made.__module__ = function.__qualname__, function.__module__
        vars(made).update(self._values(vars(function)))
        for cell, original in zip(cells, function.__closure__ or (), strict=True):
            self._fill(cell, original)
        if own:
            self._name(function, globals_)
        return made

    def _cell(self, original: types.CellType) -> types.CellType:
        """An empty cell, one for each of the caller's: functions that share a cell still do."""
        if id(original) not in self._memo:
            self._kept.append(original)
            self._memo[id(original)] = types.CellType()
        return self._memo[id(original)]

    def _fill(self, cell: types.CellType, original: types.CellType) -> None:
        try:
            content = original.cell_contents
        except ValueError:  # a cell that is not filled yet
            return
        cell.cell_contents = self.copied(content)

    def _globals(self, function: types.FunctionType) -> dict[str, Any]:
        """One dictionary for each module of the caller's, so that what is global stays shared."""
        original = function.__globals__
        if id(original) not in self._memo:
            self._memo[id(original)] = dict(original)
        return self._memo[id(original)]

    def _name(self, function: types.FunctionType, globals_: dict[str, Any]) -> None:
        modules = own_modules(function)
        for name, value in read_names(function).items():
            if name in modules:
                globals_[name] = self._module(function, modules[name])
            elif function.__globals__.get(name, self) is value:
                globals_[name] = self.copied(value)

    def _module(self, function: types.FunctionType, module: types.ModuleType) -> types.ModuleType:
        if id(module) not in self._memo:
            made = types.ModuleType(module.__name__, module.__doc__)
            self._memo[id(module)] = made
            vars(made).update(vars(module))
        made = self._memo[id(module)]
        wanted = {name for code in (function.__code__,) for name in code.co_names}
        for name in wanted & set(vars(module)):
            vars(made)[name] = self.copied(vars(module)[name])
        return made


class _Unique:
    """Stands where a generator or an open file would: whoever draws from it is told on."""

    def __init__(self, original: Any):
        self._original = original

    def __iter__(self) -> Iterator:
        return self

    def __next__(self) -> Any:
        raise ConsumedError(self._original)

    def __getattr__(self, name: str) -> Any:
        raise ConsumedError(self._original)


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


def _shallow(thing: Any) -> Any:
    """Another object of the same class, its attributes still to come; the thing itself at worst."""
    try:
        return copy.copy(thing)
    except TypeError:  # as where __new__ wants arguments
        with contextlib.suppress(TypeError):
            return object.__new__(type(thing))
    except Exception:  # a class that will not have it
        return thing
    return thing


def _is_contiguous(array: np.ndarray) -> bool:
    return array.flags.c_contiguous or array.flags.f_contiguous
