"""Training in place and training as a pure function: the same losses, and the time of a step."""

from typing import Any

import jax
import numpy as np
from rich.console import Group
from rich.table import Table
from rich.text import Text

from comparisons.measures.promises import Promise, kept, plain_table
from comparisons.measures.training import curves, problems, timing
from comparisons.measures.training.contenders import MUTATING, PURE, SCAN, TORCH
from comparisons.measures.training.curves import COMPARED, Curves
from comparisons.measures.training.timing import Timing
from comparisons.settings import Settings

_LEGEND = """\
The book's TwoLayerNet, batches of 100, learning rate 0.1: the mutating NumPy
original, PyTorch's eager mode and purenet.train.fit from the same start on the
same batches, in float64 up to the timing, which is in float32 on 8,000 random
rows. A run is whole: fit shuffles, looks out for NaN and keeps its history in
that time; the bare scan is given its batches. Times are medians of runs, ratios
those of runs beside each other. First run: compilation included. NumPy and
PyTorch have one thread where that is quicker for them (marked 1)."""
_TIMED = (("book", (784, 50, 10), 20), ("mlp", (784, 512, 512, 512, 10), 2))


def run(settings: Settings) -> "Training":
    """Train everything by everyone, then time a step."""
    makers = [problems.digits]
    if settings.mnist is not None:
        folder = settings.mnist
        makers.append(lambda: problems.mnist(folder))
    trained = [curves.trained(make()) for make in settings.track(makers, "training by everyone")]
    times = []
    for name, sizes, epochs in settings.track(_TIMED, "timing a step"):
        with jax.enable_x64(False):
            times.append(timing.timed(problems.timed(name, sizes, epochs)))
    if settings.plot is not None:
        curves.draw(trained, settings.plot)
    return Training(trained, times)


class Training:
    """The tables of losses, accuracies and times, and the promises that purenet makes on them."""

    title = "Training in place and training as a pure function: the same losses, and their time."

    def __init__(self, trained: list[Curves], times: list[Timing]):
        self.trained = trained
        self.times = times
        self.promises = promises(trained, times)

    @property
    def holds(self) -> bool:
        """Whether every promise is kept."""
        return all(promise.holds for promise in self.promises)

    def __rich__(self) -> Group:
        """How to read it, the losses, the times, then the promises."""
        return Group(
            Text(_LEGEND),
            "",
            *(part for one in self.trained for part in (_curves_table(one), "")),
            *(part for one in self.times for part in (_times_table(one), "")),
            kept(self.promises),
        )

    def record(self) -> dict[str, Any]:
        """Every loss, accuracy and time, and the promises with their figures."""
        return {
            "trained": [one._asdict() for one in self.trained],
            "times": [one._asdict() for one in self.times],
            "promises": [promise._asdict() for promise in self.promises],
        }


def promises(trained: list[Curves], times: list[Timing]) -> list[Promise]:
    """What purenet promises, against what was found."""
    found = []
    for one in trained:
        worst = float(np.max([one.apart(name) for name in one.losses]))  # NaN where one is
        found += [
            Promise(
                f"{one.name}: equal losses at each of the first {COMPARED} steps, to 1e-9",
                f"{worst:.1e}",
                worst <= 1e-9,
            ),
            Promise(
                f"{one.name}: accuracy within 0.5 points of the original's",
                f"{one.points:.2f} points",
                one.points <= 0.5,
            ),
        ]
    for one in times:
        peers = [(TORCH, "PyTorch eager", 2.0), (MUTATING, "the mutating NumPy", 1.5)]
        found += [
            _at_least(one, peer, name, least) for peer, name, least in peers if peer in one.rounds
        ]
        to_scan = one.ratio(PURE, SCAN)
        found.append(
            Promise(
                f"{one.name}: fit within 1.1 times a bare lax.scan",
                f"{to_scan:.2f} times",
                to_scan <= 1.1,
            )
        )
    return found


def _at_least(timing: Timing, peer: str, name: str, least: float) -> Promise:
    ratio = timing.ratio(peer, PURE)
    sentence = f"{timing.name}: a step {least:g} times faster than {name}"
    return Promise(sentence, f"{ratio:.2f} times", ratio >= least)


def _curves_table(one: Curves) -> Table:
    steps = len(next(iter(one.losses.values())))
    table = plain_table(f"{one.name}: {steps:,} steps, {one.tested:,} images to test on")
    for heading in ("", "first loss", "last loss", f"apart in {COMPARED} steps", "accuracy"):
        table.add_column(heading, justify="right" if heading else "left")
    for name, losses in one.losses.items():
        table.add_row(
            name,
            f"{losses[0]:.6f}",
            f"{losses[-1]:.6f}",
            f"{one.apart(name):.0e}",
            f"{one.accuracies[name]:.2f} %",
        )
    return table


def _times_table(one: Timing) -> Table:
    table = plain_table(f"{one.name}: a step in float32, runs of {one.steps:,} steps in turns")
    for heading in ("", "µs a step", f"times {PURE}", "first run, s"):
        table.add_column(heading, justify="right" if heading else "left")
    for name in one.rounds:
        table.add_row(
            f"{name} (1)" if name in one.single else name,
            f"{1e6 * one.seconds(name):,.0f}",
            f"{one.ratio(name, PURE):.2f}",
            f"{one.first[name]:.2f}",
        )
    return table
