"""The audit as people read it: text, rich, HTML."""

from html import escape
from typing import Any

from purenet.purity.report import Finding, PurityReport


def text(report: PurityReport) -> str:
    """The verdict, each finding in a paragraph, the notes."""
    return "\n".join([verdict(report), *map(str, report.findings), *map(_note, report.notes)])


def rich(report: PurityReport) -> Any:
    """The same in colours."""
    from rich.console import Group
    from rich.text import Text

    parts = [Text(verdict(report), style="bold green" if report.ok else "bold red")]
    for finding in report.findings:
        head, *lines = str(finding).splitlines()
        parts.append(Text(head, style="bold red"))
        parts += [Text(line, style="green" if line.startswith("  fix:") else "") for line in lines]
    return Group(*parts, *(Text(_note(note), style="dim") for note in report.notes))


def html(report: PurityReport) -> str:
    """The same as HTML."""
    found = "".join(map(_paragraph, report.findings))
    notes = "".join(f"<li>{escape(_note(note))}</li>" for note in report.notes)
    listed = f"<ul>{notes}</ul>" if notes else ""
    return f"<p><b>{escape(verdict(report))}</b></p>{found}{listed}"


def verdict(report: PurityReport) -> str:
    """One line."""
    if report.ok:
        return f"{report.function}: pure; it reads every parameter and changes nothing"
    count = len(report.findings)
    return f"{report.function}: {count} finding{'s' if count > 1 else ''}: " + ", ".join(
        report.kinds
    )


def _note(note: Finding) -> str:
    return f"note: {note.subject}: {note.explanation}"


def _paragraph(finding: Finding) -> str:
    head, *lines = str(finding).splitlines()
    rest = "<br>".join(escape(line.strip()) for line in lines)
    return f"<p><code>{escape(head)}</code><br>{rest}</p>"
