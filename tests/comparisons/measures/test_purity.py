"""The measure of purity: a corpus of every kind, verdicts counted, tables, promises."""

import io
from collections import Counter
from typing import NamedTuple

import numpy as np
import pytest
from rich.console import Console

from comparisons.measures import purity
from comparisons.measures.purity import Purity, verdicts
from comparisons.measures.purity.price import Price, prices
from comparisons.measures.purity.programs import Program, impure, pure
from comparisons.measures.purity.verdicts import EXCEPTION, Verdict
from purenet.purity import KINDS, Finding
from tests.sampling import sample

CHEAP = [Price("in JAX", 1.2, 0.4)]


class Report(NamedTuple):
    findings: tuple[Finding, ...]


def made_up(wanted=(), reported=None, changed=(), name="a.program"):
    """A verdict; right unless something else was reported than is wanted."""
    wanted = frozenset(wanted)
    reported = [(k, s or "any") for k, s in wanted] if reported is None else reported
    return Verdict(name, wanted, frozenset(reported), tuple(changed), 0.5)


def whole(*more):
    """Forty-eight impure programs, three of each kind, forty pure ones, all found, and more."""
    every = [made_up([(kind, "W")]) for kind in KINDS for _ in range(3)]
    return [*every, *[made_up() for _ in range(40)], *more]


def printed(measured, width=80):
    console = Console(width=width, file=io.StringIO(), highlight=False)
    console.print(measured)
    return console.file.getvalue()


def test_the_corpus_covers_every_kind_with_programs_of_different_names():
    counts = Counter(kind for program in impure() for kind in program.kinds)
    assert set(counts) == set(KINDS)
    assert min(counts.values()) >= 2
    assert len(KINDS) == 16
    assert all(program.findings for program in impure())
    assert not any(program.findings for program in pure())
    names = [program.name for program in [*impure(), *pure()]]
    assert len(names) == len(set(names))
    assert min(len(impure()), len(pure())) >= 48


@pytest.mark.parametrize(
    "program", sample([*impure(), *pure()], every=12), ids=lambda program: program.name
)
def test_a_program_is_built_afresh(program):
    (first, args), (second, others) = program.build(), program.build()
    assert callable(first)
    assert first is not second
    arrays = [a for a in args if isinstance(a, np.ndarray)]
    assert not any(a is b for a in arrays for b in others)


def test_a_finding_is_found_by_kind_and_subject():
    wanted = {("side-effect", "print"), ("key-reuse", None)}
    right = made_up(wanted, [("side-effect", "print"), ("key-reuse", "keys[0]")])
    assert right.right
    assert str(right) == "a.program: right"
    other = made_up(wanted, [("side-effect", "open"), ("key-reuse", "a"), ("key-reuse", "b")])
    assert other.missed == {("side-effect", "print")}
    assert other.false == {("side-effect", "open")}
    assert str(other) == (
        "a.program: side-effect of print missed; side-effect of open is not there"
    )
    assert str(made_up(wanted, [("side-effect", "print")])) == (
        "a.program: key-reuse of whatever missed"
    )


def test_programs_are_counted_once_for_each_kind():
    found = [
        made_up([("ignored-parameter", "a"), ("ignored-parameter", "b")]),
        made_up([("ignored-parameter", "a"), ("captured-array", "n.a")], [("captured-array", "a")]),
        made_up([], [("captured-array", "x"), ("captured-array", "t")]),
    ]
    rows = purity.confusion(found)
    assert list(rows) == list(KINDS)
    assert rows["ignored-parameter"] == {"programs": 2, "found": 1, "missed": 1, "false": 0}
    assert rows["captured-array"] == {"programs": 1, "found": 0, "missed": 1, "false": 2}
    assert rows["key-reuse"] == {"programs": 0, "found": 0, "missed": 0, "false": 0}


def test_an_exception_of_the_audit_is_a_row_of_its_own():
    rows = purity.confusion([made_up([("key-reuse", "key")], [(EXCEPTION, "ValueError: no")])])
    assert rows[EXCEPTION] == {"programs": 0, "found": 0, "missed": 0, "false": 1}
    assert rows["key-reuse"]["missed"] == 1


