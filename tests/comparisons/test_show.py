"""What people see: every column of a claim, the ablation with its answer, the summary."""

import io
import re

import numpy as np
import pytest
from rich.console import Console
from rich.table import Table

from comparisons import show
from comparisons.claims import Audit, close, equal, fact
from comparisons.exhibition import Ablation, Exhibition
from comparisons.runs import Outcome
from purenet.purity import Finding, PurityReport

DW = np.array([[0.21924763, 0.14356247, -0.36281009], [0.32887144, 0.2153437, -0.54421514]])
SEPARATES = Ablation(
    "W", "net.W", ((107.0, 108.0), (107.0, 108.0)), ((107.0, 107.0), (108.0, 108.0))
)


def lines(renderable, width=100, *, colour=False):
    """The renderable as a console of that width prints it, line by line."""
    console = Console(
        file=io.StringIO(),
        width=width,
        highlight=False,
        force_terminal=colour,
        color_system="standard" if colour else None,
    )
    console.print(renderable)
    assert isinstance(console.file, io.StringIO)
    return [line.rstrip() for line in console.file.getvalue().splitlines()]


IMPURE = Audit(
    "lambda W: net.loss(x, t)",
    PurityReport(
        "<lambda>",
        (
            Finding("ignored-parameter", "W", "mutating.py:36", "Nothing reads W.", "read W"),
            Finding("aliased-state", "net.params['W1'][/]", "mutating.py:26", "It does.", ""),
        ),
        (Finding("captured-array", "x", "", "taken for data", ""),),
    ),
)
PURE = Audit("loss(params, x, t)", PurityReport("loss"))


def exhibit(*claims, ablation=None, notes=(), audits=()):
    shown = Exhibition("simple_net", "One weight.", claims, ablation, notes, audits)
    return Outcome("simple_net", shown, 2)


def raised():
    try:
        raise IndexError("index 3 is out of bounds\nfor axis 0")
    except IndexError as error:
        return Outcome("linear_model", error, 0.25)


class Measured:
    """A measure's result with a table of its own."""

    title = "Speed beside its peers."

    def __init__(self, holds):
        self.holds = holds

    def __rich__(self):
        table = Table("tool", "ratio")
        table.add_row("torch", "31.4")
        return table

    def record(self):
        return {}


def test_a_claim_shows_sentence_both_sides_expected_difference_and_verdict():
    claim = close("the loss", mutating=2.0, pure=2.0 + 2**-30, expected=2.0, tolerance=1e-8)
    shown = lines(show.outcome(exhibit(claim), 100))
    assert shown[0].startswith("simple_net ━━━")
    assert shown[1] == "One weight."
    assert shown[3].split() == ["claim", "difference", "verdict"]
    assert " ".join(shown[4].split()) == "mutating NumPy pure JAX expected"
    assert shown[6].split() == ["the", "loss", "9.3e-10", "holds"]
    assert shown[7].split() == ["2", "2.00000000093", "2"]


def test_values_stand_under_the_heads_of_their_columns():
    shown = lines(show.outcome(exhibit(equal("s", mutating=11, pure=22, expected=33)), 100))
    heads, evidence = shown[4], shown[7]
    for head, value in (("mutating NumPy", "11"), ("pure JAX", "22"), ("expected", "33")):
        assert heads.index(head) == evidence.index(value)


def test_a_side_without_a_part_is_a_dash():
    shown = lines(show.outcome(exhibit(equal("s", mutating=107, expected=107)), 100))
    assert shown[7].split() == ["107", "–", "107"]


def test_a_failing_claim_shows_what_was_allowed():
    shown = lines(show.outcome(exhibit(close("s", pure=1.25, expected=1.0, tolerance=1e-3)), 100))
    assert shown[6].split() == ["s", "2.5e-01", "FAILS"]
    assert shown[7].split() == [">", "1.0e-03"]


def test_brackets_in_sentences_are_text_and_no_markup():
    claim = equal("f([[101]]) [bold] is 107", mutating="[red]", expected="[red]")
    shown = lines(show.outcome(exhibit(claim, notes=("W[0, 0] [/]",)), 100))
    assert shown[6].startswith("f([[101]]) [bold] is 107")
    assert shown[7].split() == ["[red]", "–", "[red]"]
    assert shown[-1] == "Note: W[0, 0] [/]"


