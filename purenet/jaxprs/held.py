"""Compiled programs: few are held for further calls, and those that do little compile fast."""

from collections import OrderedDict
from collections.abc import Callable
from functools import wraps
from threading import Lock
from typing import Any

import jax

# a check of one loss takes about six; each keeps some memory maps, of which a process has 65,530
_MOST = 128
# operations up to which code that is not optimised runs in less time than optimising it takes
_SHORT = 1e7
_held: OrderedDict[tuple, Any] = OrderedDict()
_lock = Lock()


def held(make: Callable) -> Callable:
    """Decorate a function that makes a jitted one: equal arguments give the same jitted function.

    All decorated functions share one store. What is let go frees what was compiled for it.
    """

    @wraps(make)
    def of(*arguments: Any) -> Any:
        key = (make, *arguments)
        with _lock:
            found = _held.pop(key, None)
        if found is None:
            found = make(*arguments)
        with _lock:
            _held[key] = found
            let_go = [_held.popitem(last=False)[1] for _ in range(len(_held) - _MOST)]
        for function in let_go:
            function.clear_cache()
        return found

    return of


def jitted(function: Callable, operations: float) -> Any:
    """A jitted function that does so much in all: where that is little, compiled in a hurry.

    For the CPU, XLA's optimisation level 0 takes a third less time than the default to compile the
    gradient of a small network.
    """
    hurry = operations <= _SHORT
    return jax.jit(
        function, compiler_options={"xla_backend_optimization_level": 0} if hurry else None
    )
