"""Other objects of the same class, still without what the thing holds: where copies begin."""

import collections
import contextlib
import copy
import enum
import random
import threading
from collections.abc import Callable
from typing import Any

import numpy as np

from purenet.purity.attributes import attributes
from purenet.purity.code import is_library_class

GENERATORS = (np.random.Generator, np.random.RandomState, np.random.BitGenerator, random.Random)
_BUILT_IN: tuple[Any, ...] = (
    collections.OrderedDict,
    collections.defaultdict,
    dict,
    list,
    collections.deque,
    set,
)


def shell(thing: Any) -> Any:
    """Another object of the same class, its attributes still to come; the thing itself at worst.

    The caller's own classes are not asked: what they do on being copied is their business. Members
    of an enum, and what stands for itself alone (a library's MISSING), stay what they are.
    """
    if isinstance(thing, enum.Enum):
        return thing
    if isinstance(thing, type(threading.Lock()) | type(threading.RLock())):
        return threading.Lock() if isinstance(thing, type(threading.Lock())) else threading.RLock()
    if isinstance(thing, threading.local):
        return threading.local.__new__(type(thing))
    if not is_library_class(type(thing)):
        return _first_that_works([_bare, copy.copy], thing)
    if _has_a_way(type(thing)):
        return _first_that_works([copy.copy, _bare], thing)
    try:
        made = _bare(thing)
    except TypeError:  # a class written in C
        return _first_that_works([copy.copy], thing)
    return made if attributes(thing) else thing


def empty(container: Any) -> Any:
    """An empty dict, list, deque or set of the same class, whatever that class does on its own."""
    base = next(base for base in _BUILT_IN if isinstance(container, base))
    made = base.__new__(type(container))
    if isinstance(container, collections.deque):
        collections.deque.__init__(made, (), container.maxlen)
    elif isinstance(container, collections.defaultdict):
        made.default_factory = container.default_factory
    return made


def fill(made: Any, items: list) -> None:
    """Put values, or for a dict pairs, into an empty container."""
    if isinstance(made, dict):
        base: Any = next(base for base in _BUILT_IN if isinstance(made, base))
        for key, value in items:
            base.__setitem__(made, key, value)
    elif isinstance(made, set):
        set.update(made, items)
    elif isinstance(made, list):
        list.extend(made, items)
    else:
        collections.deque.extend(made, items)


def same_generator(generator: Any) -> Any:
    """A generator of random numbers in the same state; the thing itself where it has none."""
    if isinstance(generator, random.SystemRandom):
        return generator
    try:
        return copy.deepcopy(generator)
    except Exception:  # a class of the caller's, whose __init__ wants arguments
        cls: Any = type(generator)
        made = cls.__new__(cls)
        if isinstance(generator, random.Random):
            made.setstate(generator.getstate())
            vars(made).update(vars(generator))
        return made


def _bare(thing: Any) -> Any:
    return object.__new__(type(thing))


def _has_a_way(cls: type) -> bool:
    """Whether a class says itself how it is copied."""
    ways = ("__copy__", "__reduce__", "__reduce_ex__")
    return any(way in vars(c) for c in cls.__mro__ if c is not object for way in ways)


def _first_that_works(ways: list[Callable[[Any], Any]], thing: Any) -> Any:
    for way in ways:
        with contextlib.suppress(Exception):
            return way(thing)
    return thing
