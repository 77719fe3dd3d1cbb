"""Tracing that nothing traced before gets into: what is jitted inside runs in Python again."""

import itertools
from collections.abc import Iterator
from contextlib import contextmanager

from jax.experimental.xla_metadata import set_xla_metadata

_turns = itertools.count()


@contextmanager
def traced_afresh() -> Iterator[None]:
    """Within the block, in this thread alone, jit takes no trace that it made outside of it.

    A jitted function keeps its traces by the context that it was traced in; metadata, which say
    nothing of the program, make another context.
    """
    with set_xla_metadata(purenet=str(next(_turns))):
        yield
