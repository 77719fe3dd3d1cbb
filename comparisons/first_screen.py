"""The first screen: the puzzle and its answer in forty lines, then a row for each exhibit."""

from collections.abc import Sequence

import numpy as np
from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from comparisons import programs, show, values
from comparisons.exhibition import Ablation, Exhibition
from comparisons.puzzle import STEP, Answered, Asked, W
from comparisons.runs import Outcome
from comparisons.show import MUTATING, PURE

NEXT = (
    ("python -m comparisons simple_net", "one exhibit, program by program"),
    ("python -m comparisons --all", "every number of every claim"),
    ("python -m comparisons --html page.html", "all of it as a page, with plots"),
    ("python -m comparisons --list", "all names, and the measures"),
)
_NAME, _CLAIMS, _SECONDS = 17, 8, 7


def question(asked: Asked) -> RenderableType:
    """The three lines, the number that they give, and what is puzzling about it."""
    return Group(
        show.heading("The puzzle"),
        Text('"Deep Learning from Scratch" takes the gradient of a network like this:\n'),
        _beside(
            *((Text(line, MUTATING), Text()) for line in _mutating_lines()[:2]),
            (Text(_mutating_lines()[2], MUTATING), Text(_matrix(asked.gradient))),
        ),
        Text("\nYou are right: f ignores W, and the derivative of a constant is zero."),
        _beside(
            (
                Text("f(W) == f(None)", MUTATING),
                Text(f"{asked.value == asked.value_of_none}: both are {asked.value:.9f}"),
            ),
            (
                Text("numerical_gradient(f, net.W.copy())", MUTATING),
                Text(values.text(asked.gradient_of_copy, 40)),
            ),
        ),
        "",
    )


def explanation(asked: Asked) -> RenderableType:
    """One coordinate, step by step: what is written, who reads it, and the difference."""
    above, below = asked.trace[0]
    at = float(W[0, 0])
    lines = Table.grid(padding=(0, 3, 0, 0))
    for line, what, value in (
        ("x[idx] = tmp_val + h", f"writes {at + STEP:.8f} into net.W", ""),
        ("fxh1 = f(x)", "f calls net.loss, which reads net.W", f"{above:.9f}"),
        ("x[idx] = tmp_val - h", f"writes {at - STEP:.8f} into net.W", ""),
        ("fxh2 = f(x)", "f calls net.loss again", f"{below:.9f}"),
        ("x[idx] = tmp_val", f"{at:.8f} is put back", ""),
        ("(fxh1 - fxh2) / (2 * h)", f"{above - below:.9f} / {2 * STEP:g}", _slope(asked)),
    ):
        lines.add_row(Text(line, MUTATING), Text(what), Text(value, "bold" if value else ""))
    return Group(
        show.heading("What happens at W[0, 0], where x is net.W itself"),
        Padding(lines, (0, 0, 0, 2)),
        Text("W reaches the loss through net, not through f. A copy of W is not in net."),
        "",
    )


def answer(answered: Answered) -> RenderableType:
    """Which change moves which loss; the line that changes; the gradients of the pure loss."""
    return Group(
        show.heading("What moves the loss?"),
        Padding(_ablation(answered.ablation), (0, 0, 0, 2)),
        "",
        show.heading("One line changes, and f reads its argument"),
        _beside(
            (Text(f"- {_mutating_lines()[1]}", MUTATING), Text("reads net.W", MUTATING)),
            (Text(f"+ {_pure_line()}", PURE), Text("reads params", PURE)),
        ),
        _beside(
            (Text("jax.grad(f)(params)", PURE), Text(_matrix(answered.by_jax))),
            (Text("fd.grad(f)(params)", PURE), Text(_matrix(answered.by_differences))),
        ),
        "",
    )


def row(run: Outcome) -> RenderableType:
    """What one run shows, how many of its claims hold, and how long it took."""
    held = Text(_held(run), "green" if run.holds else "bold red")
    if isinstance(run.result, Exception):
        line = _row(run.name, "raised an exception", held, run.seconds)
        return Group(line, show.exception_lines(run.result))
    return _row(run.name, run.result.title, held, run.seconds)


def sample(name: str, title: str, seconds: float) -> RenderableType:
    """What one measurement for the plots measured, and how long it took."""
    return _row(name, title, Text(), seconds)


def samples_heading() -> RenderableType:
    """The heading above the measurements for the plots."""
    return show.heading("Measured for the plots of the page")


def table_heading() -> RenderableType:
    """The heading above the rows."""
    return Group(
        show.heading("The exhibits"),
        Text(
            "Each runs a mutating and a pure program here and now, and measures its claims:\n",
            "dim",
        ),
    )


def next_steps() -> RenderableType:
    """How to go on."""
    return Group(
        "",
        show.heading("How to go on"),
        _beside(*((Text(command, "bold"), Text(what)) for command, what in NEXT)),
    )


def _row(name: str, title: str, held: Text, seconds: float) -> Table:
    line = Table.grid(padding=(0, 2, 0, 0), expand=True)
    line.add_column(width=_NAME)
    line.add_column(ratio=1)
    line.add_column(width=_CLAIMS, justify="right")
    line.add_column(width=_SECONDS, justify="right")
    line.add_row(Text(name, "bold"), Text(title), held, Text(f"{seconds:.1f} s", "dim"))
    return line


def _beside(*rows: tuple[Text, Text]) -> Padding:
    table = Table.grid(padding=(0, 3, 0, 0))
    for left, right in rows:
        table.add_row(left, right)
    return Padding(table, (0, 0, 0, 2))


def _mutating_lines() -> Sequence[str]:
    program = programs.excerpt("simple_net", programs.MUTATING, "puzzle: net ... return")
    assert program is not None
    return [line.removeprefix("return ") for line in program.lines]


def _pure_line() -> str:
    line = programs.excerpt("simple_net", programs.PURE, "puzzle: f = ")
    assert line is not None
    return line.lines[0]


def _matrix(array: np.ndarray) -> str:
    return "\n".join("  ".join(f"{item: .8f}" for item in line) for line in array)


def _slope(asked: Asked) -> str:
    above, below = asked.trace[0]
    return f"{(above - below) / (2 * STEP):.8f}"


def _ablation(ablation: Ablation) -> Table:
    """The four values of both losses; a value that moved stands out."""
    table = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False, header_style="")
    table.add_column("")
    kept, changed = f"{ablation.state} kept", "changed"
    for style, name in ((MUTATING, "the lambda"), (PURE, "the pure loss")):
        table.add_column(Text(f"{name}\n{kept}", style), justify="right")
        table.add_column(Text(f"\n{changed}", style), justify="right")
    start = ablation.mutating[0][0]
    for index, change in enumerate(("kept", "changed")):
        losses = (*ablation.mutating[index], *ablation.pure[index])
        cells = (Text(f"{x:.6f}", "" if np.isclose(x, start) else "bold") for x in losses)
        table.add_row(Text(f"{ablation.argument} {change}", "dim"), *cells)
    return table


def _held(run: Outcome) -> str:
    if not isinstance(run.result, Exhibition):
        return "holds" if run.holds else "FAILS"
    claims = run.result.claims
    return f"{sum(claim.holds for claim in claims)} of {len(claims)}"
