"""The progress of a training: loss, metrics and time left, on a terminal, after two seconds."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from purenet.progress import DELAY, late_bar
from purenet.terminal import import_rich

Show = Callable[[int, float, Mapping[str, float]], None]


@contextmanager
def shown(
    wanted: bool, done: int, total: int, batches: int, delay: float = DELAY
) -> Iterator[Show]:
    """Yield ``show(step, loss, metrics)``, which moves a bar on the terminal's error output.

    Args:
        wanted: False for no bar.
        done: steps taken before.
        total: steps in all.
        batches: of an epoch.
        delay: seconds in which nothing is shown.

    Nothing at all is shown where the error output is not a terminal.
    """
    bar = _bar(delay) if wanted else None
    if bar is None:
        yield _nothing
        return
    epochs = total // batches
    with bar:
        task = bar.add_task("", total=total, completed=done, measured="")

        def show(step: int, loss: float, metrics: Mapping[str, float]) -> None:
            epoch = min(step // batches + 1, epochs)
            bar.update(
                task,
                completed=step,
                description=f"epoch {epoch} of {epochs}",
                measured=measured(loss, metrics),
            )

        yield show


def measured(loss: float, metrics: Mapping[str, float]) -> str:
    """The loss, and each metric; what is called accuracy in per cent.

    >>> measured(0.25, {"accuracy": 0.975, "error": 0.5})
    'loss 0.25  accuracy 97.5%  error 0.5'
    """
    parts = [f"loss {loss:.4g}"]
    for name, value in metrics.items():
        parts.append(f"{name} {value:.1%}" if name == "accuracy" else f"{name} {value:.4g}")
    return "  ".join(parts)


def _nothing(step: int, loss: float, metrics: Mapping[str, float]) -> None:
    del step, loss, metrics


def _bar(delay: float) -> Any:
    import_rich()
    from rich.console import Console
    from rich.progress import BarColumn, TextColumn, TimeRemainingColumn

    console = Console(stderr=True)
    if not console.is_interactive:
        return None
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.fields[measured]}"),
        TimeRemainingColumn(),
    )
    return late_bar(*columns, console=console, delay=delay)
