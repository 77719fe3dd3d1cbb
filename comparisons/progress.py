"""A progress bar for what takes more than two seconds, on a terminal only."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import TypeVar

from rich.console import Console, RenderableType
from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from comparisons.settings import untracked

DELAY = 2.0

T = TypeVar("T")


@contextmanager
def tracking(
    console: Console, description: str, delay: float = DELAY
) -> Iterator[Callable[[Sequence, str], Iterable]]:
    """Show that something is under way, and yield a ``track`` for Settings; then clear the line.

    Nothing is shown in the first ``delay`` seconds of the whole or of a tracked loop, and nothing
    at all where the console is not a terminal.
    """
    if not console.is_interactive:
        yield untracked
        return
    with _LateProgress(delay, console) as progress:
        progress.add_task(description, total=None, count="")

        def track(items: Sequence[T], description: str) -> Iterator[T]:
            task = progress.add_task(description, total=len(items), count=f"0 of {len(items)}")
            try:
                for done, item in enumerate(items, 1):
                    yield item
                    progress.update(task, completed=done, count=f"{done} of {len(items)}")
            finally:  # also where the caller breaks out of its loop
                progress.remove_task(task)

        yield track


class _LateProgress(Progress):
    """A rich Progress that shows a task only once it has been running for a while."""

    def __init__(self, delay: float, console: Console):
        super().__init__(
            SpinnerColumn(),
            TextColumn("{task.description}"),
            BarColumn(),
            TextColumn("{task.fields[count]}"),
            TimeElapsedColumn(),
            console=console,
            transient=True,
        )
        self.delay = delay

    def get_renderables(self) -> Iterable[RenderableType]:
        late = [task for task in self.tasks if (task.elapsed or 0.0) > self.delay]
        if late:
            yield self.make_tasks_table(late)
