"""Standard output: rich on a terminal, plain text elsewhere, quiet once nobody reads any more."""

import os
import sys
from io import TextIOWrapper

from rich.console import Console

WIDEST = 120


class Screen(Console):
    """A console of at most 120 columns.

    Where its reader goes away (``| head``), it goes quiet: ``is_read`` is then false, and nothing
    is raised, neither now nor when Python flushes its output at the end.
    """

    def __init__(self):
        if isinstance(sys.stdout, TextIOWrapper):
            sys.stdout.reconfigure(errors="replace")  # an encoding that lacks a sign shows ? for it
        super().__init__(highlight=False)
        self.width = min(self.width, WIDEST)

    @property
    def is_read(self) -> bool:
        """Whether somebody still reads what is printed."""
        return not self.quiet

    def on_broken_pipe(self) -> None:
        """What rich calls when its reader has gone."""
        self.quiet = True
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, sys.stdout.fileno())
        os.close(nowhere)

    def write(self, text: str) -> None:
        """Text as it is, without wrapping."""
        try:
            sys.stdout.write(text)
            sys.stdout.flush()
        except BrokenPipeError:
            self.on_broken_pipe()
