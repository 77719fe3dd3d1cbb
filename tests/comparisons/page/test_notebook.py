"""The notebook: generated from the parts of the page, and what its cells show is what they give."""

import json
import re

import pytest

from comparisons.page import notebook


@pytest.fixture(scope="module")
def stored():
    return json.loads(notebook.FILE.read_text(encoding="utf-8"))


def test_it_is_the_one_that_is_generated(stored):
    cells = [(cell["cell_type"], "".join(cell["source"])) for cell in stored["cells"]]
    assert cells == list(notebook.sources())


def test_a_cell_gives_what_it_prints_and_its_last_value():
    assert notebook.executed("print(1)\n2 + 2", {}) == [
        {"output_type": "stream", "name": "stdout", "text": "1\n"},
        {
            "output_type": "execute_result",
            "execution_count": None,
            "metadata": {},
            "data": {"text/plain": "4"},
        },
    ]
    assert notebook.executed("x = 1", {}) == []


@pytest.mark.full
def test_its_cells_give_what_it_shows(stored):
    assert _shown(notebook.document()) == _shown(stored)


def _shown(document):
    """The texts of all outputs, numbers to six decimals, and their renderings without numbers."""
    outputs = [output for cell in document["cells"] for output in cell.get("outputs", [])]
    assert len(outputs) >= 10
    return [
        (_rounded(one["data"]["text/plain"]), _unnumbered(one["data"].get("text/html", "")))
        for one in outputs
    ]


def _rounded(text):
    return re.sub(r"\d+\.\d+", lambda number: f"{float(number[0]):.6f}", text)


def _unnumbered(html):
    """Times, bounds and the coordinate that is worst differ from machine to machine."""
    return re.sub(r"[\d.]+(e[+-]?\d+)?", "#", html)
