"""Settings of the whole process: read before and after a call, told apart, put back.

Other threads have the same settings. So a change counts, and is put back, only where code that ran
in this thread meanwhile has its name in it.
"""

import gc
import logging
import os
import random
import sys
import warnings
from collections.abc import Callable, Iterable
from typing import Any

import jax
import numpy as np

_SYS_LISTS = ("path", "meta_path", "path_hooks", "argv")


class Settings:
    """The settings of the process at one moment.

    Those of Python, NumPy and JAX, the environment, the working directory, the random states.
    """

    def __init__(self):
        self._before = {name: read() for name, (read, _) in SETTINGS.items()}

    def changes(self, mentioned: Callable[[], set[str]]) -> list[str]:
        """The names of the settings that are other ones now, and that code which ran has in it.

        Args:
            mentioned: gives the names in the code that ran.
        """
        changed = [
            name for name, (read, _) in SETTINGS.items() if not _equal(read(), self._before[name])
        ]
        names = mentioned() if changed else ()
        return [name for name in changed if _last(name) in names]

    def put_back(self, names: Iterable[str]) -> None:
        """Put back the settings that are named."""
        for name in names:
            SETTINGS[name][1](self._before[name])


def _last(name: str) -> str:
    return name.rpartition(".")[2]


def _equal(one: Any, two: Any) -> bool:
    if isinstance(one, np.ndarray):
        return np.array_equal(one, two)
    if isinstance(one, tuple | list) and isinstance(two, type(one)):
        return len(one) == len(two) and all(map(_equal, one, two))
    return one is two or (type(one) is type(two) and bool(one == two))


def _folder() -> str | None:
    try:
        return os.getcwd()
    except OSError:  # it was removed
        return None


def _put_environment(before: dict[str, str]) -> None:
    for name in set(os.environ) - set(before):
        del os.environ[name]
    for name, value in before.items():
        if os.environ.get(name) != value:
            os.environ[name] = value


def _put_config(before: dict[str, Any]) -> None:
    for name, value in dict(jax.config.values).items():
        if value != before.get(name):
            jax.config.update(name, before[name])


def _list(owner: Any, name: str) -> tuple[Callable[[], Any], Callable[[Any], Any]]:
    """A list, and what is in it."""

    def put(before: tuple[list, list]) -> None:
        the_list, items = before
        setattr(owner, name, the_list)
        the_list[:] = items

    def read() -> tuple[list, list]:
        return getattr(owner, name), list(getattr(owner, name))

    return read, put


# each with how it is read and how it is put back
SETTINGS: dict[str, tuple[Callable[[], Any], Callable[[Any], Any]]] = {
    "np.seterr": (np.geterr, lambda before: np.seterr(**before)),
    "np.set_printoptions": (np.get_printoptions, lambda before: np.set_printoptions(**before)),
    "jax.config": (lambda: dict(jax.config.values), _put_config),
    "os.environ": (lambda: dict(os.environ), _put_environment),
    "os.chdir": (_folder, lambda before: before and os.chdir(before)),
    "sys.setrecursionlimit": (sys.getrecursionlimit, sys.setrecursionlimit),
    "sys.setswitchinterval": (sys.getswitchinterval, sys.setswitchinterval),
    **{f"sys.{name}": _list(sys, name) for name in _SYS_LISTS},
    "warnings.filters": _list(warnings, "filters"),
    "gc.set_threshold": (gc.get_threshold, lambda before: gc.set_threshold(*before)),
    "gc.disable": (gc.isenabled, lambda before: gc.enable() if before else gc.disable()),
    "logging.disable": (lambda: logging.root.manager.disable, logging.disable),
    "numpy.random": (np.random.get_state, np.random.set_state),
    "random": (random.getstate, random.setstate),
}
RANDOM = ("numpy.random", "random")  # the settings that are states of a global generator
