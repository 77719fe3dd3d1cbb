"""How long every coordinate takes every tool, and how far that is from what must be computed."""

from collections.abc import Callable
from typing import Any

import jax
import numpy as np
from rich.console import Group
from rich.table import Table
from rich.text import Text

from comparisons.measures.promises import Promise, kept, plain_table
from comparisons.measures.speed import tools
from comparisons.measures.speed.networks import (
    NETWORKS,
    Network,
    cnn,
    mlp,
    softmax_regression,
    transformer_block,
    two_layer_net,
)
from comparisons.measures.speed.rows import (
    FLOOR,
    Proof,
    Row,
    against_numdifftools,
    growth,
    measured,
    proof,
)
from comparisons.measures.speed.tools import Time
from comparisons.settings import Settings

_LEGEND = """\
Every coordinate of a gradient, by central differences. ~ marks a tool that was
stopped after a second, and its time scaled. vmapped: a vmap over unit vectors
of the ravelled parameters, by the best of three chunks. exponentials: as many
of them alone, which no exact evaluation can avoid. first call: of fd.grad,
compilation included. off jax.grad: relative to the largest coordinate."""
WIDTHS = (50, 100, 200, 400)


_NAMES = {
    tools.LOOP: "the mutating loop",
    tools.SCIPY: "scipy",
    tools.TORCH: "torch's gradcheck",
    tools.VMAPPED: "the vmapped form",
}


def run(settings: Settings) -> "Speed":
    """Time every tool on every network, then the growth with the width."""
    work = [(make, dtype) for make in NETWORKS for dtype in (np.float64, np.float32)]
    rows = []
    for make, dtype in settings.track(work, "every tool on every network"):
        with jax.enable_x64(dtype is np.float64):
            rows.append(measured(make().cast(dtype)))
    with jax.enable_x64(True):
        whole = proof()
    wider = {width: growth(width) for width in settings.track(WIDTHS, "wider and wider")}
    return Speed(rows, wider, against_numdifftools(), whole)


class Speed:
    """The tables of times and ratios, the growth, and the promises that purenet makes on them."""

    title = "How long every coordinate takes every tool, and how far that is from the least."

    def __init__(
        self, rows: list[Row], growth: dict[int, dict[str, Time]], small: Row, proof: Proof
    ):
        self.rows = rows
        self.growth = growth
        self.small = small
        self.proof = proof
        self.promises = promises(rows, proof)

    @property
    def holds(self) -> bool:
        """Whether every promise is kept."""
        return all(promise.holds for promise in self.promises)

    def __rich__(self) -> Group:
        """What was timed, a table a dtype, the growth, then the promises."""
        small = (
            f"{self.small.description}: {self.small.ratio(tools.NUMDIFFTOOLS):.0f} times fd.grad"
        )
        return Group(
            Text(_LEGEND),
            "",
            self._networks(),
            "",
            *(part for dtype in ("float64", "float32") for part in (self._times(dtype), "")),
            Text(f"numdifftools takes, on {small}"),
            "",
            Text(
                f"The book's layered backward, proved: {self.proof.compared:,} derivatives agree; "
                f"{self.proof.first:.1f} s, {self.proof.again:.1f} s the second time"
            ),
            "",
            self._growth(),
            "",
            kept(self.promises),
        )

    def record(self) -> dict[str, Any]:
        """Every time, share and error, the growth, and the promises with their figures."""
        return {
            "rows": [row._asdict() for row in self.rows],
            "numdifftools": self.small._asdict(),
            "proof": self.proof._asdict(),
            "growth": {str(width): times for width, times in self.growth.items()},
            "exponents": {tool: self.exponent(tool) for tool in self.growth[WIDTHS[0]]},
            "promises": [promise._asdict() for promise in self.promises],
        }

    def exponent(self, tool: str) -> float:
        """The power of the width with which a tool's time grows, by least squares."""
        seconds = [self.growth[width][tool].seconds for width in WIDTHS]
        return float(np.polyfit(np.log(WIDTHS), np.log(seconds), 1)[0])

    def _networks(self) -> Table:
        table = plain_table("the networks")
        for heading in ("", "", "coordinates", "exponentials"):
            table.add_column(heading, justify="right" if heading else "left")
        for row in self.rows:
            if row.dtype == "float64":
                millions = f"{row.exponentials / 1e6:,.1f} million"
                table.add_row(row.network, row.description, f"{row.coordinates:,}", millions)
        return table

    def _times(self, dtype: str) -> Table:
        table = plain_table(f"{dtype} parameters: seconds, and how many times those of fd.grad")
        rows = [row for row in self.rows if row.dtype == dtype]
        for heading in ("", *(row.network for row in rows)):
            table.add_column(heading, justify="right" if heading else "left", no_wrap=True)
        for tool in rows[0].times:
            table.add_row(tool, *(_cell(row, tool) for row in rows))
        table.add_row("first call", *(f"{row.first:.1f}" for row in rows))
        table.add_row("off jax.grad", *(f"{row.error:.0e}" for row in rows))
        return table

    def _growth(self) -> Table:
        table = plain_table("two_layer_net 784-H-10: seconds by width H")
        table.add_column("")
        for width in WIDTHS:
            table.add_column(f"H = {width}", justify="right")
        table.add_column("grows as", justify="right")
        for tool in self.growth[WIDTHS[0]]:
            seconds = [_seconds(self.growth[width][tool].seconds) for width in WIDTHS]
            table.add_row(tool, *seconds, f"H^{self.exponent(tool):.2f}")
        return table


