"""Every coordinate: JAX's derivative held against finite differences with their bounds."""

from collections.abc import Sequence
from typing import Any

import jax
import numpy as np

from purenet import jaxprs
from purenet.check import sampled
from purenet.check.automatic import Automatic, derivatives, refused
from purenet.check.judging import (
    CEILING,
    DEMAND,
    Verdicts,
    confirmed,
    judged,
    largest,
    own_size,
    with_constants,
)
from purenet.check.patterns import patterns
from purenet.check.proof import Proof, Suspect, joined, named
from purenet.check.question import Question
from purenet.check.report import Coordinate, LeafReport, Values
from purenet.fd.bounded import Bounded, bounded
from purenet.fd.differences import coordinate_count
from purenet.fd.incremental.evaluator import WIDTH
from purenet.fd.setup import Setup

_FORWARD = 256  # coordinates up to which forward mode takes each
_SHOWN = 5  # kinks and undecided coordinates that are written out


def prove(
    setup: Setup,
    question: Question,
    base: Sequence[np.ndarray],
    modes: Sequence[str],
    states: Sequence[str],
    key: jax.Array,
) -> Proof:
    """Compare every coordinate in reverse mode; in forward mode too where there are few of them.

    Of many coordinates forward mode, which takes one pass for each, is compared along directions.
    """
    found = differences(setup, base, states)
    coordinates = sum(len(leaf.value) for leaf in found)
    by_mode, notes, parts = {}, [], []
    for mode in modes:
        try:
            if mode == "fwd" and coordinates > _FORWARD:
                part = sampled.prove(setup, question, base, ["fwd"], states, key)
                parts.append(part._replace(leaves=[]))
            else:
                by_mode[mode] = derivatives(question, mode)
        except (TypeError, ValueError) as error:
            if not refused(mode, error) or (mode == modes[-1] and not by_mode and not parts):
                raise
            notes.append(f"{mode} mode was left out: JAX does not have it for this function")
    modes_found = list(by_mode.values())
    found = [confirmed(setup, base, i, first, modes_found) for i, first in enumerate(found)]
    found = with_constants(question, found, modes_found)
    reports, suspects = [], []
    for leaf, again in enumerate(found):
        vanishes = any(np.isinf(largest(again, by, leaf)) for by in modes_found)
        asked = vanishes and again.value.size and not states[leaf]
        size = own_size(setup, base, leaf) if asked else np.inf
        for mode, by in by_mode.items():
            report, suspect = _leaf_report(
                setup, question, mode, leaf, again, by, states[leaf], size
            )
            reports.append(report)
            suspects += suspect
    proof = Proof(
        leaves=reports,
        suspects=suspects,
        notes=notes,
        method=_method(question, coordinates, reports, list(by_mode)) if by_mode else "",
    )
    return joined([proof, *parts])


def _method(question: Question, coordinates: int, reports: list, modes: list[str]) -> str:
    """What was compared, and the smallest error it would have shown."""
    bounds = [
        float(np.max(report.values.bound[np.isfinite(report.values.bound)], initial=0.0))
        for report in reports
        if report.values is not None
    ]
    most = max((report.largest for report in reports), default=0.0)
    smallest = max(bounds, default=0.0)
    seen = f"an error of {smallest:.1e} at any of them shows"
    if most:
        seen += f" ({smallest / most:.0e} of the largest)"
    if not any(report.compared for report in reports):
        seen = "none of them could be"
    times = "" if question.outputs is None else f" of {question.outputs} outputs"
    return (
        f"every derivative of {question.label} with respect to all {coordinates:,} coordinates"
        f"{times}, in {' and '.join(modes)} mode: {seen}"
    )


def differences(setup: Setup, base: Sequence[np.ndarray], states: Sequence[str]) -> list[Bounded]:
    """The finite differences of all leaves, with bounds; by what the outputs ignore, zeros."""
    outputs = sum(out.size for out in base)

    def of_leaf(leaf: int) -> Bounded:
        if states[leaf]:
            zeros = np.zeros((coordinate_count(setup.evaluator.leaves[leaf]), outputs))
            return Bounded(zeros, zeros, [])
        return bounded(setup.evaluator, leaf, base, DEMAND)

    with jaxprs.working_precision(True):
        return [of_leaf(leaf) for leaf in range(len(states))]


