"""Which planted errors of a gradient each checker finds, and which right ones it lets pass."""

from collections.abc import Iterable
from typing import Any

import jax
import numpy as np
from rich.console import Group
from rich.table import Table
from rich.text import Text

from comparisons.measures.detection import large, plants, verdicts
from comparisons.measures.detection.checkers import (
    AUTOGRAD,
    CHECKERS,
    JAX,
    PURENET,
    PURENET_TORCH,
)
from comparisons.measures.detection.large import Book, Large
from comparisons.measures.detection.verdicts import Verdict
from comparisons.measures.promises import Promise, kept, plain_table
from comparisons.measures.speed.networks import NETWORKS
from comparisons.measures.speed.tools import by_jax_grad
from comparisons.settings import Settings

_LEGEND = """\
A loss whose parameters pass an identity with a wrong backward pass; the row
says what is wrong with its gradient. 4/5: refused on four of the five
networks asked about. A checker that refuses the loss without error has found
nothing when it refuses another: it is not asked on that network (–: on none).
Those of JAX, chex and autograd, and PyTorch's fast mode, look along one
random direction; PyTorch's slow mode at every coordinate, as does purenet
where its budget allows. Torch slow is asked about softmax alone: one verdict
on book takes it a quarter of a minute; and so is pure torch, which is purenet
given the .grad of the same loss in PyTorch. Chex and JAX's are asked backwards
alone, since JAX's custom_vjp has no forward mode. Autograd's lets an ignored
argument pass, but warns of it."""
# short enough for seven of them in 80 columns
_HEADINGS = {JAX: "jax", AUTOGRAD: "auto grad", PURENET_TORCH: "pure torch"}
_PROMISED = (("float64", 1e-6), ("float32", 1e-3))
_GRADIENTS = 10  # a check takes five times the points, and confirms and judges them


def run(settings: Settings) -> "Detection":
    """Ask every checker about every plant, network by network."""
    found: list[Verdict] = []
    work = [
        (make, dtype, tool)
        for make in NETWORKS
        for dtype in (np.float64, np.float32)
        for tool in CHECKERS
    ]
    for make, dtype, tool in settings.track(work, "every checker on every network"):
        with jax.enable_x64(dtype is np.float64):
            network = make().cast(dtype)
            every = plants.planted(network, by_jax_grad(network))
            found += verdicts.of_tool(tool, network, every)
    with jax.enable_x64(False):
        searched = large.searched()
    return Detection(found, searched, large.book())


class Detection:
    """The tables of what was found, and the promises that purenet makes on them."""

    title = "Which planted errors of a gradient each checker finds."

    def __init__(self, verdicts: list[Verdict], searched: Large, book: Book):
        self.verdicts = verdicts
        self.searched = searched
        self.book = book
        self.promises = [*promises(verdicts), *costs(searched, book)]

    @property
    def holds(self) -> bool:
        """Whether every promise is kept."""
        return all(promise.holds for promise in self.promises)

    def __rich__(self) -> Group:
        """How to read it, a table a dtype, then the promises."""
        tables = [self._found(dtype) for dtype, _ in _PROMISED]
        return Group(
            Text(_LEGEND),
            "",
            *(part for table in tables for part in (table, "")),
            kept(self.promises),
        )

    def record(self) -> dict[str, Any]:
        """Every verdict, the false alarms once more, and the promises with their figures."""
        alarms = [v for v in self.verdicts if v.kind == plants.NOTHING and v.refused]
        return {
            "verdicts": [verdict._asdict() for verdict in self.verdicts],
            "large": self.searched._asdict(),
            "book": self.book._asdict(),
            "false_alarms": [
                {"tool": v.tool, "network": v.network, "dtype": v.dtype} for v in alarms
            ],
            "promises": [promise._asdict() for promise in self.promises],
        }

    def _found(self, dtype: str) -> Table:
        table = plain_table(f"{dtype}: on how many networks an error was found")
        of_dtype = [verdict for verdict in self.verdicts if verdict.dtype == dtype]
        tools = [tool for tool in CHECKERS if any(v.tool == tool for v in of_dtype)]
        table.add_column("", no_wrap=True)
        table.add_column("", justify="right", no_wrap=True)
        for tool in tools:
            table.add_column(_HEADINGS.get(tool, tool), justify="right", min_width=5)
        shown = None
        for kind, size in _rows(of_dtype):
            row = [v for v in of_dtype if (v.kind, v.size) == (kind, size)]
            cells = (cell(v for v in row if v.tool == tool) for tool in tools)
            table.add_row("" if kind == shown else kind, _size(size), *cells)
            shown = kind
        longest = (max(v.seconds for v in of_dtype if v.tool == tool) for tool in tools)
        table.add_row("longest verdict, seconds", "", *(f"{seconds:.1f}" for seconds in longest))
        return table


