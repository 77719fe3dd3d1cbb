"""What a check found, as data: every derivative, every leaf, and the verdict on all of them."""

import json
from dataclasses import asdict, dataclass, field
from typing import Any, NamedTuple

import numpy as np

UNCOMPARED = "nothing to compare"  # of an empty leaf
INTERRUPTED = "interrupted"  # before it was compared
DIRECTIONS = "along directions"  # of all leaves together


@dataclass(frozen=True)
class Coordinate:
    """One derivative: JAX's or the given one, and the finite difference.

    Attributes:
        path: the parameter's path, ``params['W1'][3, 4]``.
        output: the output that is differentiated, of a function of several; empty otherwise.
        by_jax: JAX's value: that of its program evaluated in float64, whatever the dtype; or the
            given one.
        by_differences: the finite difference.
        bound: how far apart the two may be: the error bound of the finite difference, plus what
            rounding may have put into the other.
        side: "jax", or "given" where the derivative is the caller's.
    """

    path: str
    output: str
    by_jax: float
    by_differences: float
    bound: float
    side: str = "jax"

    @property
    def bounds(self) -> float:
        """By how many bounds the two differ."""
        apart = abs(self.by_jax - self.by_differences)
        return apart / self.bound if self.bound > 0 else float(np.inf if apart else 0.0)

    def __str__(self) -> str:
        """Both values, and how far apart they may be."""
        where = self.path + (f", {self.output}" if self.output else "")
        if not np.isfinite(self.by_differences):
            return f"{where}: {self.side} {self.by_jax:.10g}, where there is no finite difference"
        return (
            f"{where}: {self.side} {self.by_jax:.10g}, "
            f"finite difference {self.by_differences:.10g} ± {self.bound:.2g}"
        )


class Values(NamedTuple):
    """All derivatives with respect to a leaf, as arrays of shape (real coordinates, outputs)."""

    by_jax: np.ndarray
    by_differences: np.ndarray
    bound: np.ndarray


@dataclass(frozen=True)
class LeafReport:
    """How the derivatives with respect to one leaf compare.

    Attributes:
        path: the leaf's path, ``params['W1']``.
        shape: its shape.
        mode: "rev", "fwd" or "given", and of what, where it is not the function itself.
        strategy: how its coordinates were evaluated, and why; "along directions" where they were
            not, one by one.
        compared: the number of derivatives on which there is a verdict.
        disagreeing: how many of them disagree.
        worst: where the two differ by most bounds; None where nothing was compared.
        largest: the largest derivative by finite differences.
        off_by_rounding: the largest difference between what JAX gives in the program's own dtypes
            and what the same program gives in float64.
        patterns: what the disagreement looks like: a factor, a sign, a transpose, a row.
        excused: kinks at which JAX's value lies between the one-sided derivatives.
        undecided: where nothing can be said, and why.
        unsure: the number of derivatives on which there is no verdict.
        state: "" where there is something to compare, else "ignored", "held constant", "flat" (the
            value depends on the leaf, but only through what has no derivative) or "interrupted".
        values: all derivatives.
    """

    path: str
    shape: tuple[int, ...]
    mode: str
    strategy: str
    compared: int = 0
    disagreeing: int = 0
    worst: Coordinate | None = None
    largest: float = 0.0
    off_by_rounding: float = 0.0
    patterns: tuple[str, ...] = ()
    excused: tuple[str, ...] = ()
    undecided: tuple[str, ...] = ()
    unsure: int = 0
    state: str = ""
    values: Values | None = field(default=None, repr=False, compare=False)

    @property
    def ok(self) -> bool:
        """Whether no derivative disagrees."""
        return self.disagreeing == 0

    @property
    def is_undecided(self) -> bool:
        """Whether there is no verdict on more than half of the derivatives."""
        if self.values is None:
            return False
        return 2 * self.unsure > self.values.by_jax.size

    @property
    def verdict(self) -> str:
        """The verdict on this leaf, in a word or two."""
        if self.state:
            return self.state
        if self.disagreeing:
            return f"{self.disagreeing:,} disagree"
        if self.is_undecided:
            return "undecided"
        if self.compared:
            return "agrees" if self.largest > 0 else "zero on both sides"
        if self.excused:
            return "excused"
        return DIRECTIONS if self.strategy == DIRECTIONS and 0 not in self.shape else UNCOMPARED


