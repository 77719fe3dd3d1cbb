"""All that a function can reach without its arguments: each object by the name it has there."""

import itertools
import types
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple

import numpy as np

from purenet.jaxprs import is_traced
from purenet.purity.attributes import declared
from purenet.purity.members import ARRAYS, ATOMS, Key, members, own_modules
from purenet.purity.source import is_library_function

_MOST, _MOST_IN_ONE = 20_000, 1_000  # things that are looked at, in all and in one container
_ROOT = Key("name", "")


class Reached(NamedTuple):
    """A thing that a function can reach.

    Attributes:
        name: as one would write it inside the function: ``net.W``, ``CONFIG['w']``.
        value: the thing itself.
        holder: what holds it, None for the first things.
        key: how the holder holds it.
    """

    name: str
    value: Any
    holder: Any = None
    key: Key = _ROOT


def reached(roots: Mapping[str, Any]) -> Iterator[Reached]:
    """Everything below some named things, those first; each thing once, by the first name found."""
    seen: set[int] = set()
    waiting = deque(Reached(name, value) for name, value in roots.items())
    # breadth first would find shorter names, depth first finds them in the order of the code
    while waiting and len(seen) < _MOST:
        item = waiting.popleft()
        if not isinstance(item.value, ATOMS):
            if id(item.value) in seen:
                continue
            seen.add(id(item.value))
        yield item
        name, thing, *_ = item
        below = [
            Reached(key.of(name, thing), value, thing, key)
            for key, value in itertools.islice(members(thing).items(), _MOST_IN_ONE)
        ]
        waiting.extendleft(reversed(below))


def of_function(function: Any) -> list[Reached]:
    """Everything that a function can reach, itself first, by the name ""."""
    return list(reached({"": function}))


def captured_arrays(function: Callable) -> list[Reached]:
    """The arrays in closure cells, globals that the code names, defaults, attributes, containers.

    Bound methods, partials, nested functions and those behind jit and custom derivatives are looked
    through. Objects of Python, of JAX and of other packages are opaque: the arrays in their
    ``__dict__`` are seen, their classes and methods are not looked into.

    >>> import numpy as np
    >>> W = np.ones(2)
    >>> def loss(x, scale=2.0):
    ...     return scale * (W * x).sum()
    >>> [captured.name for captured in captured_arrays(loss)]
    ['W']
    """
    return [thing for thing in of_function(function) if isinstance(thing.value, ARRAYS)]


def captured_numbers(function: Callable) -> list[Reached]:
    """The numbers that a function reaches, truth values aside: ``net.w[0][0]``, ``CONFIG['lr']``.

    >>> rate = 0.1
    >>> [captured.name for captured in captured_numbers(lambda w: w * rate)]
    ['rate']
    """
    return [
        thing
        for thing in of_function(function)
        if isinstance(thing.value, int | float | np.number) and not isinstance(thing.value, bool)
    ]


def own_functions(function: Any) -> list[types.FunctionType]:
    """The functions of the caller's own that a function is made of or can call."""
    found = [thing.value for thing in of_function(function)]
    return [f for f in found if isinstance(f, types.FunctionType) and not is_library_function(f)]


def has_tracer(value: Any) -> bool:
    """Whether a value is a tracer, or holds one anywhere."""
    return any(is_traced(item.value) for item in reached({"": value}))


def is_jax_code(function: Callable) -> bool:
    """Whether a function, or one that it calls, has anything to do with JAX.

    Of the caller's own modules only what is named counts: NumPy code may stand beside JAX code.
    """
    things = [thing.value for thing in of_function(function)]
    named = [own_modules(thing) for thing in things if isinstance(thing, types.FunctionType)]
    own = {id(module) for modules in named for module in modules.values()}
    return any(_is_jax(thing) for thing in things if id(thing) not in own)


def _is_jax(thing: Any) -> bool:
    if isinstance(thing, types.ModuleType):
        return _names_jax(thing.__name__) or _imports_jax(vars(thing))
    if _names_jax(type(thing).__module__) or _names_jax(declared(thing, "__module__")):
        return True
    is_library = isinstance(thing, types.FunctionType) and is_library_function(thing)
    return is_library and _imports_jax(thing.__globals__)


def _names_jax(module: Any) -> bool:
    return isinstance(module, str) and module.split(".")[0] in ("jax", "jaxlib")


def _imports_jax(names: Mapping[str, Any]) -> bool:
    modules = [v for v in list(names.values()) if isinstance(v, types.ModuleType)]
    return any(_names_jax(module.__name__) for module in modules)
