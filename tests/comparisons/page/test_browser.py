"""The page in a real browser: nothing wrong in the console, no sideways scroll, accessible."""

import pytest

from comparisons import exhibits
from comparisons.__main__ import main
from tests.comparisons.page import small
from tests.comparisons.page.browser import axe, chromium, visit

ARTICLES = "[...frame.contentDocument.querySelectorAll('article')].map((one) => one.id)"
OPEN = """
for (const one of inside.document.querySelectorAll("details")) one.open = true;
for (const step of inside.document.querySelectorAll(".steps li")) step.hidden = false;
"""
STEPS = "[...frame.contentDocument.querySelectorAll('.steps li')].filter((one) => !one.hidden)"


@pytest.fixture(scope="module")
def page():
    """All programs, a few claims and the smallest plots, which take no run."""
    chromium()
    pytest.importorskip("matplotlib")
    return small.document()


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """The page of a whole run."""
    chromium()
    file = tmp_path_factory.mktemp("page") / "page.html"
    assert main(["--html", str(file)]) == 0
    return file.read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def checker(tmp_path_factory):
    return axe(tmp_path_factory.mktemp("axe"))


@pytest.mark.parametrize(("width", "dark"), [(1280, False), (390, True)])
def test_it_is_sound_at_every_width(page, checker, tmp_path, width, dark):
    sound(visit(page, checker, width, tmp_path, seen=ARTICLES, dark=dark), checker)


@pytest.mark.full
@pytest.mark.parametrize(("width", "dark"), [(1280, False), (390, False), (390, True)])
@pytest.mark.parametrize("actions", ["", OPEN], ids=["as it opens", "all open"])
def test_that_of_a_whole_run_is_sound(whole, checker, tmp_path, width, dark, actions):
    found = visit(whole, checker, width, tmp_path, actions=actions, seen=ARTICLES, dark=dark)
    sound(found, checker)
    assert len(whole.encode()) < 3e6


def sound(found, checker):
    """Nothing is wrong with what a visit found; a skip where axe-core could not be asked."""
    assert found.problems == []
    assert found.overflow <= 0
    assert found.seen == list(exhibits.NAMES)
    if checker.missing:
        pytest.skip(f"{checker.missing}; all that needs no axe-core holds")
    assert found.violations == []
    assert found.checks > 30


@pytest.mark.full
def test_the_checks_see_what_is_wrong(page, checker, tmp_path):
    broken = page.replace(
        "<main", '<img src="data:,"><div style="width:3000px">x</div><script>f()</script><main', 1
    )
    found = visit(broken, checker, 390, tmp_path)
    assert any("f is not defined" in problem for problem in found.problems)
    assert found.overflow > 0
    if checker.missing:
        pytest.skip(checker.missing)
    assert any(violation.startswith("image-alt") for violation in found.violations)


@pytest.mark.full
def test_the_loop_goes_on_by_keyboard(page, checker, tmp_path):
    press = """
    const stepper = inside.document.getElementById("stepper");
    for (const key of ["ArrowRight", "ArrowRight", "ArrowLeft"])
      stepper.dispatchEvent(new inside.KeyboardEvent("keydown", {key, bubbles: true}));
    """
    place = "frame.contentDocument.querySelector('.controls span').textContent"
    seen = f"[{place}, {STEPS}.length]"
    assert visit(page, checker, 390, tmp_path, actions=press, seen=seen).seen == [
        "step 2 of 18",
        1,
    ]


@pytest.mark.full
def test_a_line_lights_its_twin(page, checker, tmp_path):
    focus = """inside.document.getElementById("simple_net-mutating-42").focus();"""
    lit = "[...frame.contentDocument.querySelectorAll('.lit')].map((one) => one.id)"
    assert visit(page, checker, 1280, tmp_path, actions=focus, seen=lit).seen == [
        "simple_net-mutating-42",
        "simple_net-pure-20",
    ]
