"""Draws that JAX differentiates as their distribution: there is no verdict on what reaches them."""

from dataclasses import replace

import numpy as np

from purenet import jaxprs
from purenet.check.comparison import Comparison
from purenet.check.found import LeafReport


def without_draws(part: Comparison) -> Comparison:
    """A comparison in which no disagreement of JAX's derivative counts that draws make.

    The derivative of the numbers that a key gives and that of their distribution are two, and JAX
    means the second: it is right in the mean over all keys. Nothing is said where the two differ.
    """
    wrong = [leaf.path for leaf in part.leaves if not leaf.ok and _is_finite(leaf)]
    wrong += [culprit.path for culprit in part.culprits]
    passed = {
        path: jaxprs.samplers(target.of_moved, target.moved, leaf)
        for target in {id(one.target): one.target for one in part.suspects}.values()
        for leaf, path in enumerate(target.paths)
        if any(_is_of(one, path) for one in wrong)
    }
    drawn = {path: ", ".join(map(str, by)) for path, by in passed.items() if by}
    if not drawn:
        return part
    culprits = [one for one in part.culprits if not any(_is_of(one.path, leaf) for leaf in drawn)]
    failures = part.failures if culprits or not part.culprits else []
    return part._replace(
        leaves=[_undecided(leaf, drawn.get(leaf.path, "")) for leaf in part.leaves],
        suspects=[one for one in part.suspects if one.setup.paths[one.leaf] not in drawn],
        culprits=culprits,
        failures=failures,
        undecided=[*part.undecided, *([] if failures else part.failures)],
    )


def _is_finite(leaf: LeafReport) -> bool:
    """Whether the derivative is finite: what is not is no distribution's either."""
    return leaf.values is not None and bool(np.isfinite(leaf.values.by_jax).all())


def _is_of(path: str, leaf: str) -> bool:
    """Whether a path is that of a leaf, or of one of its coordinates."""
    return path == leaf or path.startswith((f"{leaf}[", f"{leaf}."))


def _undecided(leaf: LeafReport, drawn: str) -> LeafReport:
    if leaf.ok or not _is_finite(leaf) or leaf.worst is None or leaf.values is None or not drawn:
        return leaf
    sentence = (
        f"{leaf.worst}: the first is the derivative of the distribution that {drawn} draws from, "
        "the second that of the numbers that this key gives"
    )
    return replace(
        leaf,
        compared=leaf.compared - leaf.disagreeing,
        disagreeing=0,
        patterns=(),
        undecided=(sentence, *leaf.undecided),
        unsure=leaf.values.by_jax.size,
    )
