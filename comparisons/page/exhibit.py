"""One exhibit as HTML: both programs, the ablation, each claim with both values, the audits."""

import io
from collections.abc import Iterable
from html import escape
from typing import Any

from rich.console import Console

from comparisons import exhibits, values
from comparisons.claims import Ablation, Audit, Claim, Exhibition, by_kind, in_short
from comparisons.measures import Measurement
from comparisons.page import code
from comparisons.runs import Outcome
from purenet import markup
from purenet.purity import render

_WIDTH = 40  # characters of a value


def article(run: Outcome) -> str:
    """All that one run showed, under its name."""
    return f'<article id="{run.name}"><h3>{run.name}</h3>{_contents(run)}</article>'


def _contents(run: Outcome) -> str:
    result = run.result
    if isinstance(result, Exception):
        return f"<p>{holds(False)}{escape(f'{type(result).__name__}: {result}')}</p>"
    head = f'<p class="lead">{escape(result.title)}</p><p class="time">{run.seconds:.1f} s</p>'
    if not isinstance(result, Exhibition):
        return head + _measurement(result)
    columns = code.columns(run.name) if run.name in exhibits.NAMES else ""
    return head + columns + exhibition(result)


def exhibition(shown: Exhibition) -> str:
    """What an exhibit measured, without its programs."""
    parts = [ablation(shown.ablation)] if shown.ablation is not None else []
    held = sum(claim.holds for claim in shown.claims)
    first, rest = in_short(shown.claims)
    parts.append(f"<h4>{held} of {len(shown.claims)} claims hold</h4>{_claims(first)}")
    if rest:
        parts.append(markup.folded(f"{len(rest)} more claims", _claims(rest)))
    if shown.audits:
        parts.append(f"<h4>What purenet.audit finds</h4>{''.join(map(_audit, shown.audits))}")
    parts += [f'<p class="note">{escape(note)}</p>' for note in shown.notes]
    return "".join(parts)


def ablation(shown: Ablation) -> str:
    """The four values of both losses in one table; what moved is bold."""
    start = shown.mutating[0][0]

    def cell(loss: float) -> str:
        digits = f"{loss:.8g}"
        return f'<td class="number">{digits if loss == start else f"<b>{digits}</b>"}</td>'

    rows = "".join(
        f'<tr><th scope="row">{escape(shown.argument)} {change}</th>'
        f"{''.join(map(cell, (*mutating, *pure)))}</tr>"
        for change, mutating, pure in zip(
            ("kept", "changed"), shown.mutating, shown.pure, strict=True
        )
    )
    state = escape(shown.state)
    heads = f'<th scope="col" class="number">{state} kept</th>'
    heads += f'<th scope="col" class="number">{state} changed</th>'
    caption = f"Changing the argument {escape(shown.argument)}, and changing {state}"
    return (
        "<h4>What moves the loss?</h4>"
        f'<div class="scroll" tabindex="0" role="group" aria-label="{caption}">'
        f"<table><caption>{caption}</caption><thead><tr><td></td>"
        '<th scope="colgroup" colspan="2" class="number mutating">the lambda</th>'
        '<th scope="colgroup" colspan="2" class="number pure">the pure loss</th></tr>'
        f"<tr><td></td>{heads}{heads}</tr></thead><tbody>{rows}</tbody></table></div>"
    )


def holds(verdict: bool) -> str:
    """The verdict on a claim."""
    return markup.verdict(*(("holds", markup.AGREES) if verdict else ("fails", markup.DISAGREES)))


def _claims(claims: Iterable[Claim]) -> str:
    return f'<ul class="claims">{"".join(map(_claim, claims))}</ul>'


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
        apart = f'<p class="apart">largest difference {claim.difference:.1e}{allowed}</p>'
    return f"<li><p>{holds(claim.holds)}{escape(claim.sentence)}</p><dl>{numbers}</dl>{apart}</li>"


def _value(value: Any) -> str:
    return escape(values.text(value, _WIDTH))


def _audit(audit: Audit) -> str:
    report = audit.report
    count = len(report.findings)
    label = "pure" if report.ok else f"{count} finding{'s' if count > 1 else ''}"
    verdict = markup.verdict(label, markup.AGREES if report.ok else markup.DISAGREES)
    kinds = by_kind([(one.kind, name) for one in report.findings for name in one.subjects])
    found = render.findings(report.findings)
    body = markup.folded(f"The findings on {audit.label}", found)
    said = "" if report.ok else f": {escape(kinds)}"
    return f"<p>{verdict}<code>{escape(audit.label)}</code>{said}</p>{body}"


def _measurement(result: Measurement) -> str:
    """A measure's own tables, as the terminal shows them."""
    text = io.StringIO()
    Console(width=100, color_system=None, file=text).print(result)
    label = escape(result.title)
    return (
        f'<pre class="table" tabindex="0" role="region" aria-label="{label}">'
        f"{escape(text.getvalue())}</pre>"
    )
