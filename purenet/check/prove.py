"""The proof of a posed problem: its questions, each compared in the way its size allows."""

from collections.abc import Callable, Sequence
from typing import Any

import jax
import numpy as np

from purenet import jaxprs
from purenet.check import exhaustive, sampled
from purenet.check.dependence import Dependence
from purenet.check.proof import Proof, joined
from purenet.check.question import ENTRIES, asked
from purenet.fd.options import Options
from purenet.fd.problem import Problem
from purenet.fd.setup import Setup, prepare, require_finite_base


def proved(
    problem: Problem,
    options: Options,
    *,
    order: int,
    modes: Sequence[str],
    budget: float | int,
    key: jax.Array,
    depends: Callable[[Setup], Dependence] | None = None,
    shapes: Sequence[tuple[int, ...]] = (),
    entries: int = ENTRIES,
) -> Proof:
    """Compare the derivatives of a problem.

    Args:
        problem: the function and its leaves.
        options: of the finite differences.
        order: 1, or 2 for the gradient's derivative too.
        modes: "rev", "fwd".
        budget: seconds for every coordinate; beyond, random directions are compared.
        key: draws projections and directions.
        depends: how the function depends on its leaves, asked before any derivative is compared.
        shapes: of the data, whose sizes may explain a factor.
        entries: of a Jacobian that is compared whole; of a larger one, a weighted sum of its rows.
    """
    proofs, states, evaluations = [], [""] * len(problem.movable), 0
    for question in asked(problem, order, key, shapes, entries):
        setup = prepare(question.problem, options, whole_leaves=True)
        base = _base(setup)
        if depends is not None and not proofs:
            states, failures = depends(setup)
            proofs.append(Proof(failures=failures))
        if all(state == "ignored" for state in states):
            break
        exhaustively = sampled.seconds(setup) <= budget
        prove = exhaustive.prove if exhaustively else sampled.prove
        proofs.append(prove(setup, question, base, modes, states, key))
        evaluations += setup.evaluator.evaluations
    return joined(proofs)._replace(evaluations=evaluations)


def _base(setup: Setup) -> list[np.ndarray]:
    with jaxprs.working_precision(True):
        base: list[Any] = [np.asarray(out) for out in setup.evaluator.base()]
    require_finite_base(base)
    return base