MISSED = made_up([("key-reuse", "key")], [])
FALSE = made_up([], [("nondeterministic", "loss")], name="tricky.one")
LEFT = made_up([], changed=["numpy.random"], name="tricky.two")


@pytest.mark.parametrize(
    ("verdicts", "prices", "broken"),
    [
        (whole(), CHEAP, []),
        (whole(MISSED), CHEAP, [2]),
        (whole(FALSE), CHEAP, [3]),
        (whole(LEFT), CHEAP, [4]),
        (whole(), [Price("in JAX", 1.6, 0.4)], [5]),
        (whole()[1:], CHEAP, []),
        (whole()[2:], CHEAP, [1]),
        (whole()[:87], CHEAP, [0]),
        (whole()[48:], CHEAP, [0, 1]),
    ],
)
def test_promises_hold_or_fail_by_the_verdicts(verdicts, prices, broken):
    measured = Purity(verdicts, prices)
    assert [n for n, p in enumerate(measured.promises) if not p.holds] == broken
    assert measured.holds == (not broken)


def test_tables_say_what_is_wrong():
    text = printed(Purity(whole(MISSED, FALSE, LEFT), CHEAP))
    lines = [line.split() for line in text.splitlines()]
    assert ["key-reuse", "4", "3", "1", "0"] in lines
    assert ["nondeterministic", "3", "3", "0", "1"] in lines
    assert ["all", "kinds", "49", "48", "1", "1"] in lines
    assert ["pure", "programs", "42", "1"] in lines
    assert "  a.program: key-reuse of key missed" in text
    assert "  tricky.one: nondeterministic of loss is not there" in text
    assert "  tricky.two: numpy.random changed" in text
    assert "Wrong verdicts" not in printed(Purity(whole(), CHEAP))


def test_the_record_is_whole():
    record = Purity(whole(MISSED), CHEAP).record()
    assert len(record["verdicts"]) == 89
    assert record["verdicts"][-1] == {
        "program": "a.program",
        "wanted": [("key-reuse", "key")],
        "reported": [],
        "missed": [("key-reuse", "key")],
        "false": [],
        "changed": [],
        "seconds": 0.5,
    }
    assert record["confusion"]["key-reuse"]["missed"] == 1
    assert record["prices"] == [{"name": "in JAX", "audit": 1.2, "tracing": 0.4}]


def program_of(loss, *args, findings=frozenset()):
    return Program("made.up", lambda: (loss, args), findings)


def test_a_verdict_is_what_the_audit_reports(monkeypatch):
    report = Report(
        tuple(
            Finding(kind, name, "", "", "")
            for kind, name in (("key-reuse", "key"), ("side-effect", "print"))
        )
    )
    monkeypatch.setattr(verdicts, "audit", lambda loss, *args, argnums: report)
    found = verdicts.verdict(program_of(np.sum, np.ones(3)))
    assert found.false == {("key-reuse", "key"), ("side-effect", "print")}
    assert found.changed == ()


def test_a_verdict_is_the_audits_exception(monkeypatch):
    def raising(loss, *args, argnums):
        raise ValueError("got nothing")

    monkeypatch.setattr(verdicts, "audit", raising)
    found = verdicts.verdict(program_of(np.sum, np.ones(3)))
    assert found.reported == {(EXCEPTION, "ValueError: got nothing")}


def test_what_an_audit_leaves_behind_is_seen(monkeypatch):
    history = []

    def loss(w):
        history.append(float(np.random.rand()))  # noqa: NPY002
        w += 1.0
        print("called")
        return np.sum(w)

    monkeypatch.setattr(verdicts, "audit", lambda f, *args, argnums: Report((f(*args),)[:0]))
    wanted = frozenset({("mutates-state", "history")})
    found = verdicts.verdict(program_of(loss, np.ones(3), findings=wanted))
    assert found.changed == ("args", "numpy.random", "history", "output")


def test_prices_are_of_the_network_in_jax_and_in_numpy(x64, monkeypatch):
    audited = []
    monkeypatch.setattr("comparisons.measures.purity.price.audit", lambda *a: audited.append(a))
    found = prices((6, 4, 3), 5)
    assert [price.tracing > 0 for price in found] == [True, False, False]
    assert len(audited) == 12
    losses = {float(loss(*args)) for loss, *args in audited}
    assert max(losses) - min(losses) < 1e-12
