"""Findings about parameters: ignored ones, those without a derivative, those of whole numbers."""

from collections.abc import Iterator, Sequence

from purenet import jaxprs
from purenet.purity.call import Call
from purenet.purity.captured import aliases
from purenet.purity.code import where_defined
from purenet.purity.dependence import FLAT, IGNORED, STEPWISE, Dependence, summary
from purenet.purity.experiment import FAILS, Experiment, Replaced
from purenet.purity.numbers import other
from purenet.purity.reached import Reached
from purenet.purity.report import Finding


def integer_parameters(call: Call) -> Iterator[Finding]:
    """Leaves by which nothing can be differentiated: whole numbers, truth values, random keys."""
    for i, (leaf, path) in enumerate(zip(call.leaves, call.paths, strict=True)):
        dtype = getattr(leaf, "dtype", type(leaf).__name__)
        is_number = hasattr(leaf, "dtype") or isinstance(leaf, int)
        if i in call.movable or not is_number or str(dtype) == "object":
            continue
        yield Finding(
            "integer-parameter",
            path,
            where_defined(call.function),
            f"{path} is of dtype {dtype}. A derivative needs values that move by a little; "
            "jax.grad refuses it, and a finite-difference loop rounds its steps away.",
            f"pass {path} * 1.0, or keep it in an argument that is not differentiated",
            {"dtype": str(dtype)},
        )


def without_effect(
    experiment: Experiment, found: Sequence[Dependence], reads: Sequence[list[Reached]]
) -> Iterator[Finding]:
    """Leaves that the value ignores, and those by which its derivative is zero everywhere.

    Args:
        experiment: the call.
        found: how the value depends on each leaf that can move.
        reads: for each of them what is read in its place.
    """
    for leaf, (state, evidence, _) in enumerate(found):
        path = experiment.call.paths[experiment.call.movable[leaf]]
        if state == IGNORED:
            yield _ignored(experiment, leaf, path, reads[leaf])
        elif state == STEPWISE:
            yield _stepwise(experiment, leaf, path, evidence)
        elif state == FLAT:
            yield Finding(
                "vanishing-derivative",
                path,
                where_defined(experiment.call.function),
                f"The value reads {path}, but its derivative is numerically zero, here and all "
                "around: a unit that is never active, a factor of zero, or a saturated one. "
                "Gradient descent cannot move it.",
                f"look at what {path} is multiplied with, and at the scale of its values",
                evidence,
            )


def stationary(experiment: Experiment, found: Sequence[Dependence]) -> Iterator[Finding]:
    """Notes on leaves whose derivative is zero at these parameters alone."""
    for leaf, one in enumerate(found):
        if one.stationary:
            path = experiment.call.paths[experiment.call.movable[leaf]]
            yield Finding(
                "vanishing-derivative",
                path,
                "",
                "the derivative is zero at these parameters and not around them",
                "",
                one.evidence,
            )


def _ignored(experiment: Experiment, leaf: int, path: str, reads: list[Reached]) -> Finding:
    call = experiment.call
    explanation = f"Nothing that {call.name} computes reads {path}: its derivative is zero, "
    explanation += "and every gradient checker that compares zero with zero is content. "
    if reads:
        names = " and ".join(f"`{read.name}`" for read in reads)
        explanation += f"The value comes from {names} instead."
        remedy = f"read {path} in place of {names}"
    else:
        remedy = f"use {path}, or take it out of the arguments"
    return Finding(
        "ignored-parameter",
        path,
        where_defined(call.function),
        explanation,
        remedy,
        ablation(experiment, leaf, reads),
    )


def ablation(experiment: Experiment, leaf: int, reads: list[Reached]) -> dict[str, float | str]:
    """The value where the argument changes, where what is captured does, where both do."""
    path = experiment.call.paths[experiment.call.movable[leaf]]
    moved = list(experiment.call.values)
    moved[leaf] = other(moved[leaf])
    values: dict[str, float | str] = {
        "value": summary(experiment.outputs()),
        f"{path} changed": _value(experiment, moved, []),
    }
    if reads:
        names = " and ".join(read.name for read in reads)
        replaced = [(read, other(read.value)) for read in reads]
        values[f"{names} changed"] = _value(experiment, None, replaced)
        values["both changed"] = _value(experiment, moved, replaced)
        if any(aliases(read, experiment.call, leaf) for read in reads):
            values["the two are one array"] = 1.0
    return values


def _value(experiment: Experiment, moved: list | None, replaced: Replaced) -> float | str:
    try:
        return summary(experiment.outputs(moved, replaced))
    except FAILS as error:
        return f"raises {type(error).__name__}"


def _stepwise(
    experiment: Experiment, leaf: int, path: str, evidence: dict[str, float | str]
) -> Finding:
    found = []
    if experiment.traces:
        found = jaxprs.cuts(experiment.program(), experiment.call.values, leaf)
    at = next((cut.where for cut in found if cut.where), where_defined(experiment.call.function))
    through = " and ".join(dict.fromkeys(cut.operation for cut in found)) or "a staircase"
    return Finding(
        "zero-derivative",
        path,
        at,
        f"The value reads {path}, but only through {through}, whose derivative is zero wherever it "
        "exists: jax.grad returns zeros without a word.",
        f"use something smooth there, or take {path} out of the parameters where it is meant to "
        "stay constant",
        evidence,
    )