def cell(verdicts: Iterable[Verdict]) -> str:
    """On how many networks a checker found an error, or let the right gradient pass, of those."""
    said = [verdict for verdict in verdicts if verdict.refused is not None]
    right = sum(verdict.refused != (verdict.kind == plants.NOTHING) for verdict in said)
    return f"{right}/{len(said)}" if said else "–"


def promises(verdicts: list[Verdict]) -> list[Promise]:
    """What purenet promises to find and to let pass, against its verdicts."""
    ours = [verdict for verdict in verdicts if verdict.tool == PURENET]
    wrong = [v for v in ours if v.kind != plants.NOTHING]
    found = [
        _promise(
            f"{dtype}: every error of {_size(least)} or more is found",
            [v for v in wrong if v.dtype == dtype and v.size is not None and v.size >= least],
        )
        for dtype, least in _PROMISED
    ]
    structural = [v for v in wrong if v.dtype == "float64" and v.size is None]
    return [
        *found,
        _promise(
            "float64: every error of structure is found",
            [v for v in structural if v.kind != plants.IGNORED],
        ),
        _promise(
            "float64: every ignored argument is found",
            [v for v in structural if v.kind == plants.IGNORED],
        ),
        _promise("every loss without error passes", [v for v in ours if v.kind == plants.NOTHING]),
    ]


def costs(searched: Large, book: Book) -> list[Promise]:
    """What purenet promises of the price of a check."""
    right = searched.passes and searched.found == (searched.planted,)
    return [
        Promise(
            f"one wrong coordinate among {searched.coordinates:,} is found in fewer than 100 "
            "further evaluations",
            f"{searched.further} evaluations, {searched.seconds:.0f} s",
            right and searched.further < 100,
        ),
        Promise(
            f"book, every coordinate: checked end to end in the time of {_GRADIENTS} calls of "
            "fd.grad, once compiled",
            f"{book.gradients:.1f} calls, {book.seconds:.2f} s",
            book.gradients <= _GRADIENTS,
        ),
    ]


def _promise(sentence: str, verdicts: list[Verdict]) -> Promise:
    """Kept where every verdict is right; one that was not asked for is not."""
    missed = [v for v in verdicts if v.refused is not (v.kind != plants.NOTHING)]
    measured = f"{len(verdicts) - len(missed)} of {len(verdicts)}"
    if missed:
        first = missed[0]
        measured += f", not {first.kind} {_size(first.size)}".rstrip() + f" on {first.network}"
    return Promise(sentence, measured, bool(verdicts) and not missed)


def _rows(verdicts: list[Verdict]) -> list[tuple[str, float | None]]:
    """Kinds and sizes in the order of a network that has every plant."""
    return max(
        (
            list(dict.fromkeys((v.kind, v.size) for v in verdicts if v.network == network))
            for network in {v.network: None for v in verdicts}
        ),
        key=len,
    )


def _size(size: float | None) -> str:
    return "" if size is None else f"{size:.0e}".replace("e-0", "e-")
