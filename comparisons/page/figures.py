"""The plots of the page: SVG that takes its ink from the page, each with its numbers in words."""

import io
import re
from collections.abc import Callable
from dataclasses import replace
from html import escape
from typing import Any

from comparisons.measures import v_curve
from comparisons.measures.detection import plants
from comparisons.measures.detection.verdicts import Verdict
from comparisons.measures.speed import tools
from comparisons.measures.speed.tools import Time
from comparisons.measures.training import curves as training_curves
from comparisons.measures.training.curves import COMPARED, Curves
from comparisons.measures.v_curve import Curve
from comparisons.page.samples import Samples
from purenet import GradientReport, markup
from purenet.check import LeafReport

_INK = "#010203"  # stands for the colour of the page's text
_STYLE: dict[Any, Any] = {  # by matplotlib's names
    "svg.fonttype": "none",
    "font.family": "sans-serif",
    "font.size": 12,
    "axes.edgecolor": _INK,
    "axes.labelcolor": _INK,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "text.color": _INK,
    "xtick.color": _INK,
    "ytick.color": _INK,
    "grid.color": _INK,
    "legend.frameon": False,
    "legend.fontsize": "small",
    "figure.facecolor": "none",
    "axes.facecolor": "none",
    "savefig.facecolor": "none",
}
_COLOURS = ("#1f77b4", "#c2570c", "#2a8a3e", "#8e5bc0", "#a8741a")  # legible on light and on dark
_SIZE = (5.6, 4.0)


def all_of(samples: Samples) -> str:
    """Every plot, under a heading each."""
    parts = (
        ("agreement", "jax.grad against finite differences", agreement(samples.agreement)),
        ("steps", "The error of a difference against its step", steps(samples.steps)),
        ("times", "Time against coordinates", times(samples.times)),
        ("training", "The same training by each implementation", training(samples.training)),
        ("found", "Planted errors, and which checker finds them", found(samples.found)),
    )
    return "".join(
        f'<section id="plot-{name}"><h3>{escape(title)}</h3>{body}</section>'
        for name, title, body in parts
    )


def agreement(report: GradientReport) -> str:
    """A panel for each parameter, the error bound as a band."""

    def draw(leaf: LeafReport) -> Any:
        figure = replace(report, leaves=(leaf,)).plot()
        figure.set_size_inches(_SIZE)
        figure.suptitle("")  # the page has it above
        if leaf.ok:  # then all points lie where the scale is linear
            figure.axes[0].set_yscale("linear")
        return figure

    drawn = "".join(
        _figure(
            f"agreement-{index}",
            lambda leaf=leaf: draw(leaf),
            f"{leaf.path}: {leaf.compared:,} derivatives, {leaf.disagreeing} outside the bound; "
            f"the farthest is {leaf.worst.bounds if leaf.worst else 0:.2g} bounds away",
        )
        for index, leaf in enumerate(report.leaves)
        if leaf.values is not None
    )
    words = (
        "The book's network on ten digits, in float32. Each point is one derivative: the "
        "horizontal axis is its finite difference, the vertical axis how far jax.grad is from "
        "that. The band is the error bound, which is the tolerance of the check."
    )
    return f'<p>{words}</p><div class="plots">{drawn}</div>'


def steps(curves: list[Curve]) -> str:
    """The V-curves of both dtypes, the automatic choice marked."""

    def draw(dtype: str) -> Any:
        figure, axes = _empty()
        v_curve.panel(axes, [curve for curve in curves if curve.dtype == dtype])
        axes.set_title(dtype)
        return figure

    def words(dtype: str) -> str:
        second, *_ = (curve for curve in curves if curve.dtype == dtype)
        return (
            f"{dtype}: at order 2 the automatic step is {second.chosen_step:.1e}, with a relative "
            f"error of {second.chosen_error:.0e}; the best step tried has "
            f"{float(second.errors.min()):.0e}"
        )

    drawn = "".join(
        _figure(f"steps-{dtype}", lambda dtype=dtype: draw(dtype), words(dtype))
        for dtype in dict.fromkeys(curve.dtype for curve in curves)
    )
    said = (
        "The derivative of sin at 0.7. Too large a step leaves out the curvature (truncation "
        "error); too small a step loses digits (round-off error). The dots are the steps that "
        "fd.grad chooses by itself."
    )
    return f'<p>{said}</p><div class="plots">{drawn}</div>'


