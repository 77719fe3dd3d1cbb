"""The report as people read it: text, a rich table, HTML."""

from html import escape
from typing import Any

from purenet import markup
from purenet.check.found import Found, LeafReport
from purenet.terminal import import_rich

_COLUMNS = ("leaf", "shape", "mode", "largest", "worst at", "jax", "difference", "±", "verdict")
_LEAVES = 40  # rows that a table shows; all that disagree come first


def text(report: Found) -> str:
    """The verdict, what is wrong and what it looks like, a plain table, and how it was found."""
    rows, headings = _rows(report), _headings(report)
    widths = [max(len(row[i]) for row in [headings, *rows]) for i in range(len(headings))]
    table = [
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in ([headings, *rows] if rows else [])
    ]
    return "\n".join([verdict(report), *_findings(report), *table, *_remarks(report)])


def rich(report: Found) -> Any:
    """The report for rich, its rows a table."""
    import_rich()
    from rich.console import Group
    from rich.table import Table
    from rich.text import Text

    parts: list[Any] = [Text(verdict(report), style="bold green" if report.ok else "bold red")]
    parts += map(Text, _findings(report))
    rows = _rows(report)
    if rows:
        table = Table(*_headings(report))
        for row, leaf in zip(rows, _ordered(report), strict=False):
            table.add_row(*map(Text, row), style=None if leaf.ok else "bold red")
        parts.append(table)
    return Group(*parts, *map(Text, _remarks(report)))


def html(report: Found) -> str:
    """The report as HTML: the verdict as a label, and how it was evaluated folded away."""
    sentence = verdict(report).removeprefix(f"{report.function}: ")
    head = (
        f"<p>{markup.verdict(report.verdict, report.verdict)}"
        f"<code>{escape(report.function)}</code>: {escape(sentence)}</p>"
    )
    findings = "".join(
        f'<div class="finding">{escape(line.strip())}</div>' for line in _findings(report)
    )
    rows = [
        [*map(escape, row[:-1]), f"<b>{escape(row[-1])}</b>" if leaf_is_wrong else escape(row[-1])]
        for row, leaf_is_wrong in zip(_rows(report), _are_wrong(report), strict=True)
    ]
    table = markup.table(_headings(report), rows, numbers=(3, 5, 6, 7)) if rows else ""
    remarks = markup.listed(map(escape, _remarks(report)))
    return head + findings + table + markup.folded("How it was evaluated", remarks)


def verdict(report: Found) -> str:
    """The verdict on a report, in one line."""
    wrong = sum(leaf.disagreeing for leaf in report.leaves)
    side = "jax" if report.side == "jax" else "the given derivative"
    if report.ok:
        single = report.compared - report.directions
        parts = [f"at all {single:,} derivatives compared"] if single else []
        parts += [f"along {report.directions} random directions"] if report.directions else []
        if parts:
            said = f", given rtol={report.rtol:g} of the largest" if report.rtol else ""
            return f"{report.function}: {side} agrees {' and '.join(parts)}{said}"
        excused = any(leaf.excused for leaf in report.leaves)
        what = "every derivative is excused by a kink" if excused else "there is nothing to compare"
        return f"{report.function}: {what}"
    if report.verdict == "undecided":
        return f"{report.function}: undecided: {report.unproved[0]}"
    if wrong:
        return (
            f"{report.function}: {side} disagrees at {wrong:,} of {report.compared:,} derivatives"
        )
    return report.failures[0]


def _headings(report: Found) -> tuple[str, ...]:
    return tuple(report.side if column == "jax" else column for column in _COLUMNS)


def _findings(report: Found) -> list[str]:
    """What is wrong, from the sentence about all to the single coordinate."""
    lines = [failure for failure in report.failures if failure != verdict(report)]
    for leaf in _ordered(report):
        if not leaf.ok:
            lines.append(f"  {leaf.worst}  ({leaf.mode})")
            lines += [f"    {leaf.path}: {pattern}" for pattern in leaf.patterns]
    lines += [f"  {culprit}" for culprit in report.culprits]
    lines += [f"  {rule}" for rule in report.rules]
    return [*lines, *(f"  {opinion}" for opinion in report.opinions)]


def _remarks(report: Found) -> list[str]:
    lines = []
    for leaf in report.leaves:
        lines += [f"excused: {kink}" for kink in leaf.excused]
        lines += [f"undecided: {reason}" for reason in leaf.undecided]
        if leaf.verdict == "zero on both sides":
            lines.append(f"{leaf.path} ({leaf.mode}): all derivatives are zero on both sides")
        if leaf.off_by_rounding > 1e-2 * leaf.largest > 0 and not leaf.is_undecided:
            lines.append(
                f"{leaf.path} ({leaf.mode}): in its own dtype {report.side} is off by "
                f"{leaf.off_by_rounding:.1e}, the largest derivative being {leaf.largest:.1e}: "
                "rounding"
            )
    lines = list(dict.fromkeys(lines))  # both modes may say the same
    if report.verdict == "undecided":
        lines.append(_advice(report))
    lines += report.notes
    if report.method:
        lines.append(report.method)
    ways: dict[str, list[str]] = {}
    for leaf in report.leaves:
        if leaf.compared:
            ways.setdefault(leaf.strategy, []).append(leaf.path)
    lines += [f"{', '.join(dict.fromkeys(paths))}: {way}" for way, paths in ways.items()]
    if report.seconds:
        lines.append(f"{report.evaluations:,} evaluations, {report.seconds:.2f} s")
    return lines


def _advice(report: Found) -> str:
    paths = dict.fromkeys(leaf.path for leaf in report.leaves if leaf.is_undecided)
    named = ", ".join(map(repr, paths))
    allowed = f"({named},)" if len(paths) == 1 else f"({named})" if paths else "True"
    return (
        "to decide, check at another point, in float64, or leave these parameters out by argnums; "
        f"to pass them without a verdict, allow_undecided={allowed}"
    )


def _ordered(report: Found) -> list[LeafReport]:
    """The leaves that disagree first."""
    return sorted(report.leaves, key=lambda leaf: leaf.ok)


def _rows(report: Found) -> list[tuple[str, ...]]:
    leaves = _ordered(report)
    rows = [_cells(leaf) for leaf in leaves[:_LEAVES]]
    more = len(leaves) - len(rows)
    return [*rows, (f"and {more} more", *[""] * (len(_COLUMNS) - 1))] if more > 0 else rows


def _are_wrong(report: Found) -> list[bool]:
    """For each row of the table, whether its leaf disagrees."""
    wrong = [not leaf.ok for leaf in _ordered(report)]
    return [*wrong[:_LEAVES], *([False] if len(wrong) > _LEAVES else [])]


def _cells(leaf: LeafReport) -> tuple[str, ...]:
    worst = leaf.worst
    where = "" if worst is None else worst.path.removeprefix(leaf.path)
    if worst is not None and worst.output:
        where = f"{where} {worst.output}".strip()
    return (
        leaf.path,
        str(leaf.shape),
        leaf.mode,
        f"{leaf.largest:.3g}" if leaf.compared else "",
        where,
        "" if worst is None else f"{worst.by_jax:.8g}",
        "" if worst is None else f"{worst.by_differences:.8g}",
        "" if worst is None else f"{worst.bound:.2g}",
        leaf.verdict,
    )