def test_arrays_keep_their_rows_side_by_side():
    claim = close("dW", mutating=DW, pure=DW, expected=DW, tolerance=0.0)
    narrow = lines(show.outcome(exhibit(claim), 80), 80)
    assert narrow[7].split() == ["0.2192", "0.1436", "-0.3628"] * 3
    assert narrow[8].split() == ["0.3289", "0.2153", "-0.5442"] * 3
    wide = lines(show.outcome(exhibit(claim), 120), 120)
    assert wide[7].split() == ["0.21925", "0.14356", "-0.36281"] * 3


@pytest.mark.parametrize("width", [80, 100, 120])
def test_everything_fits_the_width(width):
    claims = (
        close("dW " * 60, mutating=DW, pure=DW, expected=DW, tolerance=0.0),
        fact("s", holds=True, mutating="IndexError: " + "out of bounds " * 9, expected="§" * 200),
        equal("s", mutating=np.arange(1000.0), pure=np.arange(1000.0)),
    )
    long = Audit("lambda W: " * 20, IMPURE.report)
    run = exhibit(
        *claims, ablation=SEPARATES, notes=("a long note " * 30,), audits=(long, IMPURE, PURE)
    )
    shown = lines(show.outcome(run, width), width) + lines(show.summary([run, raised()]), width)
    assert max(map(len, shown)) <= width
    assert "".join(shown).count("§") == 200  # a long word is folded, not cut


def test_the_ablation_is_two_tables_with_a_row_for_the_argument_and_the_answer():
    shown = lines(show.outcome(exhibit(ablation=SEPARATES), 80), 80)
    start = next(index for index, line in enumerate(shown) if line.startswith("What moves"))
    assert shown[start].split()[-1] == "holds"
    tables = [" ".join(line.split()) for line in shown[start:]]
    assert "the mutating lambda the pure loss" in tables
    assert "net.W net.W net.W net.W" in tables
    assert "unchanged changed unchanged changed" in tables
    assert "W unchanged 107 108 W unchanged 107 107" in tables
    assert "W changed 107 108 W changed 108 108" in tables
    answer = " ".join(tables[tables.index("W changed 107 108 W changed 108 108") + 1 :])
    assert answer.strip() == (
        "The mutating lambda follows the captured state net.W alone; "
        "the pure loss follows its argument W alone."
    )


def test_long_names_put_the_two_tables_below_each_other_and_cut_no_number():
    names = Ablation("params['W1']", "net.params['W1']", SEPARATES.mutating, SEPARATES.pure)
    shown = [
        " ".join(line.split()) for line in lines(show.outcome(exhibit(ablation=names), 80), 80)
    ]
    assert "params['W1'] unchanged 107 108" in shown
    assert "params['W1'] changed 108 108" in shown


@pytest.mark.parametrize(
    ("mutating", "pure", "answer"),
    [
        (
            ((1.0, 1.0), (1.0, 1.0)),
            ((1.0, 2.0), (3.0, 4.0)),
            "The mutating lambda follows neither; the pure loss follows both its argument W and "
            "the captured state net.W.",
        ),
        (
            ((1.0, 1.0), (2.0, 2.0)),
            ((1.0, 2.0), (1.0, 2.0)),
            "The mutating lambda follows its argument W alone; the pure loss follows the captured "
            "state net.W alone.",
        ),
        (
            ((1.0, 1.0), (1.0, 2.0)),
            ((1.0, 2.0), (1.0, 1.0)),
            "The mutating lambda follows both its argument W and the captured state net.W; the "
            "pure loss follows both its argument W and the captured state net.W.",
        ),
    ],
)
def test_the_answer_says_what_was_measured_also_where_the_ablation_fails(mutating, pure, answer):
    shown = lines(
        show.outcome(exhibit(ablation=Ablation("W", "net.W", mutating, pure)), 120), width=120
    )
    assert " ".join(" ".join(shown).split()).endswith(answer)
    assert sum("FAILS" in line for line in shown) == 1


