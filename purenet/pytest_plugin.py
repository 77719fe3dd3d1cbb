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
_INSIDE = ("purenet", "jax", "contextlib")  # between a call and where it is refused
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
    if marker and marker.args:
        pytest.fail(
            f"got @pytest.mark.{_MARKER} with {', '.join(map(repr, marker.args))}; wanted options "
            "of purenet.check_grads by name; write budget=1.0, say",
            pytrace=False,
        )

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
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo) -> Any:
    """Send what a test recorded along with its result, which workers hand on."""
    if call.excinfo is not None and not item.config.getoption("fulltrace"):
        _end_at_the_caller(call.excinfo)
    result = yield
    if result.when == "call":
        result.gradients = item.stash.get(_RECORDS, [])
    return result


def _end_at_the_caller(excinfo: pytest.ExceptionInfo) -> None:
    """Of a call that purenet refuses, show the line that called, not those that refused."""
    entry, caller, root = excinfo.tb, None, ""
    while entry is not None:
        root = str(entry.tb_frame.f_globals.get("__name__")).split(".")[0]
        caller = caller if root in _INSIDE else entry
        entry = entry.tb_next
    if caller is not None and root == "purenet" and str(excinfo.value).startswith("got "):
        caller.tb_next = None


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
    expected: bool

    @property
    def counts_as(self) -> str:
        """Its verdict; of one that disagrees or is undecided in a test that wants that, not so."""
        return "expected" if self.expected and self.verdict != "agrees" else self.verdict


class _Collected:
    """The reports of a run."""

    def __init__(self, file: str | None):
        self._file = file
        self._found: list[_Found] = []

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Take what a finished test has recorded."""
        expected = not report.failed
        self._found += [
            _Found(**found, expected=expected) for found in getattr(report, "gradients", [])
        ]

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """Print a line on all gradients of the run, where any was checked."""
        if self._found:
            terminalreporter.write_line(_summary(self._found))
        if self._file:
            terminalreporter.write_line(_written(self._file, _document(self._found)))


def _summary(found: list[_Found]) -> str:
    compared = sum(one.compared for one in found)
    agree, disagree, undecided, expected = (
        sum(one.counts_as == verdict for one in found)
        for verdict in ("agrees", "disagrees", "undecided", "expected")
    )
    line = (
        f"gradients: {len(found)} checked, {compared:,} derivatives compared: "
        f"{agree} right, {disagree} wrong, {undecided} undecided"
    )
    line += f", {expected} refused as expected" if expected else ""
    measured = [one for one in found if one.bounds is not None and one.counts_as != "expected"]
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
