"""What is planted: errors of a gradient, each written once, as what it does to single leaves."""

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np

from comparisons.measures.speed.libraries import Library
from comparisons.measures.speed.networks import Network

NOTHING = "no error: passes"
COORDINATE = "one coordinate off by"
SMALL_COORDINATE = "a thousandth off by"
ROW = "one row off by"
LEAF = "one leaf off by"
EVERYTHING = "everything off by"
NEGATED_COORDINATE = "one coordinate negated"
NEGATED_LEAF = "one leaf negated"
TRANSPOSED = "a leaf transposed"
ZERO_LEAF = "a leaf without gradient"
ZERO_ROW = "a row without gradient"
ROLLED = "rows shifted by one"
WRONG_AXIS = "mean over the wrong axis"
UNAVERAGED = "sum for mean over batch"
IGNORED = "argument ignored"

SIZES = (1e-1, 1e-2, 1e-3, 1e-4, 1e-5, 1e-6, 1e-7)

_TELLING = 1e-3  # of the gradient's largest: below it, a coordinate is lost among the others


class Change(NamedTuple):
    """What becomes of a leaf's gradient: read in another order, then multiplied.

    Linear, as every backward pass is, so that it may stand anywhere in one.
    """

    factor: np.ndarray
    order: np.ndarray | None = None

    def of(self, library: Library, gradient: Any) -> Any:
        """The wrong gradient, in any of the libraries."""
        if self.order is not None:
            flat = gradient.reshape(-1)[library.array(self.order)]
            gradient = flat.reshape(gradient.shape)
        return library.array(self.factor) * gradient


class Plant(NamedTuple):
    """One error, ready for one network.

    Attributes:
        kind: one of the names above, which the table shows.
        size: the relative error, where it has one to choose.
        changes: of the leaves that are not handed on as they are, by name.
    """

    kind: str
    size: float | None
    changes: dict[str, Change]


def planted(network: Network, gradient: Mapping[str, Any]) -> list[Plant]:
    """Every plant for a network of this gradient, the one without error first."""
    name, where = telling_coordinate(gradient, network)
    _, small = telling_coordinate(gradient, network, share=0.0)
    leaf = network.parameters[name]
    row = (where[0],)

    def times(factor: float, at: tuple[int, ...] = ()) -> Change:
        """The leaf multiplied: where ``at`` says so, or all of it."""
        factors = np.ones_like(leaf)
        factors[at] = factor
        return Change(factors if at else np.asarray(factor, leaf.dtype))

    def everywhere(factor: float) -> dict[str, Change]:
        return dict.fromkeys(network.parameters, times(factor))

    def reordered(positions: np.ndarray) -> dict[str, Change]:
        return {name: Change(np.ones((), leaf.dtype), positions.ravel())}

    positions = np.arange(leaf.size).reshape(leaf.shape)
    oblong, ratio = _oblong(network)
    return [
        Plant(NOTHING, None, {}),
        *(Plant(COORDINATE, e, {name: times(1 + e, where)}) for e in SIZES),
        *(Plant(SMALL_COORDINATE, e, {name: times(1 + e, small)}) for e in SIZES),
        *(Plant(ROW, e, {name: times(1 + e, row)}) for e in SIZES),
        *(Plant(LEAF, e, {name: times(1 + e)}) for e in SIZES),
        *(Plant(EVERYTHING, e, everywhere(1 + e)) for e in SIZES),
        Plant(NEGATED_COORDINATE, None, {name: times(-1, where)}),
        Plant(NEGATED_LEAF, None, {name: times(-1)}),
        Plant(TRANSPOSED, None, reordered(positions.T)),
        Plant(ZERO_LEAF, None, {name: times(0)}),
        Plant(ZERO_ROW, None, {name: times(0, row)}),
        Plant(ROLLED, None, reordered(np.roll(positions, 1, axis=0))),
        Plant(WRONG_AXIS, None, {oblong: times(ratio)}),
        Plant(UNAVERAGED, None, everywhere(len(network.data[0]))),
        Plant(IGNORED, None, {}),
    ]


def telling_coordinate(
    gradient: Mapping[str, Any], network: Network, share: float = 0.5
) -> tuple[str, tuple]:
    """The first weight matrix and a coordinate of it, of those whose gradient tells.

    By size: their median, or with ``share`` 0 the smallest, a thousandth of the largest.
    """
    name = next(name for name, p in network.parameters.items() if p.ndim > 1)
    sizes = np.abs(np.asarray(gradient[name]))
    largest = max(float(np.max(np.abs(leaf))) for leaf in gradient.values())
    order = np.argsort(sizes, axis=None)
    telling = order[sizes.ravel()[order] >= _TELLING * largest]
    flat = telling[int(share * len(telling))]
    return name, tuple(int(i) for i in np.unravel_index(flat, sizes.shape))


def _oblong(network: Network) -> tuple[str, float]:
    """The first matrix whose sides differ, and their ratio."""
    for name, p in network.parameters.items():
        if p.ndim == 2 and p.shape[0] != p.shape[1]:
            return name, p.shape[0] / p.shape[1]
    raise ValueError(
        f"got {network.name}, all of whose matrices are square; wanted one that is not"
    )
