"""One cell of the table, measured in a process of its own: a tool's first call on a loss."""

import json
import resource
import sys
import time
from collections.abc import Callable
from pathlib import Path

import jax
import jax.monitoring
from jax.test_util import check_grads

import purenet
from comparisons.measures.first_check.losses import LARGE, SMALL, Loss, distinct, mlp_of

TOOLS = ("compiled", "jax", "purenet")
_COMPILED = "/jax/core/compile/backend_compile_duration"


def first_call(tool: str, loss: Loss, budget: float = 10.0) -> dict:
    """CPU seconds, programs compiled and runs of the loss of a tool's first call."""
    programs, runs = [], []

    def counted(*args):
        runs.append(args)
        return loss.function(*args)

    def note(event: str, duration_secs: float, **_: str | int) -> None:
        if event == _COMPILED:
            programs.append(duration_secs)

    gradient = jax.jit(jax.value_and_grad(counted))
    calls: dict[str, Callable] = {
        "compiled": lambda: jax.block_until_ready(gradient(loss.params, *loss.data)),
        "jax": lambda: check_grads(
            lambda p: counted(p, *loss.data), (loss.params,), order=1, atol=0.1, rtol=0.1
        ),
        "purenet": lambda: purenet.check_grads(counted, loss.params, *loss.data, budget=budget),
    }
    jax.block_until_ready(jax.device_put(0.0))  # the backend starts before the clock does
    jax.monitoring.register_event_duration_secs_listener(note)
    start, clock = time.process_time(), time.perf_counter()
    calls[tool]()
    first = time.process_time() - start
    wall = time.perf_counter() - clock
    cell = {"seconds": first, "wall": wall, "programs": len(programs), "runs": len(runs)}
    start = time.process_time()
    calls[tool]()
    return {**cell, "again": time.process_time() - start}


def many(count: int) -> dict:
    """Memory maps and bytes that each further distinct loss leaves behind, after the first 100."""
    seen = []
    for number in range(count):
        loss = distinct(number)
        purenet.check_grads(loss.function, loss.params)
        if number + 1 in (100, count):
            maps = len(Path("/proc/self/maps").read_text().splitlines())
            seen.append((maps, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024))
    (maps, size), (maps_after, size_after) = seen
    further = count - 100
    return {"maps": (maps_after - maps) / further, "bytes": (size_after - size) / further}


def _main() -> None:
    what, name, *rest = sys.argv[1:]
    if what == "many":
        print(json.dumps(many(int(name))))
        return
    known = {**SMALL, **LARGE}
    loss = known[name]() if name in known else mlp_of(int(name))
    print(json.dumps(first_call(what, loss, *map(float, rest))))


if __name__ == "__main__":
    _main()
