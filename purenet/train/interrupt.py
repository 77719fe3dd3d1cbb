"""Ctrl-C as a request: noted when it comes, heeded between two calls, so that nothing is torn."""

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager


@contextmanager
def noted() -> Iterator[Callable[[], bool]]:
    """Yield a function that says whether Ctrl-C came; the second one raises, as ever.

    Where Python's own handler would not act (in another thread, or under a handler set by the
    caller) everything is left as it is, and the function says no.
    """
    main = threading.current_thread() is threading.main_thread()
    if not main or signal.getsignal(signal.SIGINT) is not signal.default_int_handler:
        yield lambda: False
        return
    came = threading.Event()

    def note(number: int, frame: object) -> None:
        del number, frame
        came.set()
        signal.signal(signal.SIGINT, signal.default_int_handler)

    signal.signal(signal.SIGINT, note)
    try:
        yield came.is_set
    finally:
        signal.signal(signal.SIGINT, signal.default_int_handler)
