"""The command line: its options, and what is refused before anything runs."""

import argparse
import os
from collections.abc import Sequence
from difflib import get_close_matches
from pathlib import Path

from comparisons import exhibits, measures

VARIABLE = "PURENET_MNIST"
STANDARD_OUTPUT = "-"


class MisuseError(Exception):
    """What the command line asks for cannot be done; the message says how to fix it."""


def parser() -> argparse.ArgumentParser:
    """The options of ``python -m comparisons``."""
    parser = argparse.ArgumentParser(
        prog="python -m comparisons",
        description="The puzzle of the lambda that ignores its argument, its answer, and every "
        "exhibit: a mutating NumPy program beside its pure JAX twin, claim by claim. Exit status "
        "1 where a claim fails.",
    )
    parser.add_argument(
        "names", nargs="*", metavar="NAME", help="what to run (default: every exhibit; see --list)"
    )
    parser.add_argument("--list", action="store_true", help="list the names with their titles")
    parser.add_argument(
        "--all", action="store_true", help="print every claim, ablation and audit in full"
    )
    parser.add_argument(
        "--html", metavar="FILE", help="write everything as one page too, with plots"
    )
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


def known(names: Sequence[str]) -> tuple[str, ...]:
    """The names, each once, in the order given; a name that nothing has is refused."""
    every = (*exhibits.NAMES, *measures.NAMES)
    for name in names:
        if name not in every:
            nearest = get_close_matches(name, every, n=1)
            fix = f"did you mean {nearest[0]}?" if nearest else "--list says what each one shows"
            raise MisuseError(f"got the name {name!r}; wanted one of {', '.join(every)}; {fix}")
    return tuple(dict.fromkeys(names))


def mnist(folder: str | None) -> Path | None:
    """The folder of MNIST, its files read once here: a bad one is refused before the run."""
    given, folder = ("--mnist", folder) if folder else (VARIABLE, os.environ.get(VARIABLE))
    if not folder:
        return None
    from purenet import data  # here, so that --help and --list need not wait for JAX

    try:
        data.mnist(folder)
    except (OSError, ValueError) as error:
        raise MisuseError(f"{given}: {error}") from error
    return Path(folder)


def plot(file: str | None) -> Path | None:
    """The file that a measure draws to; one that cannot be is refused before the run."""
    if file is not None and (Path(file).is_dir() or not Path(file).parent.is_dir()):
        raise MisuseError(
            f"got --plot {file}, which is a folder or lies in none; wanted a file such as "
            "v-curve.png; correct the path, or make its folder first"
        )
    return None if file is None else Path(file)


def output(option: str, file: str | None) -> Path | None:
    """A file to write; one that cannot be is refused before the run rather than after it."""
    if file is None or (option == "--json" and file == STANDARD_OUTPUT):
        return None
    if Path(file).is_dir() or not Path(file).parent.is_dir():
        raise MisuseError(
            f"got {option} {file}, which is a folder or lies in none; wanted a file to write; "
            "correct the path, or make its folder first"
        )
    return Path(file)
