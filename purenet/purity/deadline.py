"""A limit on how long a call may take: other numbers can send a loop round for ever."""

import contextlib
import sys
import time
import types
from collections.abc import Iterator
from typing import Any

from purenet.purity.code import is_library_file


class DeadlineError(BaseException):
    """Raised in the function called, at a line of the caller's own code, when its time is up.

    No Exception, since the loop that does not end may have an ``except Exception`` in it.
    """


@contextlib.contextmanager
def deadline(seconds: float) -> Iterator[None]:
    """Raises `DeadlineError` at the first of the caller's own lines past so many CPU seconds.

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
        return None if is_library_file(frame.f_code.co_filename) else on_line

    sys.settrace(on_call)
    try:
        yield
    finally:
        sys.settrace(before)
