"""How a call is made: undone after it, ended in time, watched; and what it raised."""

import sys
import time
import types
from collections.abc import Callable
from typing import Any, NamedTuple, TypeVar

from purenet.purity.source import is_library, last_own_line

T = TypeVar("T")


def undone(work: Callable[[], T], undo: Callable[[], Any]) -> T:
    """``work()``, and then ``undo()``: also where it raises, and to its end if Ctrl-C comes then.

    Args:
        work: what is done.
        undo: what is done at last; it may be done twice.
    """
    try:
        return work()
    finally:
        interrupted = None
        while True:
            try:
                undo()
                break
            except KeyboardInterrupt as error:
                interrupted = error
        if interrupted is not None:
            raise interrupted


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


class Raised(NamedTuple):
    """An exception, told without keeping it: its frames would keep tracers."""

    kind: str
    message: str
    where: str

    @classmethod
    def of(cls, error: BaseException) -> "Raised":
        """What an exception says, and the innermost line of the caller's own that it came from."""
        message = str(error).splitlines()[0] if str(error) else ""
        return cls(type(error).__name__, message, last_own_line(error))


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
