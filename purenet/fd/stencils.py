"""Finite-difference stencils: where to evaluate, and with which weights, for a given order."""

from collections.abc import Sequence
from fractions import Fraction
from functools import lru_cache
from typing import NamedTuple

ORDERS = (2, 4, 6, 8)
METHODS = ("central", "forward", "backward")


class Stencil(NamedTuple):
    """f'(x) ~ sum_k weights[k] f(x + offsets[k] h) / h, with an error of h^order."""

    offsets: tuple[int, ...]
    weights: tuple[float, ...]
    order: int


@lru_cache(maxsize=32)
def stencil(method: str, order: int) -> Stencil:
    """The stencil of a method ("central", "forward", "backward") and an order (2, 4, 6, 8).

    Central stencils have ``order`` points and no centre; one-sided ones ``order + 1`` points, x
    among them. Weights are solved for in exact fractions.

    Source: Fornberg, Mathematics of Computation 51:699, 1988.

    >>> stencil("central", 2)
    Stencil(offsets=(-1, 1), weights=(-0.5, 0.5), order=2)
    """
    if method == "central":
        half = order // 2
        offsets = [k for k in range(-half, half + 1) if k != 0]
    else:
        direction = 1 if method == "forward" else -1
        offsets = [direction * k for k in range(order + 1)]
    weights = derivative_weights([Fraction(k) for k in offsets])
    return Stencil(tuple(offsets), tuple(map(float, weights)), order)


def derivative_weights(offsets: Sequence[Fraction]) -> list[Fraction]:
    """The weights that differentiate every polynomial of degree < len(offsets) exactly at 0.

    They solve sum_k weights[k] offsets[k]^j = 1 for j = 1 and 0 for every other j.

    >>> [str(w) for w in derivative_weights([Fraction(-1), Fraction(1)])]
    ['-1/2', '1/2']
    """
    size = len(offsets)
    rows = [[x**j for x in offsets] + [Fraction(int(j == 1))] for j in range(size)]
    for column in range(size):
        pivot = next(r for r in range(column, size) if rows[r][column] != 0)
        rows[column], rows[pivot] = rows[pivot], rows[column]
        rows[column] = [v / rows[column][column] for v in rows[column]]
        for r in range(size):
            if r != column and rows[r][column] != 0:
                factor = rows[r][column]
                rows[r] = [v - factor * p for v, p in zip(rows[r], rows[column], strict=True)]
    return [row[-1] for row in rows]


def extrapolation_weights(length: int, ratio: int = 2) -> list[Fraction]:
    """The weights that extrapolate values at steps h, h/2, h/4, ... to step zero, in powers of h².

    Steps may fall by another ratio than two.

    >>> [str(w) for w in extrapolation_weights(2)]
    ['-1/3', '4/3']
    """
    squares = [Fraction(1, ratio ** (2 * k)) for k in range(length)]
    weights = []
    for k, own in enumerate(squares):
        weight = Fraction(1)
        for i, other in enumerate(squares):
            weight *= 1 if i == k else other / (other - own)
        weights.append(weight)
    return weights
