"""JAX's settings around the library's own work: those that would stop it are set aside."""

from collections.abc import Iterator
from contextlib import contextmanager

import jax


@contextmanager
def own_settings() -> Iterator[None]:
    """The settings that this library computes under, for this thread, within a block.

    Its arithmetic promotes dtypes and ranks, it is compiled, and values go between the host and the
    device. A caller who forbids that in their own code (jax_numpy_dtype_promotion="strict",
    jax_numpy_rank_promotion="raise", jax_disable_jit, jax_transfer_guard="disallow") gets the same
    numbers. It decorates a function too.
    """
    with (
        jax.numpy_dtype_promotion("standard"),
        jax.numpy_rank_promotion("allow"),
        jax.disable_jit(False),
        jax.transfer_guard("allow"),
    ):
        yield
