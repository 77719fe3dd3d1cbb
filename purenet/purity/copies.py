"""Copies of things and of all that they reach: what is one thing there is one thing here."""

import contextlib
import contextvars
import functools
import io
import logging
import sys
import types
import weakref
from collections import defaultdict, deque
from collections.abc import Mapping
from typing import Any

import jax
import numpy as np

from purenet.purity.attributes import attributes, declared, own_dict, slots
from purenet.purity.code import is_library_file, is_unchanging, read_names
from purenet.purity.reached import GLOBAL_RANDOM, own_classes, own_modules
from purenet.purity.shells import GENERATORS, empty, fill, same_generator, shell
from purenet.purity.unique import Unique

_ATOMS = {str, bytes, int, float, complex, bool, type(None), slice, range}
_DEEPEST = 20_000  # calls of Python: chains of some thousand things that hold one another


class Copies:
    """Copies, each made once.

    Args:
        replaced: what stands in a thing's place, by the thing's id.

    Functions are copied with their closure cells, defaults and the globals that they name. jit is
    looked through, since what it has once frozen would not follow the copy. NumPy arrays that share
    memory share it in the copy. Classes are shared; so is what refuses to be copied.
    """

    def __init__(self, replaced: Mapping[int, Any] | None = None):
        self._memo: dict[int, Any] = dict(replaced or {})
        self._met: dict[type, None] = {}
        self._kept: list[Any] = []  # an id is a name only as long as its thing lives
        self._copying = False

    def copied(self, thing: Any) -> Any:
        """The copy of a thing, the same at each call."""
        if type(thing) in _ATOMS:
            return thing
        if id(thing) in self._memo:
            return self._memo[id(thing)]
        if isinstance(thing, np.generic) or any(thing is g for g in GLOBAL_RANDOM):
            return thing
        if type(thing) is not np.ndarray and isinstance(thing, jax.Array):
            return thing
        self._kept.append(thing)
        made = self._made(thing) if self._copying else self._begun(thing)
        self._memo.setdefault(id(thing), made)
        return self._memo[id(thing)]

    def _begun(self, thing: Any) -> Any:
        """The outermost copy, with room for things that hold one another in long chains."""
        before, self._copying = sys.getrecursionlimit(), True
        sys.setrecursionlimit(max(before, _DEEPEST))
        try:
            return self._made(thing)
        finally:
            self._copying = False
            with contextlib.suppress(RecursionError):  # called from deeper down than before
                sys.setrecursionlimit(before)

    def _made(self, thing: Any) -> Any:
        if isinstance(thing, np.ndarray):
            return self._array(thing)
        if isinstance(thing, type):
            self._met |= dict.fromkeys([*own_classes(thing), *own_classes(type(thing))])
            return thing
        if isinstance(thing, jax.Ref):
            return _reference(thing)
        if isinstance(thing, types.FunctionType):
            return self._function(thing)
        if isinstance(thing, types.MethodType):
            return types.MethodType(self.copied(thing.__func__), self.copied(thing.__self__))
        if isinstance(thing, functools.partial):
            args, keywords = map(self.copied, thing.args), self._values(thing.keywords)
            return type(thing)(self.copied(thing.func), *args, **keywords)
        if isinstance(thing, types.GeneratorType | io.IOBase):
            return Unique(thing)
        if isinstance(thing, GENERATORS):
            return same_generator(thing)
        if isinstance(thing, types.MappingProxyType):
            return types.MappingProxyType(self._values(thing))
        if isinstance(thing, dict | list | deque | set | frozenset | tuple):
            return self._container(thing)
        if type(thing) is weakref.ref:
            return thing if thing() is None else weakref.ref(self.copied(thing()))
        if isinstance(thing, contextvars.ContextVar):
            return self._context_variable(thing)
        if is_unchanging(thing) or isinstance(thing, types.ModuleType | logging.Filterer):
            return thing
        if isinstance(thing, functools._lru_cache_wrapper):
            options = thing.cache_parameters()
            return functools.lru_cache(**options)(self.copied(thing.__wrapped__))
        has_rule = declared(thing, "defjvp") is not None or declared(thing, "defvjp") is not None
        wrapped = declared(thing, "__wrapped__")
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
            buffer = np.asarray(self.copied(owner)).ravel(order="K")
            start = array.__array_interface__["data"][0] - owner.__array_interface__["data"][0]
            made = np.ndarray(array.shape, array.dtype, buffer, start, array.strides)
            made = made.view(type(array))
        if array.dtype.hasobject:
            for index in np.ndindex(array.shape):
                made[index] = self.copied(array[index])
        if type(array) is not np.ndarray:
            own_dict(made).update(self._values(own_dict(array)))
        if not array.flags.writeable:
            made.flags.writeable = False
        return made

    def _container(self, thing: Any) -> Any:
        if isinstance(thing, tuple | frozenset):
            items = [self.copied(item) for item in thing]
            if all(new is old for new, old in zip(items, thing, strict=True)):
                return thing
            base: Any = tuple if isinstance(thing, tuple) else frozenset
            made = base.__new__(type(thing), items)
            self._attributes(thing, made)
            return made
        self._memo[id(thing)] = made = empty(thing)  # before what it holds: it may hold itself
        self._attributes(thing, made)
        if isinstance(thing, defaultdict):
            made.default_factory = self.copied(thing.default_factory)
        if isinstance(thing, dict):
            fill(made, [(self.copied(k), self.copied(v)) for k, v in dict.items(thing)])
        else:
            fill(made, [self.copied(item) for item in thing])
        return made

    def _instance(self, thing: Any) -> Any:
        self.copied(type(thing))
        made = shell(thing)
        if made is not thing:
            self._memo[id(thing)] = made
            self._attributes(thing, made)
        return made

    def _attributes(self, thing: Any, made: Any) -> None:
        own_dict(made).update(self._values(own_dict(thing)))
        held = attributes(thing)
        for slot in slots(type(thing)):
            if slot in held:
                object.__setattr__(made, slot, self.copied(held[slot]))

    def _values(self, mapping: Mapping[str, Any]) -> dict[str, Any]:
        return {name: self.copied(value) for name, value in mapping.items()}

    def _context_variable(self, variable: contextvars.ContextVar) -> contextvars.ContextVar:
        made = contextvars.ContextVar(variable.name)
        with contextlib.suppress(LookupError):  # one that has no value yet
            made.set(self.copied(variable.get()))
        return made

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


def _reference(reference: jax.Ref) -> jax.Ref:
    with jax.ensure_compile_time_eval():  # its numbers, also where a trace is under way
        content = reference[...]
    return jax.new_ref(content)


def _is_contiguous(array: np.ndarray) -> bool:
    return array.flags.c_contiguous or array.flags.f_contiguous
