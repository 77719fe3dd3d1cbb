"""An audit's report as HTML."""

from collections.abc import Iterable
from html import escape
from typing import TYPE_CHECKING

from purenet import markup
from purenet.purity.findings import Finding, listed, shown

if TYPE_CHECKING:
    from purenet.purity.report import PurityReport


def html(report: "PurityReport") -> str:
    """The verdict, each finding with its experiment in a table, and the notes, folded."""
    name = f"<code>{escape(report.function)}</code>"
    if report.ok:
        words = "it reads every parameter and changes nothing"
        head = f"<p>{markup.verdict('pure', markup.AGREES)}{name}: {words}</p>"
    else:
        kinds = escape(", ".join(report.kinds))
        head = f"<p>{markup.verdict(report.count, markup.DISAGREES)}{name}: {kinds}</p>"
    notes = markup.listed(
        f"<code>{escape(listed(note.subjects))}</code>: {escape(note.explanation)}"
        for note in report.notes
    )
    return head + findings(report.findings) + markup.folded("Notes", notes)


def findings(found: Iterable[Finding]) -> str:
    """A paragraph each: kind, subject and place; what was found; the fix; the experiment."""
    return "".join(map(_finding, found))


def _finding(finding: Finding) -> str:
    subjects = escape(", ".join(finding.subjects))
    where = f" ({escape(finding.where)})" if finding.where else ""
    fix = f"<p><b>Fix:</b> {escape(finding.remedy)}</p>" if finding.remedy else ""
    rows = [(escape(key), escape(shown(value))) for key, value in finding.evidence.items()]
    numbers = markup.table(("experiment", "result"), rows, numbers=(1,)) if rows else ""
    return (
        f'<div class="finding"><p><b>{escape(finding.kind)}</b>: '
        f"<code>{subjects}</code>{where}</p>"
        f"<p>{escape(finding.explanation)}</p>{fix}{numbers}</div>"
    )
