"""Random directions in place of every coordinate, and bisection where they disagree."""

import math
from collections.abc import Sequence

import numpy as np

from purenet import jaxprs
from purenet.check.bisection import Search, located
from purenet.check.comparison import Comparison, Suspect, joined, named
from purenet.check.directions import (
    EACH,
    SPREAD,
    Along,
    Directions,
    compared,
    difference_along,
    directions_of,
)
from purenet.check.found import DIRECTIONS, Coordinate, LeafReport
from purenet.check.target import Seed, Target
from purenet.check.verdicts import CEILING
from purenet.check.witness import Witness, unit_direction
from purenet.fd.bounded import bounded_at, lengths
from purenet.fd.differences import coordinate_count
from purenet.fd.incremental.evaluator import WIDTH
from purenet.fd.setup import Setup

UNDECIDED = "nothing could be decided"
_JUDGING = 3e-5  # seconds that judging the steps of one derivative takes
_EVALUATIONS = 12  # of the function along a direction, about
_SHARE = 0.4  # of a budget, for them; drawing directions and jax's side take as long
_LEAST = 10.0  # seconds that are taken whatever the budget


def seconds(setup: Setup, most: float) -> float:
    """About how long every coordinate takes; where it is more than ``most``, any such number."""
    derivatives = sum(map(coordinate_count, setup.evaluator.leaves)) * sum(
        math.prod(out.shape) for out in setup.outputs
    )
    judging = derivatives * _JUDGING
    with jaxprs.working_precision(True):
        return judging if judging > most else judging + setup.evaluator.seconds(WIDTH, most)


def compare(
    setup: Setup,
    target: Target,
    base: Sequence[np.ndarray],
    witnesses: Sequence[Witness],
    states: Sequence[str],
    seed: Seed,
    budget: float,
) -> Comparison:
    """Compare the derivatives along ten directions in each mode, fewer where they take long."""
    directions = directions_of(target, seed, _affordable(setup, budget))
    setup.evaluator.watch.progress.expect("directions", 2 * directions.each, _EVALUATIONS)
    found = [difference_along(setup, base, direction) for direction in directions]
    parts: list[Comparison] = []
    for witness in witnesses:
        along = compared(setup, base, target, witness, directions, found)
        comparison = _of_witness(setup, target, base, witness, along, directions, states)
        failures = [
            f"{target.whose} derivative with respect to {path} is NaN or infinite"
            for path in _undefined(witness, setup.paths)
        ]
        parts.append(comparison._replace(failures=[*failures, *comparison.failures]))
    return joined(parts)


def _affordable(setup: Setup, budget: float) -> int:
    """How many directions of each kind are compared: five, or fewer where they take long."""
    seconds = _EVALUATIONS * setup.evaluator.point_seconds()
    return int(np.clip(_SHARE * max(budget, _LEAST) / (2 * seconds), 1, EACH))


def _undefined(witness: Witness, paths: Sequence[str]) -> list[str]:
    """The leaves by which a gradient is not finite; forward mode is asked along directions only."""
    if witness.by_tangents:
        return []
    values = witness.whole().value
    return [p for p, value in zip(paths, values, strict=True) if not np.isfinite(value).all()]


def _of_witness(
    setup, target, base, witness, along: Along, directions: Directions, states
) -> Comparison:
    mode = witness.mode
    label = mode if target.label == "the function" else f"{mode} of {target.label}"
    leaves = [
        LeafReport(path, x.shape, label, DIRECTIONS, state=state)
        for path, x, state in zip(setup.paths, setup.evaluator.leaves, states, strict=True)
    ]
    failures, culprits, suspects = [], [], []
    if along.disagrees.any():
        worst = _worst(along)
        by_jax_there, truth = along.by_jax[worst], along.by_differences[worst]
        if np.isfinite(by_jax_there):
            search = located(
                setup, worst[1], directions.at(worst[0]), witness, truth, along.bound[worst]
            )
            for leaf, coordinate in search.found:
                culprit = _coordinate(setup, target, base, witness, leaf, coordinate, worst[1])
                if culprit.bounds > 1:  # and no echo of another in the round-off
                    culprits.append(culprit)
                    suspects.append(Suspect(setup, target, leaf, coordinate, worst[1], culprit))
            failures.append(_failure(along, worst, label, search, culprits, target.side))
        else:
            failures.append(
                f"{target.whose} derivative along a random direction ({label}) is NaN or infinite"
            )
    method = _method(setup, along, label, directions)
    decided = int(_decided(along).sum())
    return Comparison(
        leaves,
        failures,
        culprits,
        suspects[:1],
        method=method,
        undecided=[] if 2 * decided >= len(along.bound) or failures else [_undecided(along, label)],
        directions=decided,
    )


