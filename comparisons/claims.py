"""What an exhibit states: claims, each with the numbers of both sides and a verdict."""

from collections.abc import Sequence
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
    ``difference`` is the largest absolute deviation, None where the claim is not about a distance.
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
