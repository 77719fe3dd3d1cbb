"""The report as text, as a rich table, as HTML, as JSON, and drawn."""

import io
import json
import sys

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from rich.console import Console

import purenet
from purenet.check import Coordinate, GradientReport, LeafReport
from tests.check.planted import network, planted_leaf, scaled_at

AGREES = LeafReport(
    "params['W']", (2, 3), "rev", "dense", 6, 0,
    Coordinate("params['W'][0, 1]", "", 1.0, 1.0, 1e-9), 1.0,
)  # fmt: skip
DIFFERS = LeafReport(
    "params['<b>']", (3,), "rev", "incremental: <why>", 3, 2,
    Coordinate("params['<b>'][2]", "", 2.0, 1.5, 0.25), 1.5, patterns=("jax is <twice>",),
)  # fmt: skip
AGREED = GradientReport("loss", (AGREES,), method="everything", evaluations=12, seconds=0.5)
WRONG = GradientReport(
    "loss", (AGREES, DIFFERS), rules=("rule f (file.py:3) is wrong",), opinions=("h^1",)
)


@pytest.fixture(scope="module")
def real():
    with jax.enable_x64(True):
        loss, params, x, t = network()
        plant = planted_leaf("W1", scaled_at((3, 4), 1.5))
        return purenet.compare_grads(lambda p: loss(plant(p), x, t), params, modes=("rev",))


def test_agreement_is_one_line_a_table_and_how_it_was_found():
    lines = str(AGREED).splitlines()
    assert lines[0] == "loss: jax agrees at all 6 derivatives compared"
    assert lines[1].split()[:3] == ["leaf", "shape", "mode"]
    assert lines[2].startswith("params['W']")
    assert lines[2].endswith("agrees")
    assert lines[3:] == ["everything", "params['W']: dense", "12 evaluations, 0.50 s"]


def test_disagreement_goes_from_the_verdict_to_the_coordinate_to_the_rule():
    lines = str(WRONG).splitlines()
    assert lines[0] == "loss: jax disagrees at 2 of 9 derivatives"
    assert lines[1] == "  params['<b>'][2]: jax 2, finite difference 1.5 ± 0.25  (rev)"
    assert lines[2] == "    params['<b>']: jax is <twice>"
    assert lines[3:5] == ["  rule f (file.py:3) is wrong", "  h^1"]
    assert lines[6].startswith("params['<b>']")  # what is wrong comes first


def test_bounds_of_zero_and_nan():
    assert Coordinate("x", "", 1.0, 1.0, 0.0).bounds == 0.0
    assert Coordinate("x", "", 1.0, 2.0, 0.0).bounds == np.inf
    assert np.isnan(Coordinate("x", "", np.nan, 2.0, 1.0).bounds)


def test_rich_shows_the_same():
    console = Console(file=io.StringIO(), width=160)
    console.print(WRONG)
    shown = console.file.getvalue()
    assert "loss: jax disagrees at 2 of 9 derivatives" in shown
    assert "params['<b>'][2]: jax 2" in shown
    assert "2 disagree" in shown


def test_html_escapes_what_names_say():
    html = WRONG._repr_html_()
    assert "&lt;b&gt;" in html
    assert "<b>'" not in html
    assert "jax is &lt;twice&gt;" in html


def test_html_tells_agreement_from_disagreement_and_folds_how_it_was_evaluated():
    agreed, wrong = AGREED._repr_html_(), WRONG._repr_html_()
    assert '<span class="verdict agrees">agrees</span><code>loss</code>: jax agrees at' in agreed
    assert '<span class="verdict disagrees">disagrees</span>' in wrong
    assert wrong.index("<b>2 disagree</b>") < wrong.index(">agrees</td>")
    assert agreed.index("How it was evaluated") < agreed.index("12 evaluations")
    assert "<details><summary>" in agreed


def test_a_long_table_is_cut_after_what_is_wrong():
    many = GradientReport("loss", (*[AGREES] * 60, DIFFERS))
    lines = str(many).splitlines()
    assert lines[4].startswith("params['<b>']")
    assert any(line.startswith("and 21 more") for line in lines)


def test_json_has_everything_but_the_arrays_and_no_nan(real):
    document = json.loads(real.to_json())
    assert document["ok"] is False
    (wrong,) = [leaf for leaf in document["leaves"] if leaf["disagreeing"]]
    assert wrong["worst"]["path"] == "p['W1'][3, 4]"
    assert wrong["patterns"] == ["[3, 4] alone is wrong: 1.5 times the finite difference"]
    infinite = GradientReport("f", (LeafReport("x", (), "rev", "", largest=np.inf),))
    assert json.loads(infinite.to_json())["leaves"][0]["largest"] == "inf"


@pytest.mark.full
def test_the_plot_has_a_panel_a_leaf_and_marks_what_is_wrong(real, tmp_path):
    pytest.importorskip("matplotlib")
    figure = real.plot(tmp_path / "report.png")
    assert (tmp_path / "report.png").stat().st_size > 1000
    panels = [panel for panel in figure.axes if panel.get_visible()]
    assert [panel.get_title() for panel in panels] == [
        f"p['{name}'] (rev)" for name in ("W1", "W2", "b1", "b2")
    ]
    drawn = [line.get_label() for line in panels[0].get_lines()]
    assert drawn == ["agrees", "disagrees"]
    assert len(panels[0].get_lines()[1].get_xdata()) == 1


def test_nothing_to_draw_is_said():
    pytest.importorskip("matplotlib")
    with pytest.raises(ValueError, match="wanted some to draw; raise budget"):
        GradientReport("loss").plot()


def test_what_draws_is_named_where_it_is_missing(monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    with pytest.raises(ModuleNotFoundError, match=r"got no matplotlib, .*'purenet\[compare\]'"):
        GradientReport("loss").plot()


def test_the_worst_coordinate_of_all():
    assert WRONG.worst is DIFFERS.worst
    assert GradientReport("loss").worst is None
    assert purenet.compare_grads(jnp.sin, 1.0).worst is not None