def _decided(along: Along) -> np.ndarray:
    """The directions along which an error of a hundredth of the largest derivative would show."""
    sizes = np.abs(np.concatenate([along.by_jax, along.by_differences]))
    largest = np.max(sizes[np.isfinite(sizes)], initial=0.0)
    return (along.bound <= CEILING * largest).all(axis=1) | along.disagrees.any(axis=1)


def _undecided(along: Along, label: str) -> str:
    finite = along.bound[np.isfinite(along.bound)]
    what = (
        f"the finite differences are as coarse as {np.max(finite):.1e}"
        if finite.size
        else "the finite differences have no bound"
    )
    return f"along most of {len(along.bound)} random directions ({label}) {what}"


def _worst(along: Along) -> tuple[int, int]:
    """The direction and output that disagree by most bounds; one of equal entries, if any does."""
    with np.errstate(invalid="ignore", divide="ignore"):
        ratio = np.abs(along.by_jax - along.by_differences) / along.bound
    ratio = np.where(along.disagrees, np.nan_to_num(ratio, nan=np.inf), -1.0)
    each = len(ratio) // 2
    if (ratio[:each] > 0).any():
        ratio[each:] = -1.0
    direction, output = np.unravel_index(int(np.argmax(ratio)), ratio.shape)
    return int(direction), int(output)


def _failure(
    along: Along,
    worst: tuple[int, int],
    label: str,
    search: Search,
    culprits: list[Coordinate],
    side: str,
) -> str:
    count = int(along.disagrees.any(axis=1).sum())
    traced = (
        f"{search.evaluations} further evaluations traced it to "
        + ("the coordinates" if len(culprits) > 1 else "the coordinate")
        + " below"
        + ("" if search.complete else ", and there are more")
    )
    return (
        f"along {count} of {len(along.bound)} random directions ({label}) the two disagree: "
        f"{side} {along.by_jax[worst]:.10g}, finite difference "
        f"{along.by_differences[worst]:.10g} ± {along.bound[worst]:.2g}; "
        f"{traced if culprits else 'no coordinate stands out'}"
    )


def _coordinate(setup, target, base, witness, leaf: int, coordinate: int, output: int):
    """One culprit, differenced by itself."""
    with jaxprs.working_precision(True):
        scale = lengths(setup.evaluator, leaf)[[coordinate]]
        found = bounded_at(setup.evaluator, leaf, np.array([coordinate]), scale, base)
    unit = unit_direction(setup.evaluator.leaves, leaf, coordinate)
    (value,), (rounding,) = witness.along([unit], shaken=True)
    return Coordinate(
        *named(setup, target, leaf, coordinate, output),
        float(value[output]),
        float(found.value[0, output]),
        float(found.error[0, output] + rounding[output]),
        target.side,
    )


def _method(setup: Setup, along: Along, label: str, directions: Directions) -> str:
    """What was compared, and the smallest errors it would have shown."""
    each = directions.each
    signs, gaussians = along.bound[:each], along.bound[each:]
    decided = int(np.isfinite(along.bound).all(axis=1).sum())
    if decided == 0:
        return f"{label} along {2 * each} random directions: no bound in any, {UNDECIDED}"
    known = np.isfinite(signs).all(axis=1).any() and np.isfinite(gaussians).all()
    if not known:
        return f"{label} along {2 * each} random directions, without a bound in some"
    alone = float(np.min(np.max(signs, axis=1)))
    spread = SPREAD[each - 1] * float(np.sqrt(np.mean(np.max(gaussians, axis=1) ** 2)))
    by_leaf = {path: alone / s for path, s in zip(setup.paths, directions.scales, strict=True)}
    leaf, least = max(by_leaf.items(), key=lambda item: item[1])
    return (
        f"{label} along {each} directions of equal entries and {each} Gaussian ones: "
        f"an error of {least:.1e} at any one coordinate shows (in {leaf}, the least sensitive), "
        f"and so does, with 95 % confidence, one spread over many whose norm is "
        f"{spread / min(directions.scales):.1e}"
    )
