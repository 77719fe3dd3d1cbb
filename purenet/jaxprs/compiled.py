"""Compiled programs: few are held for further calls, and those that do little compile fast."""

from collections import OrderedDict
from collections.abc import Callable
from functools import lru_cache, wraps
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


def jitted(function: Callable, operations: float, *, hurry: bool = True) -> Any:
    """A jitted function, compiled fast where it does little: so many operations a call.

    Args:
        function: what is compiled.
        operations: floating-point operations of a call.
        hurry: compile without optimisation too. A function that is differenced is noisier without
            fused multiply-adds than it need be.
    """
    if operations > _SHORT:
        return jax.jit(function)
    options = dict(_emitters())
    if hurry:
        # without optimisation compiling takes a third less
        options["xla_backend_optimization_level"] = 0
    return jax.jit(function, compiler_options=options)


@lru_cache(maxsize=1)
def _emitters() -> dict[str, int | bool]:
    """XLA's older emitters for the CPU, where it still has them.

    They compile a small program in a third of the time of the newer ones.
    """
    options: dict[str, int | bool] = {"xla_cpu_use_fusion_emitters": False}
    try:
        jax.jit(lambda: 0.0, compiler_options=dict(options)).lower().compile()
    except jax.errors.JaxRuntimeError:
        return {}
    return options
