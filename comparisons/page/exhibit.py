"""One exhibit as HTML: both programs, the ablation, each claim with both values, the audits."""

import io
from html import escape

from rich.console import Console

from comparisons import exhibits, markup
from comparisons.exhibition import Exhibition
from comparisons.measures import Measurement
from comparisons.page import code
from comparisons.runs import Outcome


def article(run: Outcome) -> str:
    """All that one run showed, under its name."""
    return f'<article id="{run.name}"><h3>{run.name}</h3>{_contents(run)}</article>'


def _contents(run: Outcome) -> str:
    result = run.result
    if isinstance(result, Exception):
        return f"<p>{markup.holds(False)}{escape(f'{type(result).__name__}: {result}')}</p>"
    head = (
        f'<p class="lead">{escape(result.title)}</p><p class="time">ran in {run.seconds:.1f} s</p>'
    )
    if not isinstance(result, Exhibition):
        return head + _measurement(result)
    columns = code.columns(run.name) if run.name in exhibits.NAMES else ""
    return head + columns + result.html()


def _measurement(result: Measurement) -> str:
    """A measure's own tables, as the terminal shows them."""
    text = io.StringIO()
    Console(width=100, color_system=None, file=text).print(result)
    label = escape(result.title)
    return (
        f'<pre class="table" tabindex="0" role="region" aria-label="{label}">'
        f"{escape(text.getvalue())}</pre>"
    )
