"""An object's attributes, read without running any of its code."""

import threading
from typing import Any


def own_attributes(thing: Any) -> dict[str, Any]:
    """What a thing has as attributes of its own, read without running any of its code."""
    try:
        # of a threading.local there is one for each thread, by a way of its own
        local = isinstance(thing, threading.local)
        found = dict(vars(thing) if local else object.__getattribute__(thing, "__dict__"))
    except (AttributeError, TypeError):
        found = {}
    for slot in _slots(type(thing)):
        try:
            found.setdefault(slot, object.__getattribute__(thing, slot))
        except AttributeError:
            continue
    return found


def declared(thing: Any, name: str) -> Any:
    """An attribute that a thing or its class declares, None where there is none.

    What a ``__getattr__`` would make up is none: asked for anything, some count, some raise.
    """
    try:
        own = object.__getattribute__(thing, "__dict__")
    except (AttributeError, TypeError):
        own = {}
    if name not in own and not any(name in vars(c) for c in type(thing).__mro__):
        return None
    try:
        return getattr(thing, name, None)
    except Exception:  # a property of the caller's
        return None


def _slots(cls: type) -> list[str]:
    """The names under which the slots of a class and of those it derives from can be read."""
    found = []
    for each in cls.__mro__:
        named = vars(each).get("__slots__", ())
        for slot in (named,) if isinstance(named, str) else tuple(named):
            if slot.startswith("__") and not slot.endswith("__"):
                found.append(f"_{each.__name__.lstrip('_')}{slot}")
            elif slot not in ("__dict__", "__weakref__"):
                found.append(slot)
    return found
