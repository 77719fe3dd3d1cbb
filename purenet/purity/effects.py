"""What a call does beside giving a value: seen in this thread, and in the way of nothing.

Python tells of files, programs and connections by its audit hook, and of calls by a profile
function. Nothing is replaced or refused: what is printed is printed, what is written is written.
"""

import builtins
import functools
import linecache
import logging
import os
import re
import sys
import threading
import types
from collections.abc import Callable
from typing import Any, TypeVar

from purenet.purity.guards import profiled, undone
from purenet.purity.source import is_library, own_line, place

T = TypeVar("T")
_EVENTS = frozenset({
    "open", "os.remove", "os.rename", "os.rmdir", "os.mkdir", "os.link", "os.symlink",
    "os.truncate", "os.chmod", "os.chown", "os.utime", "os.system", "os.exec", "os.fork",
    "os.forkpty", "os.kill", "os.posix_spawn", "os.spawn", "os.startfile", "subprocess.Popen",
    "socket.connect", "socket.bind", "socket.sendto", "socket.sendmsg", "shutil.rmtree",
    "shutil.move", "shutil.copyfile", "sqlite3.connect", "urllib.Request", "webbrowser.open",
})  # fmt: skip
_here = threading.local()  # the observation that is under way in a thread
_hooked = threading.Lock()  # taken once, by whoever installs the hook


class Observation:
    """What the calls under observation did.

    Attributes:
        effects: what was done outside, in order, each with the line: ``print``, ``net.py:12``.
        asks_ids: whether the caller's own code asked for the id of anything.
    """

    def __init__(self):
        self.effects: dict[tuple[str, str], None] = {}
        self.asks_ids = False
        self._ran: dict[int, tuple[types.CodeType, Any]] = {}
        self._builtins, self._functions = _watched()

    @property
    def order(self) -> dict[int, int]:
        """In which turn each code object ran first, by its id."""
        return {code: turn for turn, code in enumerate(self._ran)}

    def mentions(self, *, own: bool = False) -> set[str]:
        """The names and texts in the code that ran, JAX's aside; with ``own`` in the caller's."""
        found: set[str] = set()
        for code, module in list(self._ran.values()):
            if not (is_library(module) if own else str(module).startswith("jax")):
                found.update(code.co_names, (c for c in code.co_consts if isinstance(c, str)))
        return found

    def on_event(self, frame: types.FrameType, event: str, argument: Any) -> None:
        """The profile function."""
        if event == "call":
            code = frame.f_code
            if id(code) not in self._ran:
                self._ran[id(code)] = code, frame.f_globals.get("__name__")
            if id(code) in self._functions:
                self._functions[id(code)](self, frame)
        elif event == "c_call" and argument in self._builtins:
            self._builtins[argument](self, frame)

    def effect(self, subject: str, frame: types.FrameType | None) -> None:
        """Write down what some code does, if it does so for code of the caller's own.

        Of several in one line the first is the one that was meant.
        """
        at = own_line(frame)
        if at is not None and all(line != place(*at) for _, line in self.effects):
            self.effects.setdefault((subject, place(*at)))


def observed(observation: Observation, work: Callable[[], T], *, calls: bool = True) -> T:
    """``work()``, with what it does in this thread written down.

    Args:
        observation: where it is written.
        work: what is done.
        calls: whether calls are told of too. Under a profile function to trace takes ten times as
            long, in Python 3.11, so further traces do without.
    """
    if _hooked.acquire(blocking=False):  # an audit hook stays: there is one in a process
        sys.addaudithook(_on_audit_event)
    outer = getattr(_here, "observation", None)

    def leave() -> None:
        _here.observation = outer

    def watched() -> T:
        _here.observation = observation
        return profiled(observation.on_event, work) if calls else work()

    return undone(watched, leave)


def _on_audit_event(event: str, arguments: tuple) -> None:
    del arguments
    observation = getattr(_here, "observation", None)
    if observation is not None and event in _EVENTS:
        observation.effect(event, sys._getframe(1))


def _watched() -> tuple[dict[Any, Callable], dict[int, Callable]]:
    """What is done where a builtin is called, and where some code of Python's is."""
    calls: dict[Any, Callable] = {
        builtins.print: _on_print,
        builtins.input: lambda seen, frame: seen.effect("input", frame),
        builtins.id: _on_id,
        os.write: lambda seen, frame: seen.effect("os.write", frame),
    }
    functions: dict[int, Callable] = {id(logging.Logger.isEnabledFor.__code__): _on_logging}
    for stream, name in zip(_streams(), ("stdout", "stdout", "stderr", "stderr"), strict=True):
        for part in (stream, getattr(stream, "buffer", None)):
            _watch_stream(part, f"sys.{name}.write", calls, functions)
    return calls, functions


def _watch_stream(stream: Any, subject: str, calls: dict, functions: dict) -> None:
    for name in ("write", "writelines"):
        method = getattr(stream, name, None)
        if isinstance(method, types.BuiltinMethodType):
            calls.setdefault(method, lambda seen, frame: seen.effect(subject, frame))
        elif isinstance(method, types.MethodType) and hasattr(method.__func__, "__code__"):
            code = method.__func__.__code__
            functions[id(code)] = functools.partial(_on_write, stream, name, subject)


def _on_write(
    stream: Any, name: str, subject: str, seen: Observation, frame: types.FrameType
) -> None:
    """A stream's own method: print calls it too, and is seen by itself."""
    at = own_line(frame.f_back)
    is_meant = at is not None and f".{name}(" in linecache.getline(*at)
    if is_meant and next(iter(frame.f_locals.values()), None) is stream:
        seen.effect(subject, frame.f_back)


def _on_id(seen: Observation, frame: types.FrameType) -> None:
    seen.asks_ids = seen.asks_ids or not is_library(frame.f_globals.get("__name__"))


def _on_logging(seen: Observation, frame: types.FrameType) -> None:
    """A logger's first question; the caller's own code asks it through `logging` alone."""
    asked = frame.f_back
    outer = asked
    while outer is not None and outer.f_globals.get("__name__") == logging.__name__:
        outer = outer.f_back
    if outer is not None and outer is not asked and not is_library(outer.f_globals.get("__name__")):
        seen.effect("logging", outer)


def _on_print(seen: Observation, frame: types.FrameType) -> None:
    if not _prints_into_its_own(frame):
        seen.effect("print", frame)


def _prints_into_its_own(frame: types.FrameType) -> bool:
    """Whether a call of print names a ``file=`` that is none of the process's streams."""
    code = frame.f_code
    first, last, *_ = list(code.co_positions())[frame.f_lasti // 2]
    if first is None or last is None:
        return False
    text = "".join(linecache.getline(code.co_filename, n) for n in range(first, last + 1))
    named = re.search(r"\bfile\s*=\s*(\w+)((?:\.\w+)*)", text)
    if named is None:
        return False
    file = {**frame.f_globals, **frame.f_locals}.get(named[1])
    for attribute in named[2].split(".")[1:]:
        file = getattr(file, attribute, None)
    return file is not None and not any(file is stream for stream in _streams())


def _streams() -> list[Any]:
    return [getattr(sys, name) for each in ("stdout", "stderr") for name in (each, f"__{each}__")]
