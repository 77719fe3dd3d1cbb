"""What one way of comparing found: the parts of a report, and what a diagnosis starts from."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from purenet import trees
from purenet.check.found import Coordinate, LeafReport
from purenet.check.target import Target
from purenet.fd.setup import Setup


class Suspect(NamedTuple):
    """The coordinate where two derivatives differ most, for a second opinion.

    Attributes:
        setup: the function and its base point.
        target: what is differentiated.
        leaf: the leaf's position.
        coordinate: among its real coordinates.
        output: of which output.
        values: both derivatives.
    """

    setup: Setup
    target: Target
    leaf: int
    coordinate: int
    output: int
    values: Coordinate


class Comparison(NamedTuple):
    """What a comparison of one target came to; the fields are those of `GradientReport`."""

    leaves: Sequence[LeafReport] = ()
    failures: Sequence[str] = ()
    culprits: Sequence[Coordinate] = ()
    suspects: Sequence[Suspect] = ()
    notes: Sequence[str] = ()
    method: str = ""
    undecided: Sequence[str] = ()
    directions: int = 0
    evaluations: int = 0
    partial: bool = False


def named(setup: Setup, target: Target, leaf: int, coordinate: int, output: int) -> tuple[str, str]:
    """The path of one coordinate, and the name of one output."""
    x = setup.evaluator.leaves[leaf]
    path = trees.coordinate_path(setup.paths[leaf], x.shape, coordinate % max(x.size, 1))
    if np.iscomplexobj(x):
        path += ".real" if coordinate < x.size else ".imag"
    return path, "" if target.outputs is None else f"output {output}"


def joined(parts: Sequence[Comparison]) -> Comparison:
    """One comparison of all that several have compared, in their order."""
    return Comparison(
        leaves=[leaf for comparison in parts for leaf in comparison.leaves],
        failures=[failure for comparison in parts for failure in comparison.failures],
        culprits=[culprit for comparison in parts for culprit in comparison.culprits],
        suspects=[suspect for comparison in parts for suspect in comparison.suspects],
        notes=[note for comparison in parts for note in comparison.notes],
        undecided=[one for comparison in parts for one in comparison.undecided],
        directions=sum(comparison.directions for comparison in parts),
        partial=any(comparison.partial for comparison in parts),
        method="; ".join(comparison.method for comparison in parts if comparison.method),
    )
