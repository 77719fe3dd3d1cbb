"""The measures: purenet beside its peers on the same work. Each runs only when it is named.

A measure is a module or a package, ``comparisons.measures.NAME``, and its name in ``NAMES``. The
first line of its docstring is its title, and its ``run(settings)`` returns a `Measurement`. It runs
in float64 like an exhibit; what it measures in float32 it wraps in ``jax.enable_x64(False)``.
"""

from importlib import import_module
from typing import Any, Protocol

from rich.console import RenderableType

from comparisons.settings import Settings

NAMES: tuple[str, ...] = (
    "accuracy",
    "alarms",
    "detection",
    "first_check",
    "purity",
    "scale",
    "speed",
    "training",
)


class Measurement(Protocol):
    """What a measure returns: it shows itself to people and to machines, and has a verdict."""

    @property
    def title(self) -> str:
        """What was measured, in a line."""
        ...

    @property
    def holds(self) -> bool:
        """Whether everything the measure promises was found; exit status 1 where not."""
        ...

    def __rich__(self) -> RenderableType:
        """Its tables, 80 to 120 columns wide."""
        ...

    def record(self) -> dict[str, Any]:
        """Its numbers at full precision: a tree of dicts, lists, arrays, numbers and texts."""
        ...


def run(name: str, settings: Settings) -> Measurement:
    """Measure, and return what was found."""
    return import_module(f"comparisons.measures.{name}").run(settings)
