"""``python -m comparisons``: every exhibit side by side, or the exhibits and measures named."""

import argparse
import os
import sys
from collections.abc import Sequence
from dataclasses import replace
from difflib import get_close_matches
from io import TextIOWrapper
from pathlib import Path

from rich.console import Console

from comparisons import exhibits, measures, record, runs, show
from comparisons.progress import tracking
from comparisons.settings import Settings

WIDEST = 120
VARIABLE = "PURENET_MNIST"
STANDARD_OUTPUT = "-"
HELD, FAILED, MISUSED, INTERRUPTED = 0, 1, 2, 130


def main(arguments: Sequence[str] | None = None) -> int:
    """Do what the command line asks for, and return the exit status.

    0: everything holds. 1: something does not, or raised an exception. 2: the command line, the
    MNIST folder or the JSON file cannot be used. 130: interrupted from the keyboard.
    """
    options = _parser().parse_args(arguments)
    if isinstance(sys.stdout, TextIOWrapper):
        sys.stdout.reconfigure(errors="replace")  # an encoding that lacks a sign shows ? for it
    try:
        if options.list:
            _console().print(show.listing(_sections()))
            return HELD
        names = _known(options.names) or exhibits.NAMES
        settings = Settings(mnist=_mnist(options.mnist), plot=_plot(options.plot))
        _require_writable(options.json)
        return _run(names, settings, options.json)
    except _MisuseError as misuse:
        print(f"error: {misuse}", file=sys.stderr)
        return MISUSED
    except KeyboardInterrupt:
        print("interrupted: what is not shown above has not run", file=sys.stderr)
        return INTERRUPTED


class _MisuseError(Exception):
    """What the command line asks for cannot be done; the message says how to fix it."""


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m comparisons",
        description="Run the mutating NumPy originals beside their pure JAX twins: both sides' "
        "numbers, a verdict for each claim, and the ablation. Exit status 1 where one fails.",
    )
    parser.add_argument(
        "names", nargs="*", metavar="NAME", help="what to run (default: every exhibit; see --list)"
    )
    parser.add_argument("--list", action="store_true", help="list the names with their titles")
    parser.add_argument(
        "--json", metavar="FILE", help="write everything as JSON too (- for the output, no tables)"
    )
    parser.add_argument(
        "--mnist",
        metavar="DIR",
        help=f"a folder with the four MNIST files, gzipped or not, also taken from {VARIABLE} "
        "(default: scikit-learn's handwritten digits)",
    )
    parser.add_argument(
        "--plot",
        metavar="FILE",
        help="draw what a measure has to draw (accuracy: the V-curve; training: the losses)",
    )
    return parser


def _run(names: Sequence[str], settings: Settings, json: str | None) -> int:
    console, tables = _console(), json != STANDARD_OUTPUT
    outcomes = []
    for name in names:
        with tracking(Console(stderr=True), name) as track:
            outcomes.append(runs.run(name, replace(settings, track=track)))
        if tables:
            console.print(show.outcome(outcomes[-1], console.width), "")
    if tables:
        console.print(show.summary(outcomes))
    if json is not None:
        _write(record.document(outcomes, settings), json)
    return HELD if all(outcome.holds for outcome in outcomes) else FAILED


def _console() -> Console:
    """Standard output: rich on a terminal, plain text without colour elsewhere."""
    console = Console(highlight=False)
    console.width = min(console.width, WIDEST)
    return console


def _sections() -> list[tuple[str, list[tuple[str, str]]]]:
    sections = (("exhibits", exhibits.NAMES), ("measures, run only by name", measures.NAMES))
    return [
        (head, [(name, runs.title(name)) for name in names]) for head, names in sections if names
    ]


def _known(names: Sequence[str]) -> tuple[str, ...]:
    """The names, each once, in the order given; a name that nothing has is refused."""
    known = (*exhibits.NAMES, *measures.NAMES)
    for name in names:
        if name not in known:
            nearest = get_close_matches(name, known, n=1)
            fix = f"did you mean {nearest[0]}?" if nearest else "--list says what each one shows"
            raise _MisuseError(f"got the name {name!r}; wanted one of {', '.join(known)}; {fix}")
    return tuple(dict.fromkeys(names))


def _mnist(folder: str | None) -> Path | None:
    """The folder of MNIST, its files read once here: a bad one is refused before the run."""
    source, folder = ("--mnist", folder) if folder else (VARIABLE, os.environ.get(VARIABLE))
    if not folder:
        return None
    from purenet import data  # here, so that --help and --list need not wait for JAX

    try:
        data.mnist(folder)
    except (OSError, ValueError) as error:
        raise _MisuseError(f"{source}: {error}") from error
    return Path(folder)


def _plot(file: str | None) -> Path | None:
    if file is not None and (Path(file).is_dir() or not Path(file).parent.is_dir()):
        raise _MisuseError(
            f"got --plot {file}, which is a folder or lies in none; wanted a file such as "
            "v-curve.png; correct the path, or make its folder first"
        )
    return None if file is None else Path(file)


def _require_writable(json: str | None) -> None:
    """Refuse a file that cannot be written before the run rather than after it."""
    if json is None or json == STANDARD_OUTPUT:
        return
    if Path(json).is_dir() or not Path(json).parent.is_dir():
        raise _MisuseError(
            f"got --json {json}, which is a folder or lies in none; wanted a file to write; "
            "correct the path, or make its folder first"
        )


def _write(document: str, json: str) -> None:
    if json == STANDARD_OUTPUT:
        sys.stdout.write(document)
        return
    try:
        Path(json).write_text(document, encoding="utf-8")
    except OSError as error:
        raise _MisuseError(
            f"got --json {json}, but writing it failed: {error.strerror}; wanted a file that can "
            "be written; name another one"
        ) from error


if __name__ == "__main__":
    sys.exit(main())
