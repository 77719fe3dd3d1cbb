"""The report reads as text, as a rich table and as HTML."""

import io

import pytest
from rich.console import Console

from purenet.check import GradientReport, LeafReport

AGREES = LeafReport(
    "params['W']", (2, 3), 1.0, 1e-9, 1e-6, "params['W'][0, 1]", 1.0, 1.0, 0, "dense"
)
DIFFERS = LeafReport(
    "params['<b>']", (3,), 2.0, 0.5, 1e-6, "params['<b>'][2]", 2.0, 1.5, 2, "host: <why>"
)


def test_agreement_reads_as_one_line_and_a_table():
    text = str(GradientReport((AGREES,)))
    verdict, headings, row, evaluated = text.splitlines()
    assert verdict == "jax.grad agrees with the finite difference at every coordinate"
    assert headings.split()[:2] == ["leaf", "shape"]
    assert row.startswith("params['W']")
    assert row.endswith("agrees")
    assert evaluated == "params['W'] evaluated dense"


@pytest.mark.parametrize(("leaves", "noun"), [((AGREES, DIFFERS), "2 coordinates")])
def test_disagreement_is_counted(leaves, noun):
    report = GradientReport(leaves)
    assert not report.ok
    assert str(report).startswith(f"jax.grad disagrees with the finite difference at {noun}")


def test_rich_shows_the_same_rows():
    console = Console(file=io.StringIO(), width=200)
    console.print(GradientReport((AGREES, DIFFERS)))
    shown = console.file.getvalue()
    assert "params['W'][0, 1]" in shown
    assert "2 disagree" in shown


def test_html_escapes_what_the_keys_say():
    html = GradientReport((DIFFERS,))._repr_html_()
    assert "&lt;b&gt;" in html
    assert "<b>" not in html
    assert "evaluated host: &lt;why&gt;" in html
