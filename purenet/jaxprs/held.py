"""The compiled programs that are held for further calls: few of them, the oldest let go."""

from collections import OrderedDict
from collections.abc import Callable
from functools import wraps
from threading import Lock
from typing import Any

# a check of one loss takes about six; each keeps some memory maps, of which a process has 65,530
_MOST = 128
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
