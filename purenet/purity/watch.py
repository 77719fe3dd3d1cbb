"""Watching a call: what it prints, opens, draws and tries to change in the world outside."""

import builtins
import contextlib
import io
import linecache
import logging
import os
import pickle
import random
import sys
import threading
import types
import warnings
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import numpy as np

from purenet.purity.code import is_library_file, place

_OUTSIDE = (
    "os.remove", "os.rename", "os.rmdir", "os.mkdir", "os.link", "os.symlink", "os.truncate",
    "os.chdir", "os.chmod", "os.chown", "os.utime", "os.system", "os.exec", "os.fork",
    "os.posix_spawn", "os.putenv", "os.unsetenv", "subprocess.Popen", "socket.connect",
    "socket.bind", "shutil.rmtree", "shutil.move", "sqlite3.connect",
)  # fmt: skip
# files that these open on the way are none of the function's doing
_MACHINERY = ("jax", "jaxlib", "importlib", "linecache", "tokenize", "inspect", "traceback")
_active = threading.local()


class Effect(NamedTuple):
    """Something that a call did beside giving a value: what, and in which line."""

    subject: str
    where: str


class RefusedError(Exception):
    """Raised in the function watched, where it would change files or talk to other programs."""


class Watch:
    """What the calls under watch did.

    Attributes:
        effects: in order, each once.
    """

    def __init__(self):
        self.effects: dict[Effect, None] = {}

    def record(self, subject: str, where: str) -> None:
        """Write an effect down."""
        self.effects.setdefault(Effect(subject, where))


@contextlib.contextmanager
def watching() -> Iterator[Watch]:
    """Watch what is called in the block; what it prints is kept back, what it writes goes nowhere.

    Deleting files, starting programs and opening connections is refused. What is drawn from the
    global generators is seen by `drawing`.
    """
    watch = Watch()
    _install_hook()
    streams = _Sink(watch, "sys.stdout"), _Sink(watch, "sys.stderr")
    with (
        contextlib.redirect_stdout(streams[0]),
        contextlib.redirect_stderr(streams[1]),
        _replaced(sys, "__stdout__", streams[0]),
        _replaced(sys, "__stderr__", streams[1]),
        _replaced(builtins, "open", _opener(watch)),
        _replaced(io, "open", _opener(watch)),
        _replaced(logging.Logger, "isEnabledFor", _logged(watch)),
        _replaced(_active, "watch", watch),
        warnings.catch_warnings(),
    ):
        warnings.simplefilter("ignore")
        yield watch


@contextlib.contextmanager
def drawing() -> Iterator[dict[str, None]]:
    """Puts the global generators of NumPy and Python back, and names those that were used."""
    used: dict[str, None] = {}
    legacy, python = np.random.get_state(), random.getstate()  # noqa: NPY002
    try:
        yield used
    finally:
        if pickle.dumps(np.random.get_state()) != pickle.dumps(legacy):  # noqa: NPY002
            used["numpy.random"] = None
            np.random.set_state(legacy)  # noqa: NPY002
        if random.getstate() != python:
            used["random"] = None
            random.setstate(python)


def caller() -> tuple[str, int] | None:
    """The innermost line of the caller's own code that is running; None inside JAX's machinery."""
    frame = sys._getframe(1)
    while frame is not None:
        file, module = frame.f_code.co_filename, frame.f_globals.get("__name__", "")
        if module.split(".")[0] in _MACHINERY:
            return None
        if not is_library_file(file):
            return file, frame.f_lineno
        frame = frame.f_back
    return None


class _Sink(io.StringIO):
    """A stream that keeps nothing, and remembers who wrote to it."""

    def __init__(self, watch: Watch, name: str):
        super().__init__()
        self._watch, self._name = watch, name

    def write(self, text: str) -> int:
        at = caller()
        if at is not None:
            written = ".write(" in linecache.getline(*at)
            self._watch.record(f"{self._name}.write" if written else "print", place(*at))
        return len(text)


def _opener(watch: Watch) -> Callable:
    original = builtins.open

    def opened(file: Any, mode: str = "r", *args: Any, **kwargs: Any) -> Any:
        at = caller()
        if at is None:
            return original(file, mode, *args, **kwargs)
        watch.record("open", place(*at))
        if set(mode) & set("wax+"):
            return io.BytesIO() if "b" in mode else io.StringIO()
        return original(file, mode, *args, **kwargs)

    return opened


def _logged(watch: Watch) -> Callable:
    """A logger's first question: the caller's own code asks it through `logging` alone."""
    original = logging.Logger.isEnabledFor

    def is_enabled(logger: logging.Logger, level: int, asked: types.FrameType) -> bool:
        frame = asked
        while frame.f_back is not None and frame.f_code.co_filename == logging.__file__:
            frame = frame.f_back
        if frame is asked or is_library_file(frame.f_code.co_filename):
            return original(logger, level)
        watch.record("logging", place(frame.f_code.co_filename, frame.f_lineno))
        return False

    return lambda logger, level: is_enabled(logger, level, sys._getframe(1))


@contextlib.contextmanager
def _replaced(owner: Any, name: str, value: Any) -> Iterator[None]:
    before = getattr(owner, name, None)
    setattr(owner, name, value)
    try:
        yield
    finally:
        setattr(owner, name, before)


def _install_hook() -> None:
    """Once in a process: Python's audit hooks cannot be taken back, this one sleeps meanwhile."""
    if not _HOOKED:
        _HOOKED.append(True)
        sys.addaudithook(_refuse)


_HOOKED: list[bool] = []


def _refuse(event: str, arguments: tuple) -> None:
    watch = getattr(_active, "watch", None)
    if watch is None or not (event in _OUTSIDE or (event == "open" and _writes(*arguments))):
        return
    at = caller()
    if at is not None:
        watch.record(event, place(*at))
        raise RefusedError(event)


def _writes(_path: Any, _mode: Any, flags: int) -> bool:
    """Whether a file is opened to be written to: past the `open` that is replaced meanwhile."""
    return bool(flags & (os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC))