def _leaf_report(
    setup: Setup,
    question: Question,
    mode: str,
    leaf: int,
    found: Bounded,
    by: Automatic,
    state: str,
    size: float,
) -> tuple[LeafReport, list[Suspect]]:
    """What one leaf's derivatives come to, in one mode, and the worst of them where they differ."""
    x, path = setup.evaluator.leaves[leaf], setup.paths[leaf]
    strategy = setup.evaluator.strategy(leaf, WIDTH)
    label = mode if question.label == "the function" else f"{mode} of {question.label}"
    if found.value.size == 0 or state == "ignored":
        return LeafReport(path, x.shape, label, strategy, state=state), []
    verdicts = judged(found, by, leaf, size)
    value, wide = by.value[leaf], by.wide[leaf]
    both = np.isfinite(value) & np.isfinite(wide)
    shown = Values(
        np.where(np.isfinite(value), wide, value), found.value, found.error + by.rounding[leaf]
    )
    at = _worst(shown, verdicts)
    worst = Coordinate(*named(setup, question, leaf, *at), *(float(values[at]) for values in shown))
    disagreeing = int(verdicts.disagrees.sum())

    most = largest(found, by, leaf, size)

    def sentences(which: np.ndarray) -> tuple[str, ...]:
        every = [(int(row), int(output)) for row, output in np.argwhere(which)]
        lines = [
            f"{', '.join(filter(None, named(setup, question, leaf, *at)))}: "
            + _reason(found, by, leaf, verdicts, most, at, setup.input_dtypes[leaf])
            for at in every[:_SHOWN]
        ]
        more = len(every) - len(lines)
        return (*lines, *([f"and {more:,} more"] if more > 0 else []))

    report = LeafReport(
        path=path,
        shape=x.shape,
        mode=label,
        strategy=strategy,
        compared=int(np.sum(~verdicts.undecided & ~verdicts.excused)),
        disagreeing=disagreeing,
        worst=worst,
        largest=0.0 if most == size else most,
        off_by_rounding=float(np.max(np.abs(value[both] - wide[both]), initial=0.0)),
        patterns=patterns(shown, verdicts.disagrees, x, question) if disagreeing else (),
        excused=sentences(verdicts.excused),
        undecided=sentences(verdicts.undecided),
        unsure=int(verdicts.undecided.sum()),
        state=state,
        values=shown,
    )
    return report, [Suspect(setup, question, leaf, *at, worst)] if disagreeing else []


def _reason(
    found: Bounded,
    by: Automatic,
    leaf: int,
    verdicts: Verdicts,
    most: float,
    at: tuple[int, int],
    dtype: Any,
) -> str:
    """Why a derivative is excused or undecided."""
    value, wide = by.value[leaf][at], by.wide[leaf][at]
    for one in found.irregular:
        if (one.coordinate, one.output) == at:
            jax_side = wide if np.isfinite(value) else value
            return f"{one.kind}, left {one.left:.6g}, right {one.right:.6g}, jax {jax_side:.6g}"
    if verdicts.unbounded[at]:
        return (
            f"the finite difference, {found.value[at]:.3g} ± {found.error[at]:.2g}, is too coarse "
            f"for {CEILING:.0%} of the largest derivative, {most:.3g}"
        )
    if verdicts.unproved[at]:
        return (
            f"rounding may have moved jax's {wide:.6g} by {by.rounding[leaf][at]:.1e}, too much to "
            "tell it from an error"
        )
    return f"{dtype} loses this derivative: {value:.6g}, in float64 {wide:.6g}"


def _worst(shown: Values, verdicts: Verdicts) -> tuple[int, int]:
    """Where the two sides differ by most bounds, where they disagree at all if anywhere."""
    with np.errstate(invalid="ignore", divide="ignore"):
        ratio = np.abs(shown.by_jax - shown.by_differences) / shown.bound
    ratio = np.nan_to_num(ratio, nan=-1.0, posinf=np.inf)
    if verdicts.disagrees.any():
        # NaN and what differs from a kink's sides have no ratio, and are as bad as can be
        ratio = np.where(verdicts.disagrees, np.where(ratio < 0, np.inf, ratio), -2.0)
    row, output = np.unravel_index(int(np.argmax(ratio)), ratio.shape)
    return int(row), int(output)
