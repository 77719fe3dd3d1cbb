"""What a measure promises: a sentence, what was found, and whether it holds."""

from collections.abc import Sequence
from typing import NamedTuple

from rich.table import Table
from rich.text import Text


class Promise(NamedTuple):
    """One thing that is promised, what was found, and whether it holds."""

    sentence: str
    measured: str
    holds: bool


def kept(promises: Sequence[Promise]) -> Table:
    """The promises with a verdict each."""
    table = plain_table("what is promised")
    for heading in ("promise", "measured", "verdict"):
        table.add_column(heading)
    for promise in promises:
        verdict = Text("holds", "green") if promise.holds else Text("FAILS", "bold red")
        table.add_row(promise.sentence, promise.measured, verdict)
    return table


def plain_table(title: str) -> Table:
    """An empty table without rules, under its title."""
    return Table(title=title, title_justify="left", box=None, padding=(0, 1), pad_edge=False)
