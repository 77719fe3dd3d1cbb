"""What an exhibit showed as HTML: the parts that the page and a notebook's cell share."""

from collections.abc import Iterable, Sequence
from html import escape
from typing import Any

from comparisons import values
from comparisons.claims import Audit, Claim, by_kind, in_short
from purenet import markup

Table2x2 = tuple[tuple[float, float], tuple[float, float]]
_WIDTH = 40  # characters of a value


def holds(verdict: bool) -> str:
    """The verdict on a claim, as a label."""
    return markup.verdict(*(("holds", markup.AGREES) if verdict else ("fails", markup.DISAGREES)))


def claims(shown: Sequence[Claim]) -> str:
    """How many hold, the first ones with both sides' values, and the rest folded away."""
    held = sum(claim.holds for claim in shown)
    first, rest = in_short(shown)
    head = f"<h4>{held} of {len(shown)} claims hold</h4>{_listed(first)}"
    return head + (markup.folded(f"{len(rest)} more claims", _listed(rest)) if rest else "")


def two_by_two(argument: str, state: str, mutating: Table2x2, pure: Table2x2) -> str:
    """The four values of both losses of an ablation in one table; what moved is bold."""
    start = mutating[0][0]

    def cell(loss: float) -> str:
        digits = f"{loss:.6g}"
        return f'<td class="number">{digits if loss == start else f"<b>{digits}</b>"}</td>'

    rows = "".join(
        f'<tr><th scope="row">{escape(argument)} {change}</th>'
        f"{''.join(map(cell, (*of_mutating, *of_pure)))}</tr>"
        for change, of_mutating, of_pure in zip(("kept", "changed"), mutating, pure, strict=True)
    )
    heads = "".join(
        f'<th scope="col" class="number">{escape(state)} {change}</th>'
        for change in ("kept", "changed")
    )
    caption = f"Changing the argument {escape(argument)}, and changing {escape(state)}"
    return (
        f'<div class="scroll" tabindex="0" role="group" aria-label="{caption}">'
        f'<table class="two"><caption>{caption}</caption><thead><tr><td></td>'
        '<th scope="colgroup" colspan="2" class="number mutating">the lambda</th>'
        '<th scope="colgroup" colspan="2" class="number pure">the pure loss</th></tr>'
        f"<tr><td></td>{heads}{heads}</tr></thead><tbody>{rows}</tbody></table></div>"
    )


def audits(shown: Sequence[Audit]) -> str:
    """Each function with the kinds that were found, and the findings themselves folded away."""
    return f"<h4>What purenet.audit finds</h4>{''.join(map(_audit, shown))}" if shown else ""


def notes(shown: Iterable[str]) -> str:
    """Each note in a paragraph of its own."""
    return "".join(f'<p class="note">{escape(note)}</p>' for note in shown)


def _listed(shown: Iterable[Claim]) -> str:
    return f'<ul class="claims">{"".join(map(_claim, shown))}</ul>'


def _claim(claim: Claim) -> str:
    sides = (
        ("mutating", claim.mutating),
        ("pure", claim.pure),
        ("expected", claim.expected),
    )
    numbers = "".join(
        f'<div class="{side}"><dt>{side}</dt><dd>{_value(value)}</dd></div>'
        for side, value in sides
        if value is not None
    )
    apart = ""
    if claim.difference is not None:
        allowed = f" (allowed: {claim.tolerance:.0e})" if claim.tolerance else ""
        apart = f'<p class="apart">largest difference {_gap(claim.difference)}{allowed}</p>'
    return f"<li><p>{holds(claim.holds)}{escape(claim.sentence)}</p><dl>{numbers}</dl>{apart}</li>"


def _value(value: Any) -> str:
    return escape(values.text(value, _WIDTH))


def _gap(difference: float) -> str:
    return f"{difference:.1e}" if difference else "0"


def _audit(audit: Audit) -> str:
    from purenet.purity import render  # here, since the puzzle need not wait for JAX

    report = audit.report
    count = len(report.findings)
    label = "pure" if report.ok else f"{count} finding{'s' if count > 1 else ''}"
    verdict = markup.verdict(label, markup.AGREES if report.ok else markup.DISAGREES)
    kinds = by_kind([(one.kind, name) for one in report.findings for name in one.subjects])
    found = render.findings(report.findings)
    body = markup.folded(f"The findings on {audit.label}", found)
    said = "" if report.ok else f": {escape(kinds)}"
    return f"<p>{verdict}<code>{escape(audit.label)}</code>{said}</p>{body}"