def times(found: dict[int, dict[str, Time]]) -> str:
    """Seconds for all coordinates, tool by tool."""
    names = list(next(iter(found.values())))
    sizes = list(found)

    def draw() -> Any:
        figure, axes = _empty(top=0.84)
        for name, marker in zip(names, "osD^v", strict=False):
            axes.loglog(sizes, [found[size][name].seconds for size in sizes], marker=marker)
            axes.lines[-1].set_label(name)
        axes.set_xticks(sizes, [f"{size:,}" for size in sizes], minor=False)
        axes.set_xticks([], minor=True)
        axes.set_xlabel("coordinates")
        axes.set_ylabel("seconds for all of them")
        axes.grid(alpha=0.3)
        axes.legend(loc="lower center", bbox_to_anchor=(0.45, 1.0), ncols=3)
        return figure

    largest = sizes[-1]
    ours = found[largest][tools.INCREMENTAL].seconds
    slower = ", ".join(
        f"{name} {found[largest][name].seconds / ours:,.0f} times as long"
        for name in names
        if name != tools.INCREMENTAL
    )
    words = f"{largest:,} coordinates: fd.grad takes {_seconds(ours)} s; {slower}"
    rows = [
        [escape(name), *(_seconds(found[size][name].seconds) for size in sizes)] for name in names
    ]
    table = markup.table(
        ("", *(f"{size:,}" for size in sizes)),
        rows,
        caption="Seconds, by number of coordinates",
        numbers=range(1, len(sizes) + 1),
    )
    said = (
        "The book's network, 784-H-10 in float64, compilation not counted. NumPy and PyTorch run "
        "on one thread, enough for products this small. A tool that takes longer than a second is "
        "stopped, and its time is scaled up from the part that it has done."
    )
    drawn = _figure("times", draw, words)
    return f'<p>{said}</p><div class="plots">{drawn}<div>{table}</div></div>'


def training(one: Curves) -> str:
    """The loss of every step, by each implementation."""

    def draw() -> Any:
        figure, axes = _empty(top=0.78)
        training_curves.panel(axes, one)
        axes.set_yscale("linear")
        axes.legend(loc="lower left", bbox_to_anchor=(0.0, 1.0))
        return figure

    apart = max(one.apart(name) for name in one.losses)
    steps_taken = len(next(iter(one.losses.values())))
    accuracies = ", ".join(f"{name} {value:.1f} %" for name, value in one.accuracies.items())
    words = (
        f"{one.name}, {steps_taken:,} steps: over the first {COMPARED} steps the losses differ by "
        f"{apart:.0e} at most; accuracy on {one.tested} images: {accuracies}"
    )
    said = (
        "All start from the same weights and take the same batches in the same order, with the "
        "same learning rate. Their lines lie on top of each other."
    )
    return f'<p>{said}</p><div class="plots">{_figure("training", draw, words)}</div>'


