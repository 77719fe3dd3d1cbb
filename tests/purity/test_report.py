"""Findings and reports, as objects and as data."""

import io
import json

import numpy as np
import pytest
import rich.console

from purenet.purity import KINDS, Finding, ImpureLoss, PurityReport, audit
from purenet.purity.findings import Fact, findings

FINDING = Finding("mutates-state", "self.n", "net.py:3", "It counts.", "return it", {"before": 0})
REPORT = PurityReport("loss", (FINDING, FINDING), (FINDING,), 0.5)
ODD = Finding("mutates-state", "d['<b>']", "<string>:3", "a < b & c", "use [bold]x[/bold]")
NOTE = Finding("captured-array", "<t>", "", "taken for data", "")
ODD_REPORT = PurityReport("<lambda>", (ODD,), (NOTE,))


def test_the_verdict():
    assert PurityReport("loss").ok
    assert PurityReport("loss", notes=(FINDING,)).ok
    assert not REPORT.ok
    assert REPORT.kinds == ("mutates-state",)


def test_sixteen_kinds_each_once():
    assert len(KINDS) == len(set(KINDS)) == 16


def test_a_finding_as_text():
    assert str(FINDING).splitlines() == [
        "mutates-state: self.n (net.py:3)",
        "  It counts.",
        "  fix: return it",
        "    before  0",
    ]


def test_facts_of_one_kind_way_and_place_are_one_finding():
    facts = [
        Fact("ignored-parameter", "p['a']", "m.py:3", evidence={"value": 1.0}),
        Fact("ignored-parameter", "p['b']", "m.py:3", evidence={"value": 1.0}),
        Fact("ignored-parameter", "q", "m.py:9"),
    ]
    both, alone = findings("loss", facts)
    assert both.subjects == ("p['a']", "p['b']")
    assert both.explanation.startswith("Nothing that loss computes reads p['a'] and p['b']:")
    assert both.remedy == "use p['a'] and p['b'], or take them out of the arguments"
    assert alone.remedy == "use q, or take it out of the arguments"


def test_facts_of_one_group_are_one_finding_with_all_their_places():
    words = ({"argument": "p['a']"}, {"argument": "p['b']"})
    facts = [
        Fact("aliased-state", name, place, words=word, group="")
        for name, place, word in zip(("n.a", "n.b"), ("m.py:3", "m.py:5"), words, strict=True)
    ]
    (finding,) = findings("loss", facts)
    assert finding.where == "m.py:3 and m.py:5"
    assert "reads `n.a` and `n.b`, which are the very ones passed as p['a'] and p['b']." in (
        finding.explanation
    )


def test_json_and_back():
    data = json.loads(REPORT.to_json())
    assert data == REPORT.to_dict()
    found = tuple(Finding(**finding) for finding in data["findings"])
    notes = tuple(Finding(**note) for note in data["notes"])
    assert PurityReport(data["function"], found, notes, data["seconds"]) == REPORT


@pytest.mark.parametrize(
    "value", [np.float32(1.5), np.nan, np.inf, np.int64(3), np.ones(2), (1, 2), object(), 1j, None]
)
def test_whatever_the_evidence_is_it_can_be_written(value):
    report = PurityReport("loss", (Finding("mutates-state", "n", "", "", "", {"before": value}),))
    json.loads(report.to_json(), parse_constant=pytest.fail)
    assert "before" in str(report)


def test_the_error_carries_the_report():
    error = ImpureLoss(REPORT)
    assert isinstance(error, AssertionError)
    assert error.report is REPORT
    assert str(error) == str(REPORT)


def test_an_audit_can_be_written():
    W = np.ones(2)
    assert json.loads(audit(lambda p: float(W.sum()), W).to_json())["ok"] is False


def test_one_finding_and_several():
    assert str(ODD_REPORT).splitlines()[0] == "<lambda>: 1 finding: mutates-state"
    two = PurityReport("loss", (ODD, ODD))
    assert str(two).splitlines()[0] == "loss: 2 findings: mutates-state"
    assert str(PurityReport("loss")) == "loss: pure; it reads every parameter and changes nothing"


def test_text_ends_with_the_notes():
    assert str(ODD_REPORT).splitlines()[-1] == "note: <t>: taken for data"


def test_html_is_escaped():
    html = ODD_REPORT._repr_html_()
    assert '<span class="verdict disagrees">1 finding</span><code>&lt;lambda&gt;</code>' in html
    assert "<code>d[&#x27;&lt;b&gt;&#x27;]</code> (&lt;string&gt;:3)" in html
    assert "a &lt; b &amp; c" in html
    assert "<li><code>&lt;t&gt;</code>: taken for data</li>" in html


def test_html_tells_pure_from_impure_and_has_a_row_for_each_experiment():
    assert '<span class="verdict agrees">pure</span>' in PurityReport("loss")._repr_html_()
    html = REPORT._repr_html_()
    assert html.count('<td class="number">0</td>') == 2
    assert html.count('<div class="finding">') == 2


def test_rich_takes_brackets_for_text():
    console = rich.console.Console(width=200, record=True, file=io.StringIO())
    console.print(ODD_REPORT)
    assert "use [bold]x[/bold]" in console.export_text()
