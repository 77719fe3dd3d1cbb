"""The derivatives at a point compared: of each target, in the way that its size allows."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from purenet import jaxprs
from purenet.check import exhaustive, sampled
from purenet.check.by_jax import refused, witness
from purenet.check.comparison import Comparison, joined
from purenet.check.dependence import Dependence
from purenet.check.found import DIRECTIONS, INTERRUPTED, UNCOMPARED
from purenet.check.given import given_witness
from purenet.check.inexact import Inexact, left_by_solvers, left_by_stopping
from purenet.check.rule import Rule
from purenet.check.target import ENTRIES, Seed, Target, black_box_target, targets_of
from purenet.check.witness import Witness
from purenet.fd.options import Options
from purenet.fd.point import Point
from purenet.fd.requirements import require_finite_base
from purenet.fd.setup import Setup, on_host, prepared
from purenet.fd.watch import Watch

# without it test_an_iteration_that_stops_at_a_tolerance_is_right_to_that_tolerance fails
_EXACT = 1e-13  # by less a solver that stops at round-off may move a derivative too
# without it test_an_iteration_that_stops_at_a_tolerance_is_right_to_that_tolerance fails
_LEFT = 4.0  # times what a solver's tolerance leaves: the same solver in other digits leaves more


def compare_derivatives(
    point: Point,
    traced: jaxprs.Traced | Setup,
    options: Options,
    *,
    order: int,
    modes: Sequence[str],
    budget: float | int,
    seed: Seed,
    depends: Callable[[Setup], Dependence] | None = None,
    flat: Callable[[Target, int], str] | None = None,
    shapes: Sequence[tuple[int, ...]] = (),
    entries: int = ENTRIES,
    rule: Rule | None = None,
    rtol: float = 0.0,
    watch: Watch | None = None,
) -> Comparison:
    """Compare the derivatives of a function at a point.

    Args:
        point: the function and its leaves.
        traced: its program; or its setup on the host, where it cannot be traced.
        options: of the finite differences.
        order: 1, or 2 for the gradient's derivative too.
        modes: "rev", "fwd".
        budget: seconds for every coordinate; beyond, random directions are compared.
        seed: draws projections and directions.
        depends: how the function depends on its leaves, asked before any derivative is compared.
        flat: a sentence where a leaf moves the function only through what has no derivative; asked
            of leaves whose derivatives are zero.
        shapes: of the data, whose sizes may explain a factor.
        entries: of a Jacobian that is compared whole; of a larger one, a weighted sum of its rows.
        rule: the derivative that is given, in place of JAX's.
        rtol: the fraction of a leaf's largest derivative that the derivatives may be off by.
    """
    parts, states, evaluations = [], [""] * len(point.movable), 0
    if isinstance(traced, Setup):
        targets = [
            black_box_target(point, traced.outputs, traced.output_tree, seed, shapes, entries)
        ]
    else:
        targets = targets_of(point, traced, order, seed, shapes, entries)
    for target in targets:
        if target.traced is None:
            setup = on_host(target.point, options, watch=watch)
        else:
            setup = prepared(point, target.traced, options, whole_leaves=True, watch=watch)
        base = _base(setup)
        if depends is not None and not parts:
            states, failures = depends(setup)
            parts.append(Comparison(failures=failures))
        if all(state == "ignored" for state in states):
            break
        if rule is None:
            witnesses, notes = _witnesses(target, modes)
        else:
            target = target._replace(side="given")
            # what evaluates in fewer digits gives its derivative in them too
            double = all(jaxprs.wide_dtype(x.dtype) == x.dtype for x in setup.evaluator.leaves)
            witnesses, notes = [given_witness(target, rule, double=double)], []
        left = left_by_solvers(target)
        if left > _EXACT:
            notes = [*notes, _said_of_solvers(left)]
        # what is given was computed by the solver as it is
        inexact = max(rtol, _LEFT * left if rule is not None else 0.0)
        if inexact:
            witnesses = [Inexact(one, inexact) for one in witnesses]
        exhaustively = sampled.seconds(setup, budget) <= budget
        compare = exhaustive.compare if exhaustively else sampled.compare
        try:
            part = compare(setup, target, base, witnesses, states, seed, budget)
            left = left_by_stopping(target, seed) if part.suspects else 0.0
            if left > _EXACT:
                notes = [*notes, _said_of_stopping(left)]
                witnesses = [Inexact(one, _LEFT * left) for one in witnesses]
                part = compare(setup, target, base, witnesses, states, seed, budget)
        except KeyboardInterrupt:
            part = Comparison(undecided=[INTERRUPTED], partial=True)
        if flat is not None and target.traced is not None and target.label == "the function":
            part = _with_flat(part, target, flat)
        parts += [part, Comparison(notes=notes)]
        evaluations += setup.evaluator.evaluations
        if part.partial:
            break
    return joined(parts)._replace(evaluations=evaluations)


def _said_of_solvers(left: float) -> str:
    return (
        f"agrees to {left:.0e} of the largest derivative at best, which is what the tolerance of "
        "an iterative linear solver leaves; with it solved to round-off both sides were compared"
    )


def _said_of_stopping(left: float) -> str:
    return (
        f"held to {_LEFT * left:.0e} of the largest derivative, which is what the tolerance of a "
        f"solver leaves: one more round of it moves the derivative by {left:.0e}"
    )


def _witnesses(target: Target, modes: Sequence[str]) -> tuple[list[Witness], list[str]]:
    """JAX's derivative in each mode that it has, and a note on the others.

    Raises:
        TypeError, ValueError: what JAX says, where it has none of them.
    """
    found, notes = [], []
    for mode in modes:
        try:
            found.append(witness(target, mode))
        except (TypeError, ValueError) as error:
            if not refused(mode, error) or (mode == modes[-1] and not found):
                raise
            notes.append(f"{mode} mode was left out: JAX does not have it for this function")
    return found, notes


def _with_flat(part: Comparison, target: Target, flat: Callable[[Target, int], str]) -> Comparison:
    """A comparison in which leaves without a derivative to prove have failed."""
    unmoved = ("zero on both sides", DIRECTIONS, UNCOMPARED)
    zero = {leaf.path for leaf in part.leaves if leaf.verdict in unmoved}
    failures, leaves = list(part.failures), list(part.leaves)
    for i, path in enumerate(target.paths):
        sentence = flat(target, i) if path in zero and np.size(target.moved[i]) else ""
        if sentence:
            failures.append(sentence)
            leaves = [replace(leaf, state="flat") if leaf.path == path else leaf for leaf in leaves]
    return part._replace(failures=failures, leaves=leaves)


def _base(setup: Setup) -> list[np.ndarray]:
    with jaxprs.working_precision(True):
        base: list[Any] = [np.asarray(out) for out in setup.evaluator.base()]
    require_finite_base(base)
    return base