def found(verdicts: list[Verdict]) -> str:
    """A disc where a checker is right about a loss, a ring where it is not."""
    asked = list(dict.fromkeys(verdicts_key(verdict) for verdict in verdicts))
    checkers = list(dict.fromkeys(verdict.tool for verdict in verdicts))
    right = {
        (verdicts_key(verdict), verdict.tool): verdict.refused != (verdict.kind == plants.NOTHING)
        for verdict in verdicts
        if verdict.refused is not None
    }

    def draw() -> Any:
        figure, axes = _empty(left=0.5, bottom=0.32)
        for column, checker in enumerate(checkers):
            for row, key in enumerate(asked):
                if (key, checker) in right:
                    is_right = right[key, checker]
                    fill = _COLOURS[0] if is_right else "none"
                    axes.scatter(column, row, s=130, facecolors=fill, edgecolors=_COLOURS[0])
        axes.set_xticks(
            range(len(checkers)), checkers, rotation=35, ha="right", rotation_mode="anchor"
        )
        axes.set_yticks(range(len(asked)), [_label(key) for key in asked])
        axes.set_xlim(-0.5, len(checkers) - 0.5)
        axes.set_ylim(len(asked) - 0.5, -0.5)
        return figure

    counts = ", ".join(
        f"{checker} {sum(right.get((key, checker), False) for key in asked)} of {len(asked)}"
        for checker in checkers
    )
    words = f"Right about the loss (a full disc), checker by checker: {counts}"
    rows = [
        [escape(_label(key)), *(_word(right.get((key, checker))) for checker in checkers)]
        for key in asked
    ]
    table = markup.folded("The same as a table", markup.table(("what is planted", *checkers), rows))
    network = verdicts[0].network
    said = (
        f"The network is {network}, in float64, and its gradient is wrong on purpose. The first "
        "row is the loss without an error, which should pass. Every checker runs at its defaults."
    )
    return f'<p>{said}</p><div class="plots">{_figure("found", draw, words)}</div>{table}'


def verdicts_key(verdict: Verdict) -> tuple[str, float | None]:
    """What was planted, and of which size."""
    return verdict.kind, verdict.size


def _label(key: tuple[str, float | None]) -> str:
    kind, size = key
    return kind if size is None else f"{kind} {size:g}"


def _word(is_right: bool | None) -> str:
    return "not asked" if is_right is None else "right" if is_right else "wrong"


def _seconds(seconds: float) -> str:
    """Two digits, and no exponent."""
    return f"{seconds:,.0f}" if seconds >= 10 else f"{seconds:.2g}"


def _empty(left: float = 0.18, bottom: float = 0.16, top: float = 0.92) -> tuple[Any, Any]:
    from matplotlib.figure import Figure

    figure = Figure(figsize=_SIZE)  # laid out by hand: measuring every label takes a third more
    figure.subplots_adjust(left=left, right=0.97, bottom=bottom, top=top)
    return figure, figure.subplots()


def _figure(name: str, draw: Callable[[], Any], words: str) -> str:
    """A plot with its numbers in words below it, which are its text alternative too."""
    import matplotlib
    from cycler import cycler
    from matplotlib.ticker import FixedLocator

    with matplotlib.rc_context({**_STYLE, "axes.prop_cycle": cycler(color=_COLOURS)}):
        figure = draw()
        for axis in (axis for axes in figure.axes for axis in (axes.xaxis, axes.yaxis)):
            if axis.get_scale() != "linear" and not isinstance(
                axis.get_major_locator(), FixedLocator
            ):
                _plain_powers(axis)
        text = io.StringIO()
        figure.savefig(text, format="svg", metadata={"Date": None, "Creator": None})
    svg = _inlined(text.getvalue(), name)
    return (
        f'<figure><div role="img" aria-label="{escape(words)}">{svg}</div>'
        f"<figcaption>{escape(words)}.</figcaption></figure>"
    )


def _plain_powers(axis: Any) -> None:
    """Powers of ten as 1e-3: typesetting them takes as long as all the rest."""
    from matplotlib.ticker import FuncFormatter, NullFormatter

    axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:.0e}" if value else "0"))
    axis.set_minor_formatter(NullFormatter())


def _inlined(svg: str, name: str) -> str:
    """The element alone, its names made unique on the page, its ink the page's."""
    svg = svg[svg.index("<svg") :]
    svg = re.sub(r"<metadata>.*?</metadata>", "", svg, flags=re.DOTALL)
    svg = re.sub(r' id="([^"]+)"', rf' id="{name}-\1"', svg)
    svg = re.sub(r"url\(#([^)]+)\)", rf"url(#{name}-\1)", svg)
    svg = re.sub(r'xlink:href="#([^"]+)"', rf'href="#{name}-\1"', svg)
    svg = re.sub(
        r'<svg [^>]*viewBox="([^"]+)"[^>]*>', r'<svg viewBox="\1" aria-hidden="true">', svg
    )
    return svg.replace(_INK, "currentColor")
