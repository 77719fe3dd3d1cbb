"""What one way of comparing found: the parts of a report, and what a diagnosis starts from."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from purenet import trees
from purenet.check.found import Coordinate, LeafReport
from purenet.check.question import Question
from purenet.fd.setup import Setup


class Suspect(NamedTuple):
    """The coordinate where two derivatives differ most, for a second opinion.

    Attributes:
        setup: the function and its base point.
        question: what is differentiated.
        leaf: the leaf's position.
        coordinate: among its real coordinates.
        output: of which output.
        values: both derivatives.
    """

    setup: Setup
    question: Question
    leaf: int
    coordinate: int
    output: int
    values: Coordinate


class Proof(NamedTuple):
    """What a comparison of one question came to; the fields are those of `GradientReport`."""

    leaves: Sequence[LeafReport] = ()
    failures: Sequence[str] = ()
    culprits: Sequence[Coordinate] = ()
    suspects: Sequence[Suspect] = ()
    notes: Sequence[str] = ()
    method: str = ""
    undecided: Sequence[str] = ()
    directions: int = 0
    evaluations: int = 0


def named(
    setup: Setup, question: Question, leaf: int, coordinate: int, output: int
) -> tuple[str, str]:
    """The path of one coordinate, and the name of one output."""
    x = setup.evaluator.leaves[leaf]
    path = trees.coordinate_path(setup.paths[leaf], x.shape, coordinate % max(x.size, 1))
    if np.iscomplexobj(x):
        path += ".real" if coordinate < x.size else ".imag"
    return path, "" if question.outputs is None else f"output {output}"


def joined(proofs: Sequence[Proof]) -> Proof:
    """One proof of what several have proved, in their order."""
    return Proof(
        leaves=[leaf for proof in proofs for leaf in proof.leaves],
        failures=[failure for proof in proofs for failure in proof.failures],
        culprits=[culprit for proof in proofs for culprit in proof.culprits],
        suspects=[suspect for proof in proofs for suspect in proof.suspects],
        notes=[note for proof in proofs for note in proof.notes],
        undecided=[one for proof in proofs for one in proof.undecided],
        directions=sum(proof.directions for proof in proofs),
        method="; ".join(proof.method for proof in proofs if proof.method),
    )