def test_what_moved_stands_out_in_colour_and_what_did_not_does_not():
    shown = "\n".join(lines(show.outcome(exhibit(ablation=SEPARATES), 100), colour=True))
    bold_yellow, bold_cyan = r"\x1b\[1;33m +108", r"\x1b\[1;36m +108"
    assert len(re.findall(bold_yellow, shown)) == len(re.findall(bold_cyan, shown)) == 2
    assert re.findall(r"\x1b\[1;3[36]m +107", shown) == []


def test_an_audit_is_a_line_for_the_function_and_one_for_each_finding():
    shown = lines(show.outcome(exhibit(ablation=SEPARATES, audits=(IMPURE, PURE)), 100))
    start = shown.index("What does purenet.audit find?")
    assert shown[start - 1] == ""
    assert [line.split("  ") for line in shown[start + 1 : start + 2]] == [
        ["", " lambda W: net.loss(x, t)", "2 findings"]
    ]
    assert [line.split() for line in shown[start + 2 : start + 4]] == [
        ["ignored-parameter", "W", "mutating.py:36"],
        ["aliased-state", "net.params['W1'][/]", "mutating.py:26"],
    ]
    assert shown[start + 2].index("mutating") == shown[start + 3].index("mutating")
    assert shown[start + 4 :] == ["   loss(params, x, t)  pure"]  # no explanation, no note


def test_an_exhibit_without_audits_asks_no_question():
    assert "audit" not in "\n".join(lines(show.outcome(exhibit(ablation=SEPARATES), 100)))


def test_an_exception_shows_its_kind_message_and_the_lines_it_came_through():
    shown = lines(show.outcome(raised(), 100))
    assert shown[1] == "This one raised an exception."
    assert shown[3:5] == ["IndexError: index 3 is out of bounds", "for axis 0"]
    assert shown[5].strip().startswith("tests/comparisons/test_show.py:")
    assert shown[5].endswith(" in raised")


def test_a_measure_renders_itself_under_its_title():
    shown = lines(show.outcome(Outcome("speed", Measured(holds=True), 3.0), 100))
    assert shown[0].startswith("speed ━━━")
    assert shown[1] == "Speed beside its peers."
    assert any(line.split() == ["│", "torch", "│", "31.4", "│"] for line in shown)


def test_the_summary_counts_claims_and_ablations_and_adds_up_the_seconds():
    good = exhibit(fact("a", holds=True), fact("b", holds=True), ablation=SEPARATES)
    shown = lines(show.summary([good, exhibit(fact("c", holds=True))]))
    assert shown[0].startswith("summary ━━━")
    assert shown[2].split() == ["claims", "ablation", "seconds", "verdict"]
    assert shown[3].split() == ["simple_net", "2", "of", "2", "holds", "2.0", "holds"]
    assert shown[4].split() == ["simple_net", "1", "of", "1", "–", "2.0", "holds"]
    assert shown[-1] == "3 of 3 claims hold, 1 of 1 ablations hold, 4.0 seconds"


def test_the_summary_names_everything_that_does_not_hold():
    mixes = Ablation("W", "net.W", ((1.0, 1.0), (1.0, 1.0)), SEPARATES.pure)
    bad = exhibit(fact("a", holds=True), fact("b [x]", holds=False), ablation=mixes)
    shown = lines(show.summary([bad, raised(), Outcome("speed", Measured(holds=False), 1.0)]))
    assert shown[-6:] == [
        "FAILS  simple_net: b [x]",
        "FAILS  simple_net: the ablation",
        "RAISED linear_model: IndexError: index 3 is out of bounds",
        "for axis 0",
        "FAILS  speed: Speed beside its peers.",
        "1 of 2 claims hold, 0 of 1 ablations hold, 1 raised an exception, 3.2 seconds",
    ]
    assert [line.split()[-1] for line in shown[3:6]] == ["FAILS", "FAILS", "FAILS"]


def test_the_list_has_a_heading_for_each_section():
    shown = lines(show.listing([("exhibits", [("a", "A [t]"), ("long", "B")]), ("measures", [])]))
    assert shown[:3] == ["exhibits", "  a      A [t]", "  long   B"]


def test_there_is_no_colour_code_in_plain_text():
    run = exhibit(fact("a", holds=False), ablation=SEPARATES)
    assert "\x1b" not in "\n".join(lines(show.outcome(run, 100)) + lines(show.summary([run])))