def promises(rows: list[Row], proof: Proof) -> list[Promise]:
    """What purenet promises of fd.grad and of a proof in float64, against what was found."""
    by_name = {row.network: row for row in rows if row.dtype == "float64"}

    def of(make: Callable[[], Network]) -> Row:
        return by_name[make().name]

    wanted = [
        (two_layer_net, tools.LOOP, 60),
        (two_layer_net, tools.SCIPY, 100),
        (two_layer_net, tools.TORCH, 70),
        (mlp, tools.LOOP, 40),
        (cnn, tools.VMAPPED, 10),
        (transformer_block, tools.VMAPPED, 5),
        (softmax_regression, tools.VMAPPED, 10),
    ]
    found = [
        Promise(
            f"{of(make).network}: {least} times faster than {_NAMES[tool]}",
            f"{of(make).ratio(tool):.0f} times",
            of(make).ratio(tool) >= least,
        )
        for make, tool, least in wanted
        if tool in of(make).times
    ]
    book = of(two_layer_net)
    to_floor = 1 / book.ratio(FLOOR)
    of_loop = proof.first / book.times[tools.LOOP].seconds
    worst = max(by_name.values(), key=lambda row: row.error)
    return [
        *found,
        Promise(
            "book: within 2.5 times of its exponentials alone",
            f"{to_floor:.2f} times",
            to_floor <= 2.5,
        ),
        Promise(
            "book: first call within 3 seconds",
            f"{book.first:.1f} s",
            book.first < 3,
        ),
        Promise(
            "book: its backward proved whole in the time of its own gradient check",
            f"{proof.compared:,} derivatives, {of_loop:.2f} times",
            proof.compared == proof.coordinates and of_loop <= 1,
        ),
        Promise(
            "1e-9 off jax.grad at most",
            f"{worst.error:.1e} on {worst.network}",
            worst.error <= 1e-9,
        ),
    ]


def _cell(row: Row, tool: str) -> str:
    time = row.times[tool]
    about = "~" if time.share < 1 and tool != FLOOR else ""
    ratio = row.ratio(tool)
    times = "" if tool == tools.INCREMENTAL else f" {ratio:.{0 if ratio >= 10 else 1}f}x"
    return f"{about}{_seconds(time.seconds)}{times}"


def _seconds(seconds: float) -> str:
    """Two digits at least, and no exponent."""
    if seconds >= 10:
        return f"{seconds:.0f}"
    return f"{seconds:.1f}" if seconds >= 1 else f"{seconds:.2g}"
