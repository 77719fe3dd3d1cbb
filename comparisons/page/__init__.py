"""The page: the story, every exhibit and the plots, in one file that needs no other."""

import os
import platform
from collections.abc import Sequence
from datetime import datetime
from html import escape
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from comparisons.exhibition import Exhibition
from comparisons.markup import holds
from comparisons.page import exhibit
from comparisons.page.samples import Samples
from comparisons.page.story import story
from comparisons.page.words import FURTHER, LEAD, TITLE, html
from comparisons.puzzle import Answered, Asked
from comparisons.runs import Outcome
from purenet import markup

_FOLDER = Path(__file__).parent
_PACKAGES = ("purenet", "jax", "jaxlib", "numpy", "scipy", "matplotlib", "torch")


def document(
    asked: Asked, answered: Answered, runs: Sequence[Outcome], samples: Samples | None
) -> str:
    """The page of one run; without samples, without plots."""
    plots = _plots(samples) if samples is not None else ""
    body = (
        '<a class="skip" href="#main">Skip to the text</a>'
        f"<header><h1>{TITLE}</h1><p class='lead'>{LEAD}</p>"
        f"{_contents(runs, plots)}</header><main id='main'>"
        f"{story(asked, answered)}{_exhibits(runs)}{plots}{_further()}</main>"
        f"<footer>{_made_with(runs)}</footer>"
    )
    style, script = ((_FOLDER / file).read_text("utf-8") for file in ("style.css", "script.js"))
    return markup.document(TITLE, body, style, script)


def _contents(runs: Sequence[Outcome], plots: str) -> str:
    links = [("#puzzle", "The puzzle"), ("#steps", "Step by step"), ("#line", "The answer")]
    links += [("#exhibits", f"{len(runs)} exhibits" if len(runs) > 1 else "The exhibit")]
    links += [("#plots", "Plots")] if plots else []
    links += [("#further", "Your own gradient")]
    items = "".join(f'<li><a href="{link}">{escape(text)}</a></li>' for link, text in links)
    return f'<nav aria-label="Contents"><ul>{items}</ul></nav>'


def _exhibits(runs: Sequence[Outcome]) -> str:
    rows = [
        (
            f'<a href="#{run.name}">{run.name}</a><br>{escape(_shown(run))}',
            f"{holds(run.holds)}<br>{_held(run)}",
            f"{run.seconds:.1f}",
        )
        for run in runs
    ]
    table = markup.table(
        ("exhibit, and what it shows", "claims", "seconds"),
        rows,
        caption="Every exhibit, as it ran for this page",
        numbers=(2,),
    )
    articles = "".join(map(exhibit.article, runs))
    return (
        '<section id="exhibits"><h2>The exhibits</h2><p>Each is a mutating NumPy program beside '
        "its pure JAX twin. The code is read from the files that ran; lines with the same number "
        f'correspond.</p><div class="overview">{table}</div>{articles}</section>'
    )


def _shown(run: Outcome) -> str:
    return "It raised an exception." if isinstance(run.result, Exception) else run.result.title


def _held(run: Outcome) -> str:
    if not isinstance(run.result, Exhibition):
        return ""
    claims = run.result.claims
    return f"{sum(claim.holds for claim in claims)} of {len(claims)}"


def _plots(samples: Samples) -> str:
    try:
        from comparisons.page import figures

        drawn = figures.all_of(samples)
    except ModuleNotFoundError as missing:
        drawn = f"<p>{escape(str(missing))}: pip install 'purenet[compare]' draws them.</p>"
    return f'<section id="plots"><h2>Plots</h2>{drawn}</section>'


def _further() -> str:
    calls = (f"purenet.{name}(loss, params, *data)" for name in ("check_grads", "audit"))
    code = "\n".join(("import purenet", *calls))
    return (
        f'<section id="further"><h2>Your own gradient</h2>{html(FURTHER)}'
        f'<pre tabindex="0"><code>{code}</code></pre></section>'
    )


def _made_with(runs: Sequence[Outcome]) -> str:
    versions = [f"Python {platform.python_version()}"]
    for package in _PACKAGES:
        try:
            versions.append(f"{package} {version(package)}")
        except PackageNotFoundError:
            continue
    machine = f"{platform.system()} {platform.machine()}, {os.cpu_count()} CPUs"
    when = datetime.now().astimezone()
    seconds = sum(run.seconds for run in runs)
    return (
        f"<p>Every number is from one run of <code>python -m comparisons --html</code>: "
        f'<time datetime="{when.isoformat(timespec="seconds")}">{when:%d %B %Y, %H:%M %Z}</time>, '
        f"{machine}; the exhibits took {seconds:.0f} seconds.</p>"
        f"<p>{escape(', '.join(versions))}.</p>"
    )
