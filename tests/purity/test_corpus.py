"""Every program of the corpus audited: exactly what is wrong with it is reported."""

import pytest

from comparisons.measures.purity.programs import impure, pure
from comparisons.measures.purity.verdicts import verdict
from purenet.purity import KINDS


def family(program):
    return program.name.rsplit(".", 1)[0]


def first_of_each(programs, of):
    """The programs that show something which none before them shows."""
    shown, found = set(), []
    for program in programs:
        if not of(program) <= shown:
            shown |= of(program)
            found.append(program)
    return found


# what the default run audits: each kind of finding once, and one near miss of each family
SAMPLE = [
    *first_of_each(impure(), lambda program: program.kinds),
    *first_of_each(pure(), lambda program: {family(program)}),
]
SAMPLED = {program.name for program in SAMPLE}


def test_the_sample_shows_every_kind_and_a_near_miss_of_every_family():
    assert set().union(*(program.kinds for program in SAMPLE)) == set(KINDS)
    assert {family(p) for p in pure()} <= {family(p) for p in SAMPLE}


@pytest.mark.parametrize(
    "program",
    [
        pytest.param(p, id=p.name, marks=() if p.name in SAMPLED else pytest.mark.full)
        for p in [*impure(), *pure()]
    ],
)
def test_the_audit_reports_exactly_the_findings(program, unchecked):  # beartype draws from random
    found = verdict(program)
    assert found.right, str(found)
    assert not found.changed
