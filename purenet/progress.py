"""Progress bars that appear only once something has taken a while."""

import os
import sys
import time
from collections.abc import Iterable
from typing import Any

from purenet.terminal import import_rich

DELAY = 2.0  # seconds in which nothing is shown
_LINES = 10.0  # seconds from one plain line to the next


class Nothing:
    """Progress that is not shown."""

    def expect(self, what: str, total: int, each: int) -> None:
        """See `Counted.expect`."""

    def advance(self, points: int) -> None:
        """See `Counted.advance`."""

    def close(self) -> None:
        """See `Counted.close`."""


class Counted(Nothing):
    """How many of so many things are done, by the evaluations that each takes.

    On a terminal a bar on the error output; where that is piped, a plain line every ten seconds.
    """

    def __init__(self) -> None:
        import_rich()
        from rich.console import Console
        from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn

        console = Console(stderr=True)
        columns = (
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn("{task.fields[rate]}"),
            TimeRemainingColumn(),
        )
        self._bar = late_bar(*columns, console=console) if console.is_interactive else None
        self._print = console.print
        self._task: Any = None
        self._start = self._said = time.monotonic()
        self._what, self._total, self._each, self._points = "", 0, 1, 0

    def expect(self, what: str, total: int, each: int) -> None:
        """Say what is going to be done: so many things, each of about so many evaluations."""
        self._what, self._total, self._each, self._points = what, total, each, 0
        self._start = self._said = time.monotonic()
        if self._bar is not None:
            self._bar.start()
            if self._task is not None:
                self._bar.remove_task(self._task)
            self._task = self._bar.add_task(what, total=total, rate="")

    def advance(self, points: int) -> None:
        """Count further evaluations."""
        self._points += points
        done, now = min(self._total, self._points // self._each), time.monotonic()
        rate = done / max(now - self._start, 1e-9)
        if self._bar is not None:
            self._bar.update(self._task, completed=done, rate=f"{rate:,.3g}/s")
        elif now - self._said > (DELAY if self._said == self._start else _LINES):
            self._said = now
            left = (self._total - done) / rate if done else float("inf")
            how_far = f"{self._what}: {done:,} of {self._total:,}"
            self._print(f"{how_far}, {rate:,.3g}/s, about {left:,.0f} s left", highlight=False)

    def close(self) -> None:
        """Take the bar away."""
        if self._bar is not None:
            self._bar.stop()


def counted(wanted: bool | None) -> Nothing:
    """Progress that is shown if it is wanted; by default on a terminal, outside of pytest."""
    if wanted is None:
        wanted = sys.stderr.isatty() and "PYTEST_CURRENT_TEST" not in os.environ
    return Counted() if wanted else Nothing()


def late_bar(*columns: Any, console: Any, delay: float = DELAY) -> Any:
    """A progress bar of rich whose tasks are shown once they have taken a while."""
    from rich.progress import Progress

    class LateProgress(Progress):
        """A bar that appears late."""

        def get_renderables(self) -> Iterable[Any]:
            late = [task for task in self.tasks if (task.elapsed or 0.0) > delay]
            if late:
                yield self.make_tasks_table(late)

    return LateProgress(*columns, console=console, transient=True)
