"""The pytest plugin: a fixture ``check_grads``, a marker for its options, and a report of all.

Nothing of JAX is imported until a test asks for the fixture.
"""

from __future__ import annotations

from collections.abc import Callable
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest

from purenet import markup
from purenet.files import write_whole

if TYPE_CHECKING:
    from purenet.check import GradientReport

_MARKER = "check_grads"
_RECORDS = pytest.StashKey[list[dict[str, Any]]]()


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the option ``--gradient-report=FILE.html``."""
    parser.getgroup("purenet").addoption(
        "--gradient-report",
        metavar="FILE.html",
        help="write every gradient report of the run to one HTML file",
    )


def pytest_configure(config: pytest.Config) -> None:
    """Make the marker known, and collect what the tests report."""
    config.addinivalue_line(
        "markers",
        f"{_MARKER}(**options): options of the check_grads fixture in this test, such as "
        "budget=1.0 or modes=('rev',)",
    )
    file = config.getoption("--gradient-report")
    if file and (Path(file).is_dir() or not Path(file).absolute().parent.is_dir()):
        raise pytest.UsageError(
            f"got --gradient-report={file}, which is a folder or lies in none; wanted a file to "
            "write; correct the path, or make its folder first"
        )
    config.pluginmanager.register(_Collected(file), "purenet-collected")


@pytest.fixture(name="check_grads")
def fixture_check_grads(request: pytest.FixtureRequest) -> Callable[..., GradientReport]:
    """`purenet.check_grads`, with the options of the marker; its reports join the run's summary."""
    from purenet.check import GradientMismatch, GradientUndecided, check_grads

    marker = request.node.get_closest_marker(_MARKER)
    options = dict(marker.kwargs) if marker else {}

    def check(loss: Callable, params: Any, *data: Any, **given: Any) -> GradientReport:
        __tracebackhide__ = True
        try:
            report = check_grads(loss, params, *data, **{**options, **given})
        except (GradientMismatch, GradientUndecided) as refused:
            _record(request.node, refused.report)
            raise
        _record(request.node, report)
        return report

    return check


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Any:
    """Send what a test recorded along with its result, which workers hand on."""
    result = yield
    if result.when == "call":
        result.gradients = item.stash.get(_RECORDS, [])
    return result


def _record(node: pytest.Item, report: GradientReport) -> None:
    from purenet.check import show

    worst = report.worst
    node.stash.setdefault(_RECORDS, []).append(
        {
            "test": node.nodeid,
            "verdict": report.verdict,
            "compared": report.compared,
            "bounds": None if worst is None else worst.bounds,
            "worst": "" if worst is None else worst.path,
            "html": show.html(report),
        }
    )


class _Found(NamedTuple):
    """One report, as far as summary and file need it."""

    test: str
    verdict: str
    compared: int
    bounds: float | None
    worst: str
    html: str


class _Collected:
    """The reports of a run."""

    def __init__(self, file: str | None):
        self._file = file
        self._found: list[_Found] = []

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Take what a finished test has recorded."""
        self._found += [_Found(**found) for found in getattr(report, "gradients", [])]

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """Print a line on all gradients of the run, where any was checked."""
        if self._found:
            terminalreporter.write_line(_summary(self._found))
        if self._file:
            terminalreporter.write_line(_written(self._file, _document(self._found)))


def _summary(found: list[_Found]) -> str:
    compared = sum(one.compared for one in found)
    agree, disagree, undecided = (
        sum(one.verdict == verdict for one in found)
        for verdict in ("agrees", "disagrees", "undecided")
    )
    line = (
        f"gradients: {len(found)} checked, {compared:,} derivatives compared: "
        f"{agree} right, {disagree} wrong, {undecided} undecided"
    )
    measured = [one for one in found if one.bounds is not None]
    if not measured:
        return line
    worst = max(measured, key=lambda one: one.bounds or 0.0)
    return f"{line}; worst {worst.bounds:.2g} bounds apart at {worst.worst} in {worst.test}"


def _written(file: str, document: str) -> str:
    """Write the file whole or not at all; in a line, what came of it."""
    try:
        write_whole(file, document)
    except OSError as error:
        return (
            f"gradient report: got {file}, but writing it failed: {error.strerror}; wanted a file "
            "that can be written; name another one"
        )
    return f"gradient report: {file}"


def _document(found: list[_Found]) -> str:
    sections = "".join(
        f"<section><h2>{escape(one.test)}</h2>{one.html}</section>"
        for one in sorted(found, key=lambda one: one.verdict == "agrees")
    )
    summary = escape(_summary(found))
    return markup.document(
        "Gradients", f"<main><h1>Gradients</h1><p>{summary}</p>{sections}</main>"
    )
