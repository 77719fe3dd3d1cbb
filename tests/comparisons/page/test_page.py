"""The page as text: one file that loads nothing, with every claim, line and finding escaped."""

import re
import subprocess
import sys

import numpy as np
import pytest

from comparisons import exhibits, page, programs, puzzle
from comparisons.claims import Audit, close, equal, fact
from comparisons.exhibition import Ablation, Exhibition
from comparisons.page import code, exhibit
from comparisons.runs import Outcome
from purenet.purity import Finding, PurityReport

SEPARATES = Ablation("W", "net.W", ((1.0, 2.0), (1.0, 2.0)), ((1.0, 1.0), (2.0, 2.0)))
ANSWERED = puzzle.Answered(SEPARATES, np.full((2, 3), 0.25), np.full((2, 3), 0.5))
IMPURE = Audit(
    "lambda W: net.loss(x < 1, t)",
    PurityReport("f", (Finding("ignored-parameter", "W", "m.py:3", "Nothing reads W.", "read W"),)),
)


def outcome(name="simple_net", claims=(), **more):
    return Outcome(name, Exhibition(name, "a < b", claims, **more), 1.5)


@pytest.fixture(scope="module")
def whole():
    return page.document(puzzle.asked(), ANSWERED, [outcome()], None)


def test_it_loads_nothing_from_elsewhere(whole):
    assert re.findall(r'(?:src|href)="(?!#)[^"]*"', whole) == []
    assert "@import" not in whole
    assert "url(" not in whole.replace("url(#tip", "")


def test_its_plots_need_nothing_that_the_first_command_does_not_install():
    peers = ("mpmath", "numdifftools", "autograd", "chex", "torch")
    program = (
        f"import sys; sys.modules.update(dict.fromkeys({peers}))\n"
        "from comparisons.page import figures, samples\n"
        "from comparisons.measures.detection.checkers import CHECKERS\n"
        "print(*CHECKERS)"
    )
    ran = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert (ran.stdout, ran.stderr) == ("purenet jax.test_util\n", "")


def test_ids_are_unique_and_every_link_has_its_goal(whole):
    ids = re.findall(r' id="([^"]+)"', whole)
    assert len(ids) == len(set(ids))
    assert set(re.findall(r'href="#([^"]+)"', whole)) <= {*ids, "main"}


def test_the_story_has_the_lines_the_numbers_and_every_step(whole):
    assert " 0.21924763   0.14356247  -0.36281009" in whole
    assert "f = <span" in whole
    assert whole.count("f gives 0.928") == 12
    assert whole.count("the difference is") == 6
    assert "0.25000000" in whole
    assert "0.50000000" in whole


def test_versions_machine_and_date_are_there(whole):
    footer = whole[whole.index("<footer>") :]
    assert f"numpy {np.__version__}" in footer
    assert re.search(r'<time datetime="\d{4}-\d\d-\d\dT', footer)


@pytest.mark.parametrize("name", exhibits.NAMES)
def test_an_exhibit_shows_both_programs_with_linked_lines(name):
    columns = code.columns(name)
    ids = re.findall(r' id="([^"]+)"', columns)
    assert len(ids) == len(set(ids))
    links = re.findall(r'href="#([^"]+)"', columns)
    assert links
    assert set(links) <= set(ids)
    for index, pair in enumerate(programs.pairs(name), 1):
        for side in ("mutating", "pure"):
            shown = re.search(rf'{side}-\d+" data-twins="[^"]*\b{index}\b', columns)
            assert bool(shown) == (getattr(pair, side) is not None)


def test_code_is_escaped_and_coloured():
    (line,) = code.highlighted('if a < b: x = "<i>"  # &')
    assert line == (
        '<span class="k">if</span> a &lt; b: x = <span class="s">"&lt;i&gt;"</span>  '
        '<span class="c"># &amp;</span>'
    )


def test_a_claim_has_both_values_and_its_verdict():
    claims = (
        close("s < t", mutating=1.25, pure=1.5, tolerance=1e-3),
        equal("same", mutating=107, pure=107),
    )
    shown = outcome(claims=claims, ablation=SEPARATES).result.html()
    assert '<span class="verdict disagrees">fails</span>s &lt; t' in shown
    assert (
        '<dt>mutating</dt><dd>1.25</dd></div><div class="pure"><dt>pure</dt><dd>1.5</dd>' in shown
    )
    assert "largest difference 2.5e-01 (allowed: 1e-03)" in shown
    assert "<h4>1 of 2 claims hold</h4>" in shown
    assert '<td class="number"><b>2</b></td>' in shown


def test_later_claims_are_folded_unless_they_fail():
    claims = [fact(f"claim {i}", holds=i != 8, mutating=i) for i in range(10)]
    shown = outcome(claims=tuple(claims)).result.html()
    first, _, rest = shown.partition("<details><summary>3 more claims</summary>")
    assert "claim 8" in first
    assert "claim 7" in rest


def test_audits_and_an_exception():
    shown = exhibit.article(outcome(audits=(IMPURE,)))
    assert "<code>lambda W: net.loss(x &lt; 1, t)</code>: ignored-parameter W" in shown
    assert "Nothing reads W." in shown
    raised = exhibit.article(Outcome("n", ValueError("a < b"), 1.0))
    assert "ValueError: a &lt; b" in raised


def test_a_measure_is_shown_as_its_own_table():
    class Measured:
        title, holds = "Beside its peers.", True

        def __rich__(self):
            return "its <table>"

        def record(self):
            return {}

    assert "its &lt;table&gt;" in exhibit.article(Outcome("speed", Measured(), 1.0))


def test_a_notebook_shows_an_exhibit_with_its_style():
    shown = outcome(claims=(fact("it holds", holds=True),)).result._repr_html_()
    assert shown.count("<style>") == 1
    assert "it holds" in shown
    assert "2</b>" in SEPARATES._repr_html_()
