"""One exhibit for people: its two programs side by side, the ablation, and its claims in short."""

from collections.abc import Sequence

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from comparisons import runs, show
from comparisons.claims import Audit, Claim, by_kind, in_short
from comparisons.exhibition import Exhibition
from comparisons.programs import Excerpt, pairs
from comparisons.runs import Outcome

INDENT = 2


def programs(name: str) -> RenderableType:
    """The corresponding lines of the two programs, numbered as in their files."""
    table = Table.grid(padding=(0, 2, 0, 0), expand=True)
    for _ in ("mutating", "pure"):
        table.add_column(ratio=1)
    table.add_row(
        Text(f"{name}/mutating.py", f"bold {show.MUTATING}"),
        Text(f"{name}/pure.py", f"bold {show.PURE}"),
    )
    parts: list[RenderableType] = [show.heading(name, runs.title(name)), "", table]
    for pair in pairs(name):
        lines = Table.grid(padding=(0, 2, 0, 0), expand=True)
        for _ in ("mutating", "pure"):
            lines.add_column(ratio=1)
        lines.add_row(_code(pair.mutating, show.MUTATING), _code(pair.pure, show.PURE))
        parts += [Text(f"· {pair.why}", "dim"), lines]
    return Group(*parts)


def outcome(run: Outcome, width: int) -> RenderableType:
    """What an exhibit measured: the ablation, the first claims with their values, the rest."""
    shown = run.result
    if not isinstance(shown, Exhibition):
        return show.outcome(run, width)
    first, rest = in_short(shown.claims)
    parts: list[RenderableType] = [""]
    if shown.ablation is not None:
        parts += [show.ablation_lines(shown.ablation), ""]
    parts.append(show.claim_heads())
    parts += [show.claim_lines(claim, width) for claim in first]
    if rest:
        parts += ["", Text("and, with both sides' numbers under --all:", "dim"), _sentences(rest)]
    if shown.audits:
        audited = Padding(Group(*map(_audited, shown.audits)), (0, 0, 0, INDENT))
        parts += ["", Text("What does purenet.audit find?", "bold"), audited]
    return Group(*parts)


def _code(excerpt: Excerpt | None, style: str) -> RenderableType:
    """The lines with their numbers; what does not fit the column goes on below, indented."""
    if excerpt is None:
        return Text("     –", "dim")
    table = Table.grid(padding=(0, 1, 0, 0))
    table.add_column(justify="right", width=4)
    table.add_column(overflow="fold")
    for number, line in enumerate(excerpt.lines, excerpt.first):
        code = line.lstrip()
        indent = len(line) - len(code)
        table.add_row(Text(str(number), "dim"), Padding(Text(code, style), (0, 0, 0, indent)))
    return table


def _sentences(claims: Sequence[Claim]) -> RenderableType:
    table = Table.grid(padding=(0, 2, 0, 0), expand=True)
    table.add_column(ratio=1)
    table.add_column(width=show.VERDICT)
    for claim in claims:
        table.add_row(Text(claim.sentence), show.verdict_word(claim.holds))
    return Padding(table, (0, 0, 0, INDENT))


def _audited(audit: Audit) -> Text:
    """What purenet.audit says of one function, in a line."""
    report = audit.report
    found = by_kind([(one.kind, name) for one in report.findings for name in one.subjects])
    label = (f"{audit.label}: ", "bold")
    return Text.assemble(label, ("pure", "green") if report.ok else (found, "red"))
