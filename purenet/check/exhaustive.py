"""Every coordinate: a derivative held against finite differences with their bounds."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from purenet import jaxprs
from purenet.check import sampled
from purenet.check.comparison import Comparison, joined
from purenet.check.directions import Along, directions_of
from purenet.check.found import INTERRUPTED
from purenet.check.leaf import leaf_report
from purenet.check.target import Seed, Target
from purenet.check.verdicts import (
    confirmed,
    largest,
    own_size,
    verdicts_on,
    with_own_rounding,
)
from purenet.check.witness import Derivatives, Witness, real_vector
from purenet.fd.bounded import Bounded, bounded
from purenet.fd.differences import coordinate_count
from purenet.fd.incremental.choice import WIDTH
from purenet.fd.setup import Setup

_FORWARD = 256  # coordinates up to which forward mode takes each
_MANNER = {"rev": "in rev mode", "fwd": "in fwd mode", "given": "as given"}


def compare(
    setup: Setup,
    target: Target,
    base: Sequence[np.ndarray],
    witnesses: Sequence[Witness],
    states: Sequence[str],
    seed: Seed,
    budget: float,
) -> Comparison:
    """Compare every coordinate in one mode; in the other along directions, unless they disagree.

    Reverse mode gives all coordinates at once. Forward mode takes a pass for each: where it is
    compared alone, or is wrong, it is asked for each of a few coordinates, else along directions.
    """
    found = differences(setup, base, states)
    reached = len(found)
    if reached < len(states):
        found, states = _as_far_as(found, setup, base, states)
    first, *others = sorted(witnesses, key=lambda one: one.mode, reverse=True)
    coordinates = sum(len(leaf.value) for leaf in found)
    if first.by_tangents and coordinates > _FORWARD:
        return sampled.compare(setup, target, base, [first], states, seed, budget)
    comparison, found = _whole(setup, target, base, first, states, found)
    parts = [comparison]
    if reached < len(states):
        why = f"{INTERRUPTED} when {reached} of {len(states)} parameters had been compared"
        return joined([*parts, Comparison(undecided=[why], partial=True)])
    for other in others if coordinates else ():
        agreed = _along_agrees(target, other, found, seed)
        if agreed:
            count = len(agreed.bound)
            method = f"{other.mode} mode along {count} random directions"
            parts.append(Comparison(method=method, directions=count))
        elif coordinates <= _FORWARD:
            parts.append(_whole(setup, target, base, other, states, found)[0])
        else:
            parts.append(sampled.compare(setup, target, base, [other], states, seed, budget))
    return joined(parts)


def _whole(
    setup: Setup,
    target: Target,
    base: Sequence[np.ndarray],
    witness: Witness,
    states: Sequence[str],
    found: list[Bounded],
) -> tuple[Comparison, list[Bounded]]:
    """Every coordinate in one mode, and the finite differences as they were confirmed."""
    by = witness.whole()
    if _disagree(found, by):
        by = witness.whole(shaken=True)
    found = [confirmed(setup, base, leaf, one, by) for leaf, one in enumerate(found)]
    if _disagree(found, by):  # what is known more sharply now may too
        by = witness.whole(shaken=True)
    found = with_own_rounding(setup, target, found, by)
    reports, suspects = [], []
    for leaf, one in enumerate(found):
        small = np.isinf(largest(one, by, leaf)) or verdicts_on(one, by, leaf).undecided.any()
        asked = small and one.value.size and not states[leaf]
        size = own_size(setup, base, leaf) if asked else np.inf
        report, suspect = leaf_report(
            setup, target, witness.mode, leaf, one, by, states[leaf], size
        )
        reports.append(report)
        suspects += suspect
    method = _method(target, sum(len(one.value) for one in found), reports, witness.mode)
    return Comparison(leaves=reports, suspects=suspects, method=method), found


def _disagree(found: list[Bounded], by: Derivatives) -> bool:
    return any(verdicts_on(one, by, leaf).disagrees.any() for leaf, one in enumerate(found))


def _along_agrees(
    target: Target, witness: Witness, found: list[Bounded], seed: Seed
) -> Along | None:
    """The derivatives along random directions by the differences of the coordinates, if they agree.

    Coordinates that have no finite difference stay where they are.
    """
    drawn = directions_of(target, seed)
    movable = [_known(one, leaf) for one, leaf in zip(found, drawn.leaves, strict=True)]
    directions = replace(drawn, movable=movable)
    values, bounds = [], []
    for direction in directions:
        parts = list(zip(map(real_vector, direction), found, strict=True))
        values.append(sum(d @ np.nan_to_num(one.value) for d, one in parts))
        bounds.append(sum(np.abs(d) @ _finite(one.error) for d, one in parts))
    value, bound = np.stack(values), np.stack(bounds)
    for shaken in (False, True):
        by_jax, rounding = witness.along(directions, shaken=shaken)
        along = Along(by_jax, value, bound + rounding)
        if not along.disagrees.any() and np.isfinite(by_jax).all():
            return along
    return None


def _finite(errors: np.ndarray) -> np.ndarray:
    return np.where(np.isfinite(errors), errors, 0.0)


def _known(one: Bounded, of: np.ndarray) -> np.ndarray:
    """Which elements of a leaf have a finite difference of every output."""
    known = np.all(np.isfinite(one.error), axis=1)
    if np.iscomplexobj(of):
        real, imaginary = np.split(known, 2)
        known = real & imaginary
    return np.reshape(known, of.shape)


def _method(target: Target, coordinates: int, reports: list, mode: str) -> str:
    """What was compared, and the smallest error it would have shown."""
    shown = [report.values for report in reports if report.values is not None]
    bounds = [
        values.bound[np.isfinite(values.bound) & np.isfinite(values.by_jax)] for values in shown
    ]
    most = max((report.largest for report in reports), default=0.0)
    if any(bound.size for bound in bounds):
        smallest = max(float(np.max(bound, initial=0.0)) for bound in bounds)
        seen = f"an error of {smallest:.1e} at any of them shows"
        seen += f" ({smallest / most:.0e} of the largest)" if most else ""
    else:
        seen = "none of them has two finite values to compare"
    times = "" if target.outputs is None else f" of {target.outputs} outputs"
    return (
        f"every derivative of {target.label} with respect to all {coordinates:,} coordinates"
        f"{times}, {_MANNER[mode]}: {seen}"
    )


def differences(setup: Setup, base: Sequence[np.ndarray], states: Sequence[str]) -> list[Bounded]:
    """The finite differences of all leaves, with bounds; with respect to what is ignored, zeros.

    Ctrl-C leaves the further ones out.
    """
    watch, found = setup.evaluator.watch, []
    coordinates = sum(
        coordinate_count(leaf)
        for leaf, state in zip(setup.evaluator.leaves, states, strict=True)
        if not state
    )
    watch.progress.expect("derivatives", coordinates, WIDTH)
    try:
        with jaxprs.working_precision(True):
            for leaf, state in enumerate(states):
                zeros = _zeros(setup, base, leaf)
                found.append(zeros if state else bounded(setup.evaluator, leaf, base))
    except KeyboardInterrupt:
        if not found:
            raise
    return found


def _zeros(setup: Setup, base: Sequence[np.ndarray], leaf: int) -> Bounded:
    shape = (coordinate_count(setup.evaluator.leaves[leaf]), sum(out.size for out in base))
    zeros = np.broadcast_to(0.0, shape)
    return Bounded(zeros, zeros, [])


def _as_far_as(
    found: list[Bounded], setup: Setup, base: Sequence[np.ndarray], states: Sequence[str]
) -> tuple[list[Bounded], list[str]]:
    """What was found of the first leaves; the others are interrupted."""
    rest = range(len(found), len(states))
    return (
        [*found, *(_zeros(setup, base, leaf) for leaf in rest)],
        [*states[: len(found)], *(states[leaf] or INTERRUPTED for leaf in rest)],
    )
