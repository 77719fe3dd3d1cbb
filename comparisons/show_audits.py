"""The audits of an exhibit for people: a line for each function, and for each finding on it."""

from collections.abc import Sequence

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from comparisons.claims import Audit

INDENT = 3


def audits(shown: Sequence[Audit]) -> RenderableType:
    """Each function with its verdict, below it kind, subject and place of every finding."""
    parts = [part for audit in shown for part in (_verdict(audit), _findings(audit))]
    return Group(Text("What does purenet.audit find?", "bold"), Padding(Group(*parts), _indent()))


def _verdict(audit: Audit) -> RenderableType:
    count = len(audit.report.findings)
    words = "pure" if audit.report.ok else f"{count} finding{'s' if count > 1 else ''}"
    line = Table.grid(padding=(0, 2, 0, 0))
    line.add_row(Text(audit.label), Text(words, "green" if audit.report.ok else "bold red"))
    return line


def _findings(audit: Audit) -> RenderableType:
    """The columns of all of them under one another; of a clean audit, nothing."""
    table = Table.grid(padding=(0, 2, 0, 0))
    for _ in ("kind", "subject", "where"):
        table.add_column(overflow="fold")
    for finding in audit.report.findings:
        table.add_row(
            Text(finding.kind), Text(", ".join(finding.subjects)), Text(finding.where, "dim")
        )
    return Padding(table, _indent()) if audit.report.findings else Group()


def _indent() -> tuple[int, int, int, int]:
    return (0, 0, 0, INDENT)
