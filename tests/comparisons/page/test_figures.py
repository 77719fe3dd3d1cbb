"""The plots: drawn with the page's ink, under names of their own, with their numbers in words."""

import re

import pytest

from comparisons.measures.detection.verdicts import Verdict
from comparisons.measures.speed import tools
from comparisons.measures.speed.tools import Time
from comparisons.page import figures


@pytest.fixture(scope="module")
def drawn():
    pytest.importorskip("matplotlib")
    times = {
        100: {tools.INCREMENTAL: Time(0.5), tools.LOOP: Time(10.0)},
        1000: {tools.INCREMENTAL: Time(0.75), tools.LOOP: Time(150.0, 0.1)},
    }
    return figures.times(times)


def test_the_numbers_are_in_the_text_alternative_and_in_a_table(drawn):
    words = "1,000 coordinates: fd.grad takes 0.75 s; mutating loop 200 times as long"
    assert f'<div role="img" aria-label="{words}">' in drawn
    assert f"<figcaption>{words}.</figcaption>" in drawn
    assert '<td>mutating loop</td><td class="number">10</td><td class="number">150</td>' in drawn


def test_the_drawing_takes_its_ink_from_the_page_and_its_names_are_its_own(drawn):
    svg = drawn[drawn.index("<svg") : drawn.index("</svg>")]
    assert svg.startswith('<svg viewBox="')
    assert "currentColor" in svg
    assert "#010203" not in svg
    assert "http" not in svg
    ids = re.findall(r' id="([^"]+)"', svg)
    assert ids
    assert all(name.startswith("times-") for name in ids)
    assert set(re.findall(r"url\(#([^)]+)\)", svg)) <= set(ids)


def test_a_checker_is_right_to_pass_what_is_right_and_to_refuse_what_is_not():
    pytest.importorskip("matplotlib")

    def verdict(kind, tool, refused):
        return Verdict("softmax", "float64", kind, None, tool, refused, 1.0)

    found = figures.found(
        [
            verdict("no error: passes", "purenet", False),
            verdict("argument ignored", "purenet", True),
            verdict("no error: passes", "other", True),
            verdict("argument ignored", "other", None),
        ]
    )
    assert "checker by checker: purenet 2 of 2, other 0 of 2" in found
    assert "<td>no error: passes</td><td>right</td><td>wrong</td>" in found
    assert "<td>argument ignored</td><td>right</td><td>not asked</td>" in found
