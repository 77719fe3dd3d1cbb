"""The comparisons for people: claims with both sides' numbers, ablations, and the summary."""

from collections.abc import Iterable, Sequence
from pathlib import Path
from traceback import extract_tb

from rich.columns import Columns
from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.rule import Rule
from rich.table import Table
from rich.text import Text

from comparisons import show_audits, values
from comparisons.claims import Claim
from comparisons.exhibition import Ablation, Exhibition
from comparisons.runs import Outcome

MUTATING, PURE, EXPECTED = "yellow", "cyan", ""
DIFFERENCE, VERDICT, INDENT = 10, 7, 3
ROOT = Path(__file__).resolve().parent.parent

Table2x2 = tuple[tuple[float, float], tuple[float, float]]


def outcome(run: Outcome, width: int) -> RenderableType:
    """All that one run came to, under its name: an exhibit, a measurement or an exception."""
    result = run.result
    if isinstance(result, Exception):
        return Group(
            heading(run.name, "This one raised an exception."), "", exception_lines(result)
        )
    body = _exhibition(result, width) if isinstance(result, Exhibition) else result
    return Group(heading(run.name, result.title), "", body)


def summary(runs: Sequence[Outcome]) -> RenderableType:
    """A line for each run, then what does not hold, if anything, and the totals."""
    table = Table(box=None, padding=(0, 2), pad_edge=False)
    table.add_column("")
    table.add_column("claims", justify="right")
    table.add_column("ablation")
    table.add_column("seconds", justify="right")
    table.add_column("verdict")
    for run in runs:
        shown = run.result if isinstance(run.result, Exhibition) else None
        table.add_row(
            run.name,
            _held(shown.claims) if shown else "–",
            verdict_word(shown.ablation.holds) if shown and shown.ablation else "–",
            f"{run.seconds:.1f}",
            verdict_word(run.holds),
        )
    return Group(heading("summary"), "", table, "", totals(runs))


def listing(sections: Iterable[tuple[str, Sequence[tuple[str, str]]]]) -> RenderableType:
    """Names with their titles, under a heading for each section."""
    parts = []
    for heading, lines in sections:
        table = Table.grid(padding=(0, 3, 0, 0))
        for name, title in lines:
            table.add_row(Text(name, "bold"), Text(title))
        parts += [Text(heading, "dim"), Padding(table, (0, 0, 0, 2))]
    return Group(*parts)


def totals(runs: Sequence[Outcome]) -> RenderableType:
    """What does not hold, if anything, and how much holds."""
    style = "bold green" if all(run.holds for run in runs) else "bold red"
    failing = [Text(line, "red") for run in runs for line in _failing(run)]
    return Group(*failing, Text(_total(runs), style))


def heading(name: str, title: str = "") -> RenderableType:
    """A name with a line to the edge of the screen, and a sentence below it."""
    rule = Rule(Text(name, "bold"), align="left", characters="━", style="dim")
    return Group(rule, Text(title)) if title else rule


def verdict_word(holds: bool) -> Text:
    """The word for a verdict, in its colour."""
    return Text("holds", "green") if holds else Text("FAILS", "bold red")


def _exhibition(shown: Exhibition, width: int) -> RenderableType:
    parts: list[RenderableType] = [claim_heads()]
    parts += [claim_lines(one, width) for one in shown.claims]
    if shown.ablation is not None:
        parts += ["", ablation_lines(shown.ablation)]
    if shown.audits:
        parts += ["", show_audits.audits(shown.audits)]
    if shown.notes:
        parts.append("")
    parts += [_beside("Note:", Text(note)) for note in shown.notes]
    return Group(*parts)


def claim_heads() -> RenderableType:
    """The heads of the two lines that each claim takes."""
    return Group(
        _statement(Text("claim"), Text("difference"), Text("verdict"), style="dim"),
        _evidence(Text("mutating NumPy", MUTATING), Text("pure JAX", PURE), Text("expected")),
        Rule(style="dim", characters="─"),
    )


def claim_lines(claim: Claim, width: int) -> RenderableType:
    """The sentence with its verdict, and below it what both sides gave and what was expected."""
    room = (width - INDENT) // 3 - 2
    sides = zip(
        (claim.mutating, claim.pure, claim.expected), (MUTATING, PURE, EXPECTED), strict=True
    )
    return Group(
        _statement(
            Text(claim.sentence, "bold"), Text(_difference(claim)), verdict_word(claim.holds)
        ),
        _evidence(*(Text(values.text(side, room), style) for side, style in sides)),
    )


def _difference(claim: Claim) -> str:
    if claim.difference is None:
        return ""
    shown = f"{claim.difference:.1e}" if claim.difference else "0"
    if claim.holds or claim.tolerance is None:
        return shown
    return f"{shown}\n> {claim.tolerance:.1e}"


