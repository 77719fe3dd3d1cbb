"""The report of a check: what was found, as people read it, and the errors that carry it."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from purenet import markup
from purenet.check import show
from purenet.check.found import Found
from purenet.check.plot import draw


@dataclass(frozen=True)
class GradientReport(Found):
    """The comparison of a whole derivative; ``str()`` is for people, ``ok`` the verdict.

    Its attributes are those of `purenet.check.found.Found`: ``verdict``, ``leaves``, ``failures``,
    ``culprits``, ``rules``, ``notes``, ``compared`` and more.
    """

    def __str__(self) -> str:
        """The verdict, what is wrong and what it looks like, and a row for each leaf."""
        return show.text(self)

    def __rich__(self) -> Any:
        """The report for rich, its rows a table."""
        return show.rich(self)

    def _repr_html_(self) -> str:
        return markup.fragment(show.html(self))

    def plot(self, file: str | Path | None = None) -> Any:
        """JAX's derivatives against the finite differences, the bound as a band.

        Args:
            file: where to save the figure; its ending chooses the format.

        Returns:
            The matplotlib figure. Needs matplotlib (``pip install 'purenet[compare]'``).

        Raises:
            ValueError: where no derivatives were compared one by one.
        """
        return draw(self, file)


class _Refused(AssertionError):  # noqa: N818 - the base of two public names
    """An error whose message is a report.

    Attributes:
        report: the `GradientReport`.
    """

    def __init__(self, report: "GradientReport"):
        super().__init__(str(report))
        self.report = report


class GradientMismatch(_Refused):
    """JAX's derivative is not that of the function; the message is the report."""


class GradientUndecided(_Refused):
    """Whether JAX's derivative is right cannot be told here; the report says why."""
