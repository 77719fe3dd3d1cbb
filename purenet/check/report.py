"""The report of a comparison: one row a leaf, readable as text, as a table and in a notebook."""

from dataclasses import dataclass
from html import escape
from typing import Any


@dataclass(frozen=True)
class LeafReport:
    """How one leaf's gradient by jax.grad compares with its finite difference.

    Attributes:
        path: the leaf's path, ``params['W1']``.
        shape: its shape.
        largest: the largest magnitude of the leaf's gradient, by either side.
        difference: the largest absolute difference of the two.
        tolerance: what the difference may be.
        worst: the path of the coordinate where difference exceeds tolerance most, or comes closest.
        by_jax: jax.grad's value there.
        by_differences: the finite difference there.
        disagreeing: the number of coordinates beyond their tolerance.
        strategy: how the coordinates were evaluated, and why.
    """

    path: str
    shape: tuple[int, ...]
    largest: float
    difference: float
    tolerance: float
    worst: str
    by_jax: float | complex
    by_differences: float | complex
    disagreeing: int
    strategy: str

    @property
    def ok(self) -> bool:
        """Whether every coordinate agrees."""
        return self.disagreeing == 0


@dataclass(frozen=True)
class GradientReport:
    """The comparison of a whole gradient; ``str()`` is a table, ``ok`` the verdict."""

    leaves: tuple[LeafReport, ...]

    @property
    def ok(self) -> bool:
        """Whether every coordinate of every leaf agrees."""
        return all(leaf.ok for leaf in self.leaves)

    def __str__(self) -> str:
        """The verdict, a plain table of one row a leaf, and how each leaf was evaluated."""
        rows = [_HEADINGS, *map(_cells, self.leaves)]
        widths = [max(len(row[column]) for row in rows) for column in range(len(_HEADINGS))]
        lines = [
            "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
            for row in rows
        ]
        return "\n".join([self._verdict(), *lines, *self._strategies()])

    def __rich__(self) -> Any:
        """A rich table."""
        from rich.table import Table

        caption = "\n".join(self._strategies())
        table = Table(*_HEADINGS, title=self._verdict(), caption=caption, caption_justify="left")
        for leaf in self.leaves:
            table.add_row(*_cells(leaf), style=None if leaf.ok else "bold red")
        return table

    def _repr_html_(self) -> str:
        head = "".join(f"<th>{escape(heading)}</th>" for heading in _HEADINGS)
        body = "".join(
            "<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in _cells(leaf)) + "</tr>"
            for leaf in self.leaves
        )
        caption = escape(self._verdict())
        evaluated = "<br>".join(map(escape, self._strategies()))
        return (
            f"<table><caption>{caption}</caption><thead><tr>{head}</tr></thead>"
            f"<tbody>{body}</tbody></table><p>{evaluated}</p>"
        )

    def _strategies(self) -> list[str]:
        """How the leaves were evaluated, those of one way in one line."""
        ways: dict[str, list[str]] = {}
        for leaf in self.leaves:
            ways.setdefault(leaf.strategy, []).append(leaf.path)
        return [f"{', '.join(paths)} evaluated {way}" for way, paths in ways.items()]

    def _verdict(self) -> str:
        wrong = sum(leaf.disagreeing for leaf in self.leaves)
        if self.ok:
            return "jax.grad agrees with the finite difference at every coordinate"
        noun = "coordinate" if wrong == 1 else "coordinates"
        return f"jax.grad disagrees with the finite difference at {wrong} {noun}"


_HEADINGS = (
    "leaf",
    "shape",
    "largest",
    "difference",
    "allowed",
    "worst at",
    "jax",
    "fd",
    "verdict",
)


def _cells(leaf: LeafReport) -> tuple[str, ...]:
    verdict = "agrees" if leaf.ok else f"{leaf.disagreeing} disagree"
    return (
        leaf.path,
        str(leaf.shape),
        f"{leaf.largest:.3g}",
        f"{leaf.difference:.2g}",
        f"{leaf.tolerance:.2g}",
        leaf.worst,
        f"{leaf.by_jax:.8g}",
        f"{leaf.by_differences:.8g}",
        verdict,
    )
