"""What a run is told: where MNIST lies, where a plot goes, how to show progress."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

T = TypeVar("T")


def untracked(items: Sequence[T], description: str) -> Iterable[T]:
    """The items as they are: no progress is shown."""
    del description
    return items


@dataclass(frozen=True)
class Settings:
    """The settings of one run.

    ``mnist`` is a folder with the four IDX files, or None for scikit-learn's digits.
    ``plot`` is the file that a measure draws its plot to, or None for no plot.
    ``track(items, description)`` iterates over a sequence and may show a progress bar meanwhile.
    """

    mnist: Path | None = None
    plot: Path | None = None
    track: Callable[[Sequence, str], Iterable] = untracked
