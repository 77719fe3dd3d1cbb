"""JAX's settings around the library's own work, and whether JAX works in this process at all."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import jax

_process = {"is stranded": False}


@contextmanager
def own_settings() -> Iterator[None]:
    """The settings that this library computes under, for this thread, within a block.

    Its arithmetic promotes dtypes and ranks, it is compiled, and values go between the host and the
    device. A caller who forbids that in their own code (jax_numpy_dtype_promotion="strict",
    jax_numpy_rank_promotion="raise", jax_disable_jit, jax_transfer_guard="disallow") gets the same
    numbers. It decorates a function too.

    Raises:
        RuntimeError: in a process forked from one in which JAX had run, where it would wait forever
            for threads that have not come along.
    """
    if _process["is stranded"]:
        raise RuntimeError(
            f"got a call in process {os.getpid()}, forked from one in which JAX had run; wanted a "
            "process with JAX's threads, which a fork leaves behind; start it by "
            "multiprocessing.get_context('spawn'), or fork before JAX is used"
        )
    with (
        jax.numpy_dtype_promotion("standard"),
        jax.numpy_rank_promotion("allow"),
        jax.disable_jit(False),
        jax.transfer_guard("allow"),
    ):
        yield


def _after_fork() -> None:
    bridge = sys.modules.get("jax._src.xla_bridge")
    _process["is stranded"] = bool(getattr(bridge, "_backends", None))


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)
