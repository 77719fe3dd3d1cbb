"""A value as short text: scalars to 12 digits, arrays in as few as tell their elements apart."""

from collections.abc import Iterable
from typing import Any

import numpy as np

SCALAR_DIGITS = 12
ARRAY_DIGITS = (5, 6, 7, 8)
NARROW_DIGITS = (4, 3, 2)
ENDS_DIGITS = 3
LINES = 8
GAP = "…"


def text(value: Any, width: int) -> str:
    """The value as lines; those of numbers fit ``width`` characters, words may need wrapping.

    Scalars show 12 digits. A matrix stands in columns, a vector runs over lines: in 5 digits, in up
    to 8 where distinct elements would look alike, in fewer where the width is short. What still
    does not fit keeps its first and last elements and names its shape. None is a dash.

    >>> text(0.92806853663411326, 30)
    '0.928068536634'
    >>> print(text([[0.25, -0.5], [1.0, 3.14159265]], 30))
    0.2500 -0.5000
    1.0000  3.1416
    """
    if value is None:
        return "–"
    array = _numbers(value)
    if array is None:
        words = isinstance(value, list | tuple) and all(isinstance(item, str) for item in value)
        return ", ".join(value) if words else str(value)
    if array.size == 1:
        return scalar(array.item())
    if array.size == 0:
        return f"empty, shape {array.shape}"
    return _grid(array, width)


def scalar(value: float | bool) -> str:
    """One number to 12 significant digits; whole numbers and booleans as they are."""
    return f"{value:.{SCALAR_DIGITS}g}" if isinstance(value, float) else str(value)


def _numbers(value: Any) -> np.ndarray | None:
    """The value as an array of numbers or booleans, or None where it is something else."""
    try:
        array = np.asarray(value)
    except ValueError:  # a ragged list
        return None
    return array if array.dtype.kind in "biuf" else None


def _grid(array: np.ndarray, width: int) -> str:
    rows = array.reshape(-1, array.shape[-1])
    for digits in _candidates(rows):
        cells = _cells(rows, digits)
        if array.ndim == 1:
            cells = _folded(cells[0], width)
        lines = _aligned(cells)
        if len(lines) <= LINES and max(map(len, lines)) <= width:
            return "\n".join(lines)
    return "\n".join([f"shape {array.shape}", *_aligned(_ends(rows))])


def _candidates(rows: np.ndarray) -> Iterable[int]:
    """Numbers of digits, the best first: distinct elements should look distinct, if that fits."""
    distinct = len(np.unique(rows))
    telling = (
        digits
        for digits in ARRAY_DIGITS
        if len({cell for row in _cells(rows, digits) for cell in row}) == distinct
    )
    return (next(telling, ARRAY_DIGITS[0]), ARRAY_DIGITS[0], *NARROW_DIGITS)


def _cells(rows: np.ndarray, digits: int) -> list[list[str]]:
    """Every element as text, all with the decimals that give the largest one its digits."""
    if rows.dtype.kind != "f":
        return [[str(item) for item in row] for row in rows.tolist()]
    finite = rows[np.isfinite(rows)]
    largest = float(np.max(np.abs(finite), initial=0.0))
    if np.all(finite == np.round(finite)) and largest < 1e6:
        form = ".0f"
    elif 1e-3 <= largest < 1e5:
        form = f".{max(digits - 1 - int(np.floor(np.log10(largest))), 0)}f"
    else:
        form = f".{digits - 1}e"
    return [[_cell(item, form) for item in row] for row in rows.tolist()]


def _cell(item: float, form: str) -> str:
    if item == 0:
        return "0"
    cell = f"{item:{form}}"
    return cell if cell.strip("-0.") else f"{item:.1e}"  # what is not zero must not look like it


def _folded(cells: list[str], width: int) -> list[list[str]]:
    """One row of cells over as many lines as the width needs."""
    cell_width = max(map(len, cells)) + 1
    each = max((width + 1) // cell_width, 1)
    return [cells[start : start + each] for start in range(0, len(cells), each)]


def _aligned(cells: list[list[str]]) -> list[str]:
    """Lines of cells, each column right-aligned in its own width."""
    columns = range(len(cells[0]))
    widths = [max(len(row[column]) for row in cells if column < len(row)) for column in columns]
    return [
        " ".join(cell.rjust(width) for cell, width in zip(row, widths, strict=False))
        for row in cells
    ]


def _ends(rows: np.ndarray) -> list[list[str]]:
    """The first and last columns of the first and last rows, with a gap for what lies between."""
    columns = sorted({0, rows.shape[1] - 1})
    picked = _cells(rows[sorted({0, 1 % len(rows), len(rows) - 1})][:, columns], ENDS_DIGITS)
    if rows.shape[1] > 2:
        picked = [[row[0], GAP, row[-1]] for row in picked]
    if len(rows) > 3:
        picked.insert(2, [GAP])
    return picked
