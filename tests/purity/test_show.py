"""The report as text, in colours, and as HTML."""

import io

import rich.console

from purenet.purity import Finding, PurityReport

ODD = Finding("mutates-state", "d['<b>']", "<string>:3", "a < b & c", "use [bold]x[/bold]")
NOTE = Finding("captured-array", "<t>", "", "taken for data", "")
REPORT = PurityReport("<lambda>", (ODD,), (NOTE,))


def test_one_finding_and_several():
    assert str(REPORT).splitlines()[0] == "<lambda>: 1 finding: mutates-state"
    two = PurityReport("loss", (ODD, ODD))
    assert str(two).splitlines()[0] == "loss: 2 findings: mutates-state"
    assert str(PurityReport("loss")) == "loss: pure; it reads every parameter and changes nothing"


def test_text_ends_with_the_notes():
    assert str(REPORT).splitlines()[-1] == "note: <t>: taken for data"


def test_html_is_escaped():
    html = REPORT._repr_html_()
    assert "<b>&lt;lambda&gt;: 1 finding" in html
    assert "d[&#x27;&lt;b&gt;&#x27;] (&lt;string&gt;:3)" in html
    assert "a &lt; b &amp; c" in html
    assert "<li>note: &lt;t&gt;" in html


def test_rich_takes_brackets_for_text():
    console = rich.console.Console(width=200, record=True, file=io.StringIO())
    console.print(REPORT)
    assert "use [bold]x[/bold]" in console.export_text()
