"""The parts that reports share as HTML: verdicts, tables, folded details, and their one style.

They take their colours from the page that they stand in, so that they suit a light notebook and a
dark one; a verdict is a word, never a colour alone.
"""

from collections.abc import Iterable, Sequence
from html import escape

AGREES, DISAGREES, UNDECIDED = "agrees", "disagrees", "undecided"

STYLE = """
.purenet{font-size:.95em;line-height:1.45;max-width:72rem}
.purenet p{margin:.4em 0}
.purenet table{border-collapse:collapse;margin:.5em 0;font-variant-numeric:tabular-nums}
.purenet caption{text-align:left;font-weight:600;padding:.2em 0}
.purenet th,.purenet td{padding:.25em .8em .25em 0;text-align:left;vertical-align:top;
border-bottom:1px solid rgba(127,127,127,.4);background:none}
.purenet td.number,.purenet th.number{text-align:right;white-space:nowrap}
.purenet code,.purenet pre{font-family:ui-monospace,SFMono-Regular,Menlo,Consolas,monospace;
background:none;color:inherit}
.purenet .scroll{overflow-x:auto}
.purenet .verdict{display:inline-block;border-radius:.3em;padding:0 .5em;margin-right:.5em;
font-weight:600;color:#fff;white-space:nowrap}
.purenet .agrees{background:#1a6f37}
.purenet .disagrees{background:#b3261e}
.purenet .undecided{background:#7a5200}
.purenet .finding{border-left:.25em solid #b3261e;padding-left:.8em;margin:.8em 0}
.purenet .note{border-left:.25em solid rgba(127,127,127,.6);padding-left:.8em;margin:.8em 0}
.purenet details{margin:.5em 0}
.purenet summary{cursor:pointer}
.purenet ul{margin:.3em 0;padding-left:1.3em}
"""


def verdict(word: str, kind: str) -> str:
    """A verdict as a label: ``kind`` is "agrees", "disagrees" or "undecided".

    >>> verdict("pure", AGREES)
    '<span class="verdict agrees">pure</span>'
    """
    return f'<span class="verdict {kind}">{escape(word)}</span>'


def table(
    headings: Sequence[str],
    rows: Iterable[Sequence[str]],
    *,
    caption: str = "",
    numbers: Sequence[int] = (),
) -> str:
    """A table of HTML cells that scrolls sideways where the page is narrow.

    Args:
        headings: the texts of the columns, escaped here.
        rows: the cells of each row: HTML, escaped by the caller.
        caption: what the table is of.
        numbers: the columns that are right-aligned.
    """

    def cell(tag: str, column: int, content: str, scope: str = "") -> str:
        css = ' class="number"' if column in numbers else ""
        return f"<{tag}{scope}{css}>{content}</{tag}>"

    head = "".join(
        cell("th", i, escape(heading), ' scope="col"') if heading else cell("td", i, "")
        for i, heading in enumerate(headings)
    )
    body = "".join(
        "<tr>" + "".join(cell("td", i, content) for i, content in enumerate(row)) + "</tr>"
        for row in rows
    )
    titled = f"<caption>{escape(caption)}</caption>" if caption else ""
    label = escape(caption or ", ".join(filter(None, headings)))
    return (
        f'<div class="scroll" tabindex="0" role="group" aria-label="{label}"><table>{titled}'
        f"<thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>"
    )


def listed(items: Iterable[str]) -> str:
    """A list of HTML items; an empty string where there are no items."""
    body = "".join(f"<li>{item}</li>" for item in items)
    return f"<ul>{body}</ul>" if body else ""


def folded(summary: str, body: str) -> str:
    """Details that a click opens; an empty string where the body is empty."""
    return f"<details><summary>{escape(summary)}</summary>{body}</details>" if body else ""


def fragment(body: str) -> str:
    """Parts with their style, to stand alone in a notebook."""
    return f'<div class="purenet"><style>{STYLE}</style>{body}</div>'


def document(title: str, body: str, style: str = "", script: str = "") -> str:
    """A page of its own, which loads nothing from elsewhere."""
    scripted = f"<script>{script}</script>" if script else ""
    return (
        f'<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><title>{escape(title)}'
        f'</title><meta name="viewport" content="width=device-width,initial-scale=1">'
        f'<meta name="color-scheme" content="light dark"><style>{PAGE}{STYLE}{style}</style>'
        f'</head><body class="purenet">{body}{scripted}</body></html>\n'
    )


PAGE = """
:root{color-scheme:light dark}
body{font:16px/1.5 system-ui,sans-serif;margin:0 auto;padding:1rem;box-sizing:border-box}
"""
