"""Settings of the whole process: read, told apart, put back."""

import contextlib
from collections.abc import Callable, Iterator
from typing import Any

import jax
import numpy as np


@contextlib.contextmanager
def settings_kept() -> Iterator[dict[str, None]]:
    """Puts the settings of NumPy and JAX back, and names those that the block has changed."""
    changed: dict[str, None] = {}
    before = {name: read() for name, (read, _) in _SETTINGS.items()}
    try:
        yield changed
    finally:
        for name, (read, put) in _SETTINGS.items():
            if read() != before[name]:
                changed[name] = None
                put(before[name])


def _put_config(before: dict[str, Any]) -> None:
    for name, value in dict(jax.config.values).items():
        if value != before.get(name):
            jax.config.update(name, before[name])


_SETTINGS: dict[str, tuple[Callable[[], Any], Callable[[Any], Any]]] = {
    "np.seterr": (np.geterr, lambda before: np.seterr(**before)),
    "np.set_printoptions": (np.get_printoptions, lambda before: np.set_printoptions(**before)),
    "jax.config": (lambda: dict(jax.config.values), _put_config),
}
