"""Attributes of things, read without running any code of the caller's."""

import threading
from typing import Any


def attributes(thing: Any) -> dict[Any, Any]:
    """What a thing holds as attributes of its own: its ``__dict__``, and its slots."""
    found = dict(own_dict(thing))
    for slot in slots(type(thing)):
        if slot not in found:
            try:
                found[slot] = object.__getattribute__(thing, slot)
            except AttributeError:
                continue
    return found


def own_dict(thing: Any) -> dict[Any, Any]:
    """The ``__dict__`` of a thing, {} where it has none."""
    try:
        if isinstance(thing, threading.local):  # one for each thread, by a way of its own
            return vars(thing)
        found = object.__getattribute__(thing, "__dict__")
    except (AttributeError, TypeError):
        return {}
    return found if isinstance(found, dict) else {}


def slots(cls: type) -> list[str]:
    """The names under which the slots of a class and of those it derives from can be read."""
    found = []
    for each in cls.__mro__:
        named = vars(each).get("__slots__", ())
        for slot in (named,) if isinstance(named, str) else tuple(named):
            private = slot.startswith("__") and not slot.endswith("__")
            if private:
                found.append(f"_{each.__name__.lstrip('_')}{slot}")
            elif slot not in ("__dict__", "__weakref__"):
                found.append(slot)
    return found


def declared(thing: Any, name: str) -> Any:
    """An attribute that a thing or its class declares, None where there is none.

    What a ``__getattr__`` would make up is none: asked for anything, some count, some raise.
    """
    if name not in own_dict(thing) and not any(name in vars(c) for c in type(thing).__mro__):
        return None
    try:
        return getattr(thing, name, None)
    except Exception:  # a property of the caller's
        return None
