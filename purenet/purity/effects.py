"""What a call does beside giving a value: seen in this thread, and in the way of nothing.

Python tells of files, programs and connections by its audit hook, and of calls by a profile
function. Nothing is replaced or refused: what is printed is printed, what is written is written.
"""

import builtins
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


_WRITES = ("write", "writelines")


class Observation:
    """What the calls under observation did.

    Attributes:
        effects: what was done outside, in order, each with the line: ``print``, ``net.py:12``.
        asks_ids: whether the caller's own code asked for the id of anything.
    """

    def __init__(self):
        self.effects: dict[tuple[str, str], None] = {}
        self.asks_ids = False
        self._ran: dict[int, tuple[types.CodeType, str, Callable | None]] = {}
        self._libraries: dict[str, bool] = {}
        self._streams: dict[int, str] = {}
        for name in _STREAMS:
            for stream in _both(name):
                for part in (stream, getattr(stream, "buffer", stream)):
                    self._streams.setdefault(id(part), f"sys.{name}.write")

    @property
    def order(self) -> dict[int, int]:
        """In which turn each code object ran first, by its id."""
        return {code: turn for turn, code in enumerate(self._ran)}

    def mentions(self) -> set[str]:
        """The names in the code that ran, JAX's aside."""
        ran = list(self._ran.values())
        return {n for code, module, _ in ran if not module.startswith("jax") for n in code.co_names}

    def on_event(self, frame: types.FrameType, event: str, argument: Any) -> None:
        """The profile function; short, since a trace has hundreds of thousands of events."""
        if event == "call":
            code = frame.f_code
            ran = self._ran.get(id(code))
            if ran is None:
                module = str(frame.f_globals.get("__name__"))
                ran = self._ran[id(code)] = code, module, _watched(code)
            if ran[2] is not None:
                ran[2](self, frame)
        elif event == "c_call" and argument.__name__ in _BUILTIN_NAMES:
            self._on_builtin(argument, frame)

    def effect(self, subject: str, frame: types.FrameType | None) -> None:
        """Write down what some code does, if it does so for code of the caller's own.

        Of several in one line the first is the one that was meant.
        """
        at = own_line(frame)
        if at is not None and all(line != place(*at) for _, line in self.effects):
            self.effects.setdefault((subject, place(*at)))

    def _on_builtin(self, argument: Any, frame: types.FrameType) -> None:
        if argument is builtins.id:
            self.asks_ids = self.asks_ids or not self._is_library(frame)
        elif argument in _BUILTINS:
            if argument is not builtins.print or not _prints_into_its_own(frame):
                self.effect(_BUILTINS[argument], frame)
        elif argument.__self__ is not _self(frame):
            self._on_write(argument.__self__, frame, argument.__name__)

    def _on_method(self, frame: types.FrameType) -> None:
        self._on_write(_self(frame), frame.f_back, frame.f_code.co_name)

    def _on_write(self, stream: Any, frame: types.FrameType | None, name: str) -> None:
        """A stream's own method: print calls it too, and is seen by itself."""
        at = own_line(frame)
        if id(stream) in self._streams and at and f".{name}(" in linecache.getline(*at):
            self.effect(self._streams[id(stream)], frame)

    def _on_logging(self, frame: types.FrameType) -> None:
        """A logger's first question; the caller's own code asks it through `logging` alone."""
        asked = outer = frame.f_back
        while outer is not None and outer.f_globals.get("__name__") == logging.__name__:
            outer = outer.f_back
        if outer is not None and outer is not asked and not self._is_library(outer):
            self.effect("logging", outer)

    def _is_library(self, frame: types.FrameType) -> bool:
        module = str(frame.f_globals.get("__name__"))  # JAX asks for ids at every turn
        if module not in self._libraries:
            self._libraries[module] = is_library(module)
        return self._libraries[module]


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


def _watched(code: types.CodeType) -> Callable | None:
    """What is done where some code of Python's is called."""
    if code is logging.Logger.isEnabledFor.__code__:
        return Observation._on_logging
    return Observation._on_method if code.co_name in _WRITES else None


def _self(frame: types.FrameType) -> Any:
    """The first argument of a method, as a frame has it."""
    return next(iter(frame.f_locals.values()), None)


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
    streams = [stream for name in _STREAMS for stream in _both(name)]
    return file is not None and not any(file is stream for stream in streams)


def _both(name: str) -> tuple[Any, Any]:
    """A stream of the process: the one that is there now, and Python's first."""
    return getattr(sys, name), getattr(sys, f"__{name}__")


_STREAMS = ("stdout", "stderr")
_BUILTINS = {builtins.print: "print", builtins.input: "input", os.write: "os.write"}
_BUILTIN_NAMES = frozenset({"id", "print", "input", *_WRITES})