def _statement(sentence: Text, difference: Text, verdict: Text, style: str = "") -> Table:
    line = Table.grid(padding=(0, 2, 0, 0), expand=True)
    line.add_column(ratio=1, style=style)
    line.add_column(width=DIFFERENCE, justify="right", style=style)
    line.add_column(width=VERDICT, style=style)
    line.add_row(sentence, difference, verdict)
    return line


def _evidence(*sides: Text) -> Padding:
    line = Table.grid(padding=(0, 2, 0, 0), expand=True)
    for _ in sides:
        line.add_column(ratio=1, overflow="fold")
    line.add_row(*sides)
    return Padding(line, (0, 0, 0, INDENT))


def ablation_lines(ablation: Ablation) -> RenderableType:
    """Both losses in the four cases side by side, and which change moved which."""
    argument, state = ablation.argument, ablation.state
    question = f"What moves the loss: changing its argument {argument}, or changing {state}?"
    tables = Columns(
        [
            _losses("the mutating lambda", ablation, ablation.mutating, MUTATING),
            _losses("the pure loss", ablation, ablation.pure, PURE),
        ],
        padding=(0, 3),
    )
    answer = (
        f"The mutating lambda follows {_moved_by(ablation.mutating, argument, state)}; "
        f"the pure loss follows {_moved_by(ablation.pure, argument, state)}."
    )
    return Group(
        _statement(Text(question, "bold"), Text(), verdict_word(ablation.holds)),
        Padding(Group(tables, "", Text(answer)), (0, 0, 0, INDENT)),
    )


def _losses(title: str, ablation: Ablation, losses: Table2x2, style: str) -> Table:
    """The four values of one loss; those that moved away from the first stand out."""
    table = Table(title=title, title_style=style, box=None, pad_edge=False, header_style="dim")
    table.add_column("\n", no_wrap=True)
    for change in ("unchanged", "changed"):
        table.add_column(Text(f"{ablation.state}\n{change}"), justify="right", no_wrap=True)
    start = losses[0][0]
    for change, row in zip(("unchanged", "changed"), losses, strict=True):
        cells = [Text(f"{loss:.10g}", f"bold {style}" if loss != start else "") for loss in row]
        table.add_row(Text(f"{ablation.argument} {change}", "dim"), *cells)
    return table


def _moved_by(losses: Table2x2, argument: str, state: str) -> str:
    (neither, by_state), (by_argument, both) = losses
    argument_moves = neither != by_argument or by_state != both
    state_moves = neither != by_state or by_argument != both
    if argument_moves and state_moves:
        return f"both its argument {argument} and the captured state {state}"
    if argument_moves:
        return f"its argument {argument} alone"
    return f"the captured state {state} alone" if state_moves else "neither"


def exception_lines(error: Exception) -> RenderableType:
    """The exception, and the lines of this repository through which it came."""
    frames = [frame for frame in extract_tb(error.__traceback__) if _is_ours(frame.filename)]
    places = [
        Text(f"{Path(frame.filename).relative_to(ROOT)}:{frame.lineno} in {frame.name}", "dim")
        for frame in frames
    ]
    message = Text(f"{type(error).__name__}: {error}", "bold red")
    return Group(message, Padding(Group(*places), (0, 0, 0, INDENT)))


def _is_ours(filename: str) -> bool:
    return Path(filename).is_relative_to(ROOT) and "site-packages" not in filename


def _beside(mark: str, text: Text) -> Table:
    line = Table.grid(padding=(0, 1, 0, 0))
    line.add_row(Text(mark, "dim"), text)
    return line


def _total(runs: Sequence[Outcome]) -> str:
    shown = [run.result for run in runs if isinstance(run.result, Exhibition)]
    claims = [claim for exhibition in shown for claim in exhibition.claims]
    ablations = [exhibition.ablation for exhibition in shown if exhibition.ablation]
    counts = [f"{_held(claims)} claims hold"] if claims else []
    counts += [f"{_held(ablations)} ablations hold"] if ablations else []
    raised = sum(isinstance(run.result, Exception) for run in runs)
    counts += [f"{raised} raised an exception"] if raised else []
    return ", ".join([*counts, f"{sum(run.seconds for run in runs):.1f} seconds"])


def _held(statements: Sequence[Claim] | Sequence[Ablation]) -> str:
    return f"{sum(statement.holds for statement in statements)} of {len(statements)}"


def _failing(run: Outcome) -> Iterable[str]:
    """A line for everything in a run that does not hold."""
    if isinstance(run.result, Exception):
        yield f"RAISED {run.name}: {type(run.result).__name__}: {run.result}"
    elif isinstance(run.result, Exhibition):
        for claim in run.result.claims:
            if not claim.holds:
                yield f"FAILS  {run.name}: {claim.sentence}"
        if run.result.ablation is not None and not run.result.ablation.holds:
            yield f"FAILS  {run.name}: the ablation"
    elif not run.holds:
        yield f"FAILS  {run.name}: {run.result.title}"
