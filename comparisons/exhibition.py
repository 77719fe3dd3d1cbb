"""What one exhibit showed: its claims, and the ablation: which change moves which loss."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from comparisons import markup
from comparisons.claims import Audit, Claim
from purenet.markup import fragment


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

    def html(self) -> str:
        """Both tables as one in HTML; what moved is bold."""
        return markup.two_by_two(self.argument, self.state, self.mutating, self.pure)

    def _repr_html_(self) -> str:
        return fragment(self.html())


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

    def html(self) -> str:
        """What was measured as HTML, without the programs."""
        parts = (markup.claims(self.claims), markup.audits(self.audits), markup.notes(self.notes))
        if self.ablation is not None:
            parts = ("<h4>What moves the loss?</h4>", self.ablation.html(), *parts)
        return "".join(parts)

    def _repr_html_(self) -> str:
        return fragment(self.html())
