"""What a call does beside giving a value: seen in this thread, and in the way of nothing.

Python tells of files, programs and connections by its audit hook, and of calls by a profile
function. Nothing is replaced or refused: what is printed is printed, what is written is written.
"""

import ast
import builtins
import functools
import linecache
import logging
import os
import sys
import threading
import time
import types
from collections.abc import Callable
from typing import Any, TypeVar

from purenet.purity.snapshots import undone
from purenet.purity.source import is_library, own_line, parsed, place

T = TypeVar("T")
_EVENTS = frozenset({
    "open", "os.remove", "os.rename", "os.rmdir", "os.mkdir", "os.link", "os.symlink",
    "os.truncate", "os.chmod", "os.chown", "os.utime", "os.system", "os.exec", "os.fork",
    "os.forkpty", "os.kill", "os.posix_spawn", "os.spawn", "os.startfile", "subprocess.Popen",
    "socket.connect", "socket.bind", "socket.sendto", "socket.sendmsg", "shutil.rmtree",
    "shutil.move", "shutil.copyfile", "sqlite3.connect", "urllib.Request", "webbrowser.open",
})  # fmt: skip
_STREAMS = ("stdout", "stderr")
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

    def record(self, subject: str, where: str) -> None:
        """Write an effect down; of several in one line the first is the one that was meant."""
        if not where or all(line != where for _, line in self.effects):
            self.effects.setdefault((subject, where))

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
        """Write down what some code does, if it does so for code of the caller's own."""
        at = own_line(frame)
        if at is not None:
            self.record(subject, place(*at))


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


def profiled(on_event: Callable, work: Callable[[], T]) -> T:
    """``work()`` under a profile function of this thread; the one that was there is put back."""
    before = sys.getprofile()

    def leave() -> None:
        sys.setprofile(before if callable(before) else None)
        if hasattr(before, "enable"):  # cProfile, which is no function
            before.enable()  # pyright: ignore

    def watched() -> T:
        sys.setprofile(on_event)
        return work()

    return undone(watched, leave)


class DeadlineError(BaseException):
    """Raised in the function called, at a line of the caller's own code, when its time is up.

    No Exception, since the loop that does not end may have an ``except Exception`` in it.
    """


def within(seconds: float, work: Callable[[], T]) -> T:
    """``work()``; `DeadlineError` at the first of the caller's own lines past so many CPU seconds.

    Those of this thread: beside other work a call takes longer, and is no nearer to being endless.
    """
    end, before = time.thread_time() + seconds, sys.gettrace()

    def on_line(frame: types.FrameType, event: str, argument: Any) -> Any:
        del frame, event, argument
        if time.thread_time() > end:
            raise DeadlineError(f"more than {seconds:.2g} CPU seconds")
        return on_line

    def on_call(frame: types.FrameType, event: str, argument: Any) -> Any:
        del event, argument
        return None if is_library(frame.f_globals.get("__name__")) else on_line

    def limited() -> T:
        sys.settrace(on_call)
        return work()

    return undone(limited, lambda: sys.settrace(before))


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
    for name in _STREAMS:
        for stream in (getattr(sys, name), getattr(sys, f"__{name}__")):
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
    """Whether a call of print has a ``file=`` that is none of the process's streams."""
    if "file" not in linecache.getline(frame.f_code.co_filename, frame.f_lineno):
        return False
    positions = list(frame.f_code.co_positions())[frame.f_lasti // 2]
    first, last, start, end = positions
    if first is None or last is None or start is None or end is None:
        return False
    lines = [linecache.getline(frame.f_code.co_filename, n) for n in range(first, last + 1)]
    text = "".join(lines).encode()
    text = text[start : len(text) - len(lines[-1].encode()) + end]
    try:
        (statement,) = parsed(text.decode().strip()).body
        call = getattr(statement, "value", None)
        files = [
            keyword.value for keyword in getattr(call, "keywords", ()) if keyword.arg == "file"
        ]
        file = _value(files[0], frame)
    except (SyntaxError, ValueError, IndexError, LookupError, AttributeError):
        return False
    streams = [getattr(sys, name) for name in (*_STREAMS, *(f"__{n}__" for n in _STREAMS))]
    return file is not None and not any(file is stream for stream in streams)


def _value(node: ast.expr, frame: types.FrameType) -> Any:
    """What a name, or attributes of one, stand for in a frame; LookupError where it is neither."""
    if isinstance(node, ast.Name):
        return {**frame.f_globals, **frame.f_locals}[node.id]
    if isinstance(node, ast.Attribute):
        return getattr(_value(node.value, frame), node.attr)
    raise LookupError(node)