@dataclass(frozen=True)
class Found:
    """The comparison of a whole derivative.

    Attributes:
        function: the name of what was checked.
        leaves: one report for each leaf and each mode.
        failures: what is wrong beside single derivatives: parameters that are ignored, a function
            that is not deterministic, directions along which the two disagree.
        culprits: coordinates to which a disagreement along a direction was traced.
        rules: custom derivative rules that are wrong by themselves, with file and line.
        opinions: the Taylor remainder's rate beside a disagreement.
        notes: modes that JAX does not have for this function, and the like.
        method: which mode of checking ran, and the smallest error it could have seen.
        undecided: what could not be told beside single leaves: too few directions with a bound.
        directions: the number of derivatives compared along random directions.
        allow_undecided: the leaves that need no verdict; True for all.
        evaluations: points at which the function was evaluated.
        seconds: how long the check took.
        side: whose derivative was compared: "jax", or "given".
        rtol: the fraction of a leaf's largest derivative that the caller allows it to be off by.
    """

    function: str
    leaves: tuple[LeafReport, ...] = ()
    failures: tuple[str, ...] = ()
    culprits: tuple[Coordinate, ...] = ()
    rules: tuple[str, ...] = ()
    opinions: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    method: str = ""
    undecided: tuple[str, ...] = ()
    directions: int = 0
    allow_undecided: bool | tuple[str, ...] = ()
    evaluations: int = 0
    seconds: float = 0.0
    side: str = "jax"
    rtol: float = 0.0
    partial: bool = False

    @property
    def verdict(self) -> str:
        """ "agrees", "disagrees" or "undecided".

        It agrees where nothing disagrees, nothing is ignored, and a real error would have shown in
        every leaf (at half of its derivatives at least).
        """
        if self.failures or not all(leaf.ok for leaf in self.leaves):
            return "disagrees"
        return "undecided" if self.unproved else "agrees"

    @property
    def ok(self) -> bool:
        """Whether the verdict is "agrees"."""
        return self.verdict == "agrees"

    @property
    def unproved(self) -> tuple[str, ...]:
        """Why there is no verdict, a sentence for each leaf that is not allowed to have none."""
        allowed = self.allow_undecided
        if allowed is True:
            return ()
        leaves = [
            leaf
            for leaf in self.leaves
            if leaf.is_undecided and not (allowed and leaf.path in allowed)
        ]
        return (
            *self.undecided,
            *dict.fromkeys(leaf.undecided[0] for leaf in leaves if leaf.undecided),
        )

    @property
    def compared(self) -> int:
        """The number of derivatives compared, one by one or along directions."""
        return sum(leaf.compared for leaf in self.leaves) + self.directions

    @property
    def worst(self) -> Coordinate | None:
        """The coordinate where the two sides differ by most bounds."""
        found = [leaf.worst for leaf in self.leaves if leaf.worst is not None]
        return max([*found, *self.culprits], key=lambda c: c.bounds, default=None)

    def to_dict(self) -> dict[str, Any]:
        """Everything but the arrays, in the types of JSON; NaN and infinity as strings.

        What is ``by_jax`` elsewhere is ``by_given`` here where the derivative is given.
        """
        leaves = [
            {
                **{k: v for k, v in asdict(_without_values(leaf)).items() if k != "values"},
                "verdict": leaf.verdict,
            }
            for leaf in self.leaves
        ]
        rest = {k: v for k, v in vars(self).items() if k not in ("leaves", "culprits")}
        culprits = [asdict(culprit) for culprit in self.culprits]
        head = {"verdict": self.verdict, "ok": self.ok}
        plain = _plain({**head, **rest, "culprits": culprits, "leaves": leaves})
        return plain if self.side == "jax" else _renamed(plain, "by_jax", f"by_{self.side}")

    def to_json(self) -> str:
        """`to_dict` as JSON."""
        return json.dumps(self.to_dict(), indent=2)


def _without_values(leaf: LeafReport) -> LeafReport:
    return LeafReport(**{**vars(leaf), "values": None})


def _renamed(thing: Any, old: str, new: str) -> Any:
    if isinstance(thing, dict):
        return {new if k == old else k: _renamed(v, old, new) for k, v in thing.items()}
    return [_renamed(one, old, new) for one in thing] if isinstance(thing, list) else thing


def _plain(thing: Any) -> Any:
    if isinstance(thing, dict):
        return {key: _plain(value) for key, value in thing.items()}
    if isinstance(thing, tuple | list):
        return [_plain(value) for value in thing]
    if isinstance(thing, float | np.floating):
        return float(thing) if np.isfinite(thing) else str(thing)
    return thing
