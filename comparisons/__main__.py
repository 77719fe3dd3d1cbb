"""``python -m comparisons``: the puzzle and every exhibit, or the exhibits and measures named."""

import sys
from argparse import Namespace
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING

from rich.console import Console

from comparisons import (
    arguments,
    exhibits,
    first_screen,
    measures,
    puzzle,
    runs,
    show,
    show_brief,
)
from comparisons.arguments import STANDARD_OUTPUT, MisuseError
from comparisons.progress import tracking
from comparisons.runs import Outcome
from comparisons.screen import Screen
from comparisons.settings import Settings
from purenet.files import write_whole

if TYPE_CHECKING:
    from comparisons.page.samples import Samples

HELD, FAILED, MISUSED, INTERRUPTED = 0, 1, 2, 130


def main(given: Sequence[str] | None = None) -> int:
    """Do what the command line asks for, and return the exit status.

    0: everything holds. 1: something does not, or raised an exception. 2: the command line, the
    MNIST folder or a file to write cannot be used. 130: interrupted from the keyboard. A reader
    that goes away ends the run early, and the status is that of what had run.
    """
    options = arguments.parser().parse_args(given)
    screen = Screen()
    try:
        if options.list:
            screen.print(show.listing(_sections()))
            return HELD
        return _run(options, screen)
    except MisuseError as misuse:
        print(f"error: {misuse}", file=sys.stderr)
        return MISUSED
    except KeyboardInterrupt:
        print("interrupted: what is not shown above has not run", file=sys.stderr)
        return INTERRUPTED


def _run(options: Namespace, screen: Screen) -> int:
    named = arguments.known(options.names)
    settings = Settings(mnist=arguments.mnist(options.mnist), plot=arguments.plot(options.plot))
    json, html = (arguments.output(f"--{x}", getattr(options, x)) for x in ("json", "html"))
    silent, to_the_end = options.json == STANDARD_OUTPUT, bool(json or html)
    if silent:
        outcomes = list(_outcomes(named or exhibits.NAMES, settings))
    elif options.all or named:
        outcomes = _shown(
            named or exhibits.NAMES, settings, screen, in_full=options.all, to_the_end=to_the_end
        )
    else:
        outcomes = _first_screen(settings, screen, to_the_end=to_the_end)
    if silent or json:
        from comparisons import record

        document = record.document(outcomes, settings)
        screen.write(document) if silent else _write("--json", json, document)
    if html:
        _write_page(html, outcomes, screen, with_plots=not named)
    return HELD if all(outcome.holds for outcome in outcomes) else FAILED


def _write_page(
    file: Path, outcomes: Sequence[Outcome], screen: Screen, *, with_plots: bool
) -> None:
    """Measure what the plots show, where everything was run, and write the page."""
    from comparisons import page

    samples = _samples(screen) if with_plots else None
    start = perf_counter()
    text = page.document(puzzle.asked(), puzzle.answered(), outcomes, samples)
    _write("--html", file, text)
    size, seconds = len(text.encode()) / 1e6, perf_counter() - start
    screen.print(f"page: {file}, {size:.1f} MB, written in {seconds:.1f} s")


def _samples(screen: Screen) -> "Samples | None":
    from comparisons.page import samples

    with tracking(Console(stderr=True), "for the plots"):
        screen.print("", first_screen.samples_heading())
        for step in samples.measure():
            if isinstance(step, samples.Samples):
                return step
            screen.print(first_screen.sample(step.name, step.title, step.seconds))
    return None


def _first_screen(settings: Settings, screen: Screen, *, to_the_end: bool) -> list[Outcome]:
    """The puzzle, before anything waits for JAX; then the answer, and the exhibits row by row."""
    asked = puzzle.asked()
    screen.print(first_screen.question(asked))
    screen.print(first_screen.explanation(asked))
    if not (screen.is_read or to_the_end):
        return []
    with _under_way("the answer"):
        answered = puzzle.answered()
    screen.print(first_screen.answer(answered))
    screen.print(first_screen.table_heading())
    outcomes = []
    for outcome in _outcomes(exhibits.NAMES, settings):
        outcomes.append(outcome)
        screen.print(first_screen.row(outcome))
        if not (screen.is_read or to_the_end):
            return outcomes
    screen.print("", show.totals(outcomes))
    screen.print(first_screen.next_steps())
    return outcomes


def _shown(
    names: Sequence[str], settings: Settings, screen: Screen, *, in_full: bool, to_the_end: bool
) -> list[Outcome]:
    """Each in full; or each exhibit in short, its programs before it runs."""
    outcomes = []
    for name in names:
        brief = name in exhibits.NAMES and not in_full
        if brief:
            screen.print(show_brief.programs(name))
        (outcome,) = _outcomes([name], settings)
        outcomes.append(outcome)
        screen.print((show_brief if brief else show).outcome(outcome, screen.width), "")
        if not (screen.is_read or to_the_end):
            break
    screen.print(show.summary(outcomes))
    return outcomes


def _outcomes(names: Sequence[str], settings: Settings) -> Iterator[Outcome]:
    for name in names:
        with tracking(Console(stderr=True), name) as track:
            outcome = runs.run(name, replace(settings, track=track))
        yield outcome


@contextmanager
def _under_way(what: str) -> Iterator[None]:
    with tracking(Console(stderr=True), what):
        yield


def _sections() -> list[tuple[str, list[tuple[str, str]]]]:
    sections = (("exhibits", exhibits.NAMES), ("measures, run only by name", measures.NAMES))
    return [
        (head, [(name, runs.title(name)) for name in names]) for head, names in sections if names
    ]


def _write(option: str, file: Path | None, document: str) -> None:
    assert file is not None
    try:
        write_whole(file, document)
    except OSError as error:
        raise MisuseError(
            f"got {option} {file}, but writing it failed: {error.strerror}; wanted a file that can "
            "be written; name another one"
        ) from error


if __name__ == "__main__":
    sys.exit(main())
