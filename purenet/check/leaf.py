"""What the derivatives with respect to one leaf come to: verdicts, the worst, and reasons."""

import numpy as np

from purenet.check.comparison import Suspect, named
from purenet.check.found import INTERRUPTED, Coordinate, LeafReport, Values
from purenet.check.patterns import patterns
from purenet.check.target import Target
from purenet.check.verdicts import CEILING, Verdicts, largest, verdicts_on
from purenet.check.witness import Derivatives
from purenet.fd.bounded import Bounded
from purenet.fd.incremental.choice import WIDTH
from purenet.fd.setup import Setup

_SHOWN = 5  # kinks and undecided coordinates that are written out


def leaf_report(
    setup: Setup,
    target: Target,
    mode: str,
    leaf: int,
    found: Bounded,
    by: Derivatives,
    state: str,
    size: float,
) -> tuple[LeafReport, list[Suspect]]:
    """What one leaf's derivatives come to, in one mode, and the worst of them where they differ."""
    x, path = setup.evaluator.leaves[leaf], setup.paths[leaf]
    strategy = setup.evaluator.strategy(leaf, WIDTH)
    label = mode if target.label == "the function" else f"{mode} of {target.label}"
    if found.value.size == 0 or state in ("ignored", INTERRUPTED):
        return LeafReport(path, x.shape, label, strategy, state=state), []
    verdicts = verdicts_on(found, by, leaf, size)
    value, wide = by.value[leaf], by.wide[leaf]
    both = np.isfinite(value) & np.isfinite(wide)
    # what is NaN has no rounding to speak of
    bound = found.error + np.where(np.isnan(wide), 0.0, by.rounding[leaf])
    shown = Values(np.where(np.isfinite(value), wide, value), found.value, bound)
    at = _worst(shown, verdicts)
    sides = (float(values[at]) for values in shown)
    worst = Coordinate(*named(setup, target, leaf, *at), *sides, side=target.side)
    disagreeing = int(verdicts.disagrees.sum())

    most = largest(found, by, leaf, size)

    def sentences(which: np.ndarray) -> tuple[str, ...]:
        every = [(int(row), int(output)) for row, output in np.argwhere(which)]
        lines = [
            f"{', '.join(filter(None, named(setup, target, leaf, *at)))}: "
            + _reason(target, found, by, leaf, verdicts, most, at)
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
        patterns=patterns(shown, verdicts.disagrees, x, target) if disagreeing else (),
        excused=sentences(verdicts.excused),
        undecided=sentences(verdicts.undecided),
        unsure=int(verdicts.undecided.sum()),
        state=state,
        values=shown,
    )
    return report, [Suspect(setup, target, leaf, *at, worst)] if disagreeing else []


def _reason(
    target: Target,
    found: Bounded,
    by: Derivatives,
    leaf: int,
    verdicts: Verdicts,
    most: float,
    at: tuple[int, int],
) -> str:
    """Why a derivative is excused or undecided."""
    value, wide = by.value[leaf][at], by.wide[leaf][at]
    for one in found.irregular:
        if (one.coordinate, one.output) == at:
            claimed = wide if np.isfinite(value) else value
            if one.kind == "unsettled" and np.isnan([one.left, one.right]).all():
                return (
                    f"no step gives a derivative that another confirms, {target.side} {claimed:.6g}"
                )
            return (
                f"{one.kind}, left {one.left:.6g}, right {one.right:.6g}, "
                f"{target.side} {claimed:.6g}"
            )
    if verdicts.unbounded[at]:
        return (
            f"the finite difference, {found.value[at]:.3g} ± {found.error[at]:.2g}, is too coarse "
            f"for {CEILING:.0%} of the largest derivative, {most:.3g}"
        )
    if verdicts.unproved[at]:
        return (
            f"rounding may have moved {target.whose} {wide:.6g} by {by.rounding[leaf][at]:.1e}, "
            "too much to tell it from an error"
        )
    return f"{target.dtypes[leaf]} loses this derivative: {value:.6g}, in float64 {wide:.6g}"


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
