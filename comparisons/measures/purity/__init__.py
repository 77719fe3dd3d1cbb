"""What an audit finds in impure programs, and whether it lets pure ones pass."""

from collections import Counter
from typing import Any

from rich.console import Group
from rich.table import Table
from rich.text import Text

from comparisons.measures.promises import Promise, kept, plain_table
from comparisons.measures.purity.price import Price, prices
from comparisons.measures.purity.programs import impure, pure
from comparisons.measures.purity.verdicts import EXCEPTION, Verdict, verdict
from comparisons.settings import Settings
from purenet.purity import KINDS

_LEGEND = """\
Impure programs as people write them, each with every finding that it calls
for, by kind and by the name of the guilty parameter or captured object; and
pure ones that a hasty reader would call impure. A false alarm is a finding
that is not there, or that has another name. Two programs of a kind may differ
in their findings, so a program is counted once for each kind that it has."""
_LEAST_PROGRAMS, _LEAST_OF_A_KIND, _LONGEST = 40, 2, 1.0


def run(settings: Settings) -> "Purity":
    """Audit every program of the corpus, and the book's network for the price."""
    every = [*impure(), *pure()]
    return Purity([verdict(one) for one in settings.track(every, "every program")], prices())


class Purity:
    """The confusion table, every wrong verdict in words, and what is promised of an audit."""

    title = "What an audit finds in impure programs, and whether it lets pure ones pass."

    def __init__(self, verdicts: list[Verdict], prices: list[Price]):
        self.verdicts = verdicts
        self.prices = prices
        self.promises = [*promises(verdicts), *costs(prices)]

    @property
    def holds(self) -> bool:
        """Whether every promise is kept."""
        return all(promise.holds for promise in self.promises)

    def __rich__(self) -> Group:
        """How to read it, the table, the wrong verdicts, the promises."""
        parts: list[Any] = [Text(_LEGEND), "", self._table(), ""]
        wrong = [v for v in self.verdicts if not v.right or v.changed]
        if wrong:
            parts += [Text("Wrong verdicts"), *(Text(f"  {v}") for v in wrong), ""]
        return Group(*parts, kept(self.promises))

    def record(self) -> dict[str, Any]:
        """The confusion table, every verdict, the prices, the promises with their figures."""
        return {
            "confusion": confusion(self.verdicts),
            "verdicts": [_plain(v) for v in self.verdicts],
            "prices": [price._asdict() for price in self.prices],
            "promises": [promise._asdict() for promise in self.promises],
        }

    def _table(self) -> Table:
        table = plain_table("programs, kind by kind")
        for heading in ("", "programs", "found", "missed", "false alarms"):
            table.add_column(heading, justify="right" if heading else "left")
        rows = confusion(self.verdicts)
        for kind, row in rows.items():
            table.add_row(kind, *(str(number) for number in row.values()))
        totals = sum((Counter(row) for row in rows.values()), Counter())
        table.add_row("all kinds", *(str(totals[name]) for name in rows[KINDS[0]]))
        harmless = [v for v in self.verdicts if not v.wanted]
        alarmed = sum(bool(v.false) for v in harmless)
        table.add_row("pure programs", str(len(harmless)), "", "", str(alarmed))
        seconds = sum(v.seconds for v in self.verdicts)
        table.caption = f"{seconds:.0f} seconds for {len(self.verdicts)} audits"
        table.caption_justify = "left"
        return table


def confusion(verdicts: list[Verdict]) -> dict[str, dict[str, int]]:
    """Kind by kind: programs that have it, found, missed, and where it was a false alarm."""
    kinds = [*KINDS, EXCEPTION] if any(_has(v.false, EXCEPTION) for v in verdicts) else KINDS
    table = {}
    for kind in kinds:
        wanted = [v for v in verdicts if _has(v.wanted, kind)]
        missed = sum(_has(v.missed, kind) for v in wanted)
        table[kind] = {
            "programs": len(wanted),
            "found": len(wanted) - missed,
            "missed": missed,
            "false": sum(_has(v.false, kind) for v in verdicts),
        }
    return table


def promises(verdicts: list[Verdict]) -> list[Promise]:
    """What is promised of the verdicts, and of the corpus that they are on."""
    impure_ones = [v for v in verdicts if v.wanted]
    pure_ones = [v for v in verdicts if not v.wanted]
    findings = sum(len(v.wanted) for v in verdicts)
    missed = sum(len(v.missed) for v in verdicts)
    false = sum(len(v.false) for v in verdicts)
    changed = sum(bool(v.changed) for v in verdicts)
    covered = [row["programs"] for kind, row in confusion(verdicts).items() if kind in KINDS]
    return [
        Promise(
            f"at least {_LEAST_PROGRAMS} impure programs and {_LEAST_PROGRAMS} pure ones",
            f"{len(impure_ones)} and {len(pure_ones)}",
            min(len(impure_ones), len(pure_ones)) >= _LEAST_PROGRAMS,
        ),
        Promise(
            f"all {len(KINDS)} kinds, each in {_LEAST_OF_A_KIND} programs or more",
            f"{sum(n >= _LEAST_OF_A_KIND for n in covered)} kinds, the rarest in {min(covered)}",
            min(covered) >= _LEAST_OF_A_KIND,
        ),
        Promise("nothing is missed", f"{missed} of {findings} findings", missed == 0),
        Promise("no false alarm", f"{false} on {len(verdicts)} programs", false == 0),
        Promise(
            "an audit leaves arguments, state, generators and output alone",
            f"{changed} of {len(verdicts)} left something behind",
            changed == 0,
        ),
    ]


def costs(prices: list[Price]) -> list[Promise]:
    """What is promised of the price of an audit."""
    return [
        Promise(
            f"book {price.name}: at most {_LONGEST:.0f} s beyond tracing",
            f"{price.beyond:.2f} s",
            price.beyond <= _LONGEST,
        )
        for price in prices
    ]


def _has(findings: frozenset, kind: str) -> bool:
    return any(found == kind for found, _ in findings)


def _plain(verdict: Verdict) -> dict[str, Any]:
    findings = ("wanted", "reported", "missed", "false")
    return {
        "program": verdict.program,
        **{name: sorted(getattr(verdict, name), key=str) for name in findings},
        "changed": list(verdict.changed),
        "seconds": verdict.seconds,
    }
