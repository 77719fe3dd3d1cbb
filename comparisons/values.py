"""A value as short text: scalars to 12 digits, arrays in as few as tell their elements apart."""

from typing import Any

import numpy as np

SCALAR_DIGITS = 12
ARRAY_DIGITS = (5, 4, 6, 7, 8)
NARROW_DIGITS = (5, 4, 3, 2)
LINES = 6
GAP = "…"


def text(value: Any, width: int) -> str:
    """The value as lines; those of numbers fit ``width`` characters, words may need wrapping.

    Scalars show 12 digits. A matrix stands in columns, a vector on one line or on several: in 4 or
    5 digits, in up to 8 where distinct elements would look alike, in fewer where the width is
    short. What still does not fit keeps its ends and names its shape. None is a dash.

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
    if len(rows) > LINES or array.size > LINES * width:  # whole, it fits in no number of digits
        return _shortened(array.shape, rows, width)
    telling = _telling_digits(rows)
    whole = [_cells(rows, digits) for digits in (*telling, *NARROW_DIGITS)]
    if array.ndim == 1:  # on one line if its elements then still look distinct, else on several
        whole = [*whole[: len(telling)], *(_folded(cells[0], width) for cells in whole)]
    for cells in whole:
        lines = _aligned(cells)
        if len(lines) <= LINES and _fit(lines, width):
            return "\n".join(lines)
    return _shortened(array.shape, rows, width)


def _shortened(shape: tuple[int, ...], rows: np.ndarray, width: int) -> str:
    """The shape, and the ends of rows and columns in as many digits as fit."""
    shorter = ((2, 4), (2, 3), (1, 4), (1, 3), (1, 2))
    ends = [_aligned(_ends(rows, first, digits)) for first, digits in shorter]
    lines = next((lines for lines in ends if _fit(lines, width)), ends[-1])
    return "\n".join([f"shape {shape}", *lines])


def _fit(lines: list[str], width: int) -> bool:
    return max(map(len, lines)) <= width


def _telling_digits(rows: np.ndarray) -> list[int]:
    """Numbers of digits in which distinct elements look distinct, the best first."""
    distinct = len(np.unique(rows))
    return [
        digits
        for digits in ARRAY_DIGITS
        if len({cell for row in _cells(rows, digits) for cell in row}) == distinct
    ]


def _cells(rows: np.ndarray, digits: int) -> list[list[str]]:
    """Every element as text, all with the decimals that give the largest one its digits."""
    if rows.dtype.kind != "f":
        return [[str(item) for item in row] for row in rows.tolist()]
    largest = float(np.max(np.abs(rows), initial=0.0, where=np.isfinite(rows)))
    if largest and not 1e-3 <= largest < 1e6:
        form = f".{digits - 1}e"
    else:
        magnitude = int(np.floor(np.log10(largest or 1.0)))
        form = f".{_decimals(rows, max(digits - 1 - magnitude, 0))}f"
    return [[_cell(item, form) for item in row] for row in rows.tolist()]


def _decimals(rows: np.ndarray, most: int) -> int:
    """As few decimals as show every element exactly, or the most allowed."""
    finite = rows[np.isfinite(rows)]
    exact = (decimals for decimals in range(most) if np.all(np.round(finite, decimals) == finite))
    return next(exact, most)


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


def _ends(rows: np.ndarray, first: int, digits: int) -> list[list[str]]:
    """The first and last row, each with its first columns and its last, and gaps between them."""
    cells = _cells(rows[_end_indices(len(rows), 1)], digits)
    columns = _end_indices(rows.shape[1], first)
    picked = [[row[column] for column in columns] for row in cells]
    if rows.shape[1] > first + 1:
        picked = [[*row[:first], GAP, row[-1]] for row in picked]
    if len(rows) > 2:
        picked.insert(1, [GAP])
    return picked


def _end_indices(length: int, first: int) -> list[int]:
    return sorted({*range(min(first, length)), length - 1})
