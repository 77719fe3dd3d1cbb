"""What an exhibit states: claims, each with both sides' numbers and a verdict, and the ablation."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:  # the command line's own errors need not wait for JAX
    from purenet import PurityReport


_FIRST = 6  # claims of an exhibit, the ones that teach most


@dataclass(frozen=True)
class Claim:
    """One sentence, what each side gave, what was expected, and whether it holds.

    ``mutating`` and ``pure`` are numbers, arrays or short texts; None where that side has no part.
    ``difference`` is the largest absolute deviation, None where the claim is no matter of distance.
    """

    sentence: str
    mutating: Any
    pure: Any
    expected: Any
    difference: float | None
    tolerance: float | None
    holds: bool


def close(
    sentence: str, *, mutating: Any = None, pure: Any = None, expected: Any = None, tolerance: float
) -> Claim:
    """The claim that every given side lies within ``tolerance`` of ``expected``.

    Without ``expected``, that the two sides lie within ``tolerance`` of each other. NaN never does.
    Shapes must be equal: a side of another shape fails the claim.
    """
    sides = [np.asarray(side, float) for side in (mutating, pure, expected) if side is not None]
    if len(sides) < 2:
        raise ValueError(f"{sentence!r} compares nothing; give two of mutating, pure and expected")
    *others, reference = sides
    # numpy's maximum keeps a NaN; Python's max drops it wherever it does not come first
    difference = float(np.max([_distance(side, reference) for side in others]))
    holds = bool(difference <= tolerance)
    return Claim(sentence, mutating, pure, expected, difference, tolerance, holds)


def equal(sentence: str, *, mutating: Any = None, pure: Any = None, expected: Any = None) -> Claim:
    """The claim that every given side is exactly ``expected`` (or, without it, the other side)."""
    sides = [side for side in (mutating, pure, expected) if side is not None]
    if len(sides) < 2:
        raise ValueError(f"{sentence!r} compares nothing; give two of mutating, pure and expected")
    *others, reference = sides
    holds = all(np.array_equal(side, reference) for side in others)
    return Claim(sentence, mutating, pure, expected, None, None, holds)


def fact(
    sentence: str,
    *,
    holds: bool | np.bool_,
    mutating: Any = None,
    pure: Any = None,
    expected: Any = None,
) -> Claim:
    """A claim whose verdict the exhibit measured itself (an exception, an inequality)."""
    return Claim(sentence, mutating, pure, expected, None, None, bool(holds))


def in_short(claims: Sequence[Claim]) -> tuple[list[Claim], list[Claim]]:
    """The claims that are shown first, those that fail among them, and the rest."""
    first = [claim for at, claim in enumerate(claims) if at < _FIRST or not claim.holds]
    rest = [claim for at, claim in enumerate(claims) if at >= _FIRST and claim.holds]
    return first, rest


@dataclass(frozen=True)
class Ablation:
    """The 2 x 2 experiment: which change moves the loss, the argument's or the captured state's?

    Each table is ``[argument changed][captured state changed]``, four loss values.
    """

    argument: str
    state: str
    mutating: tuple[tuple[float, float], tuple[float, float]]
    pure: tuple[tuple[float, float], tuple[float, float]]

    @property
    def holds(self) -> bool:
        """The mutating loss follows only the captured state, the pure one only its argument."""
        (m00, m01), (m10, m11) = self.mutating
        (p00, p01), (p10, p11) = self.pure
        follows_state = m00 == m10 and m01 == m11 and m00 != m01
        follows_argument = p00 == p01 and p10 == p11 and p00 != p10
        return follows_state and follows_argument

    def _repr_html_(self) -> str:
        from comparisons.page import exhibit  # here, since the puzzle need not wait for JAX
        from purenet import markup

        return markup.fragment(exhibit.ablation(self))


def ablate(
    *,
    argument: str,
    state: str,
    mutating: Callable[[Any], Any],
    pure: Callable[[Any], Any],
    unchanged: Any,
    changed: Any,
    set_state: Callable[[Any], None],
) -> Ablation:
    """Call both losses in all four cases, and put the captured state back, also after an error.

    Args:
        argument: the argument's name, as the table shows it (``W``).
        state: the captured state's name (``net.W``).
        mutating: the captured-state loss, a function of the argument.
        pure: the pure loss, a function of the argument.
        unchanged: the value both the argument and the state start from.
        changed: the value that either is changed to.
        set_state: writes a value into the captured state of the mutating original.
    """

    def table(loss):
        rows = []
        for value in (unchanged, changed):
            row = []
            for captured in (unchanged, changed):
                set_state(captured)
                row.append(float(np.asarray(loss(value)).reshape(())))
            rows.append(tuple(row))
        return tuple(rows)

    try:
        return Ablation(argument, state, table(mutating), table(pure))
    finally:
        set_state(unchanged)


@dataclass(frozen=True)
class Audit:
    """What purenet.audit reported of one function; ``label`` is the function as one writes it."""

    label: str
    report: "PurityReport"


def found(
    sentence: str, audit: Audit, *expected: tuple[str, str], is_original: bool = True
) -> Claim:
    """The claim that an audit found exactly these pairs of kind and subject; none: a clean one."""
    found = audit.report.findings
    pairs = sorted((finding.kind, name) for finding in found for name in finding.subjects)
    side = {"mutating" if is_original else "pure": by_kind(pairs)}
    wanted = sorted(expected)
    return fact(sentence, holds=pairs == wanted, **side, expected=by_kind(wanted))


@dataclass(frozen=True)
class Exhibition:
    """All that one exhibit showed: claims, ablation where one applies, notes, and audits."""

    name: str
    title: str
    claims: tuple[Claim, ...]
    ablation: Ablation | None = None
    notes: tuple[str, ...] = ()
    audits: tuple[Audit, ...] = ()

    @property
    def holds(self) -> bool:
        """Every claim holds, and so does the ablation."""
        return all(claim.holds for claim in self.claims) and (
            self.ablation is None or self.ablation.holds
        )

    def _repr_html_(self) -> str:
        from comparisons.page import exhibit  # here, since the puzzle need not wait for JAX
        from purenet import markup

        return markup.fragment(exhibit.exhibition(self))


def by_kind(pairs: Sequence[tuple[str, str]]) -> str:
    """Each kind with its subjects: ``aliased-state net.W; ignored-parameter W``."""
    kinds = dict.fromkeys(kind for kind, _ in pairs)
    subjects = {kind: ", ".join(name for k, name in pairs if k == kind) for kind in kinds}
    return "; ".join(f"{kind} {names}" for kind, names in subjects.items()) or "no findings"


def _distance(side: np.ndarray, reference: np.ndarray) -> float:
    if side.shape != reference.shape:
        return float("inf")
    with np.errstate(invalid="ignore"):  # inf - inf, which the first case answers
        gaps = np.where(side == reference, 0.0, np.abs(side - reference))
    return float(np.max(gaps, initial=0.0))
