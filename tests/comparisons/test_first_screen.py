"""The first screen: the puzzle's own numbers, forty lines at most, and JAX only after the story."""

import io
import subprocess
import sys

import numpy as np
import pytest
from rich.console import Console

from comparisons import exhibits, first_screen, puzzle
from comparisons.claims import fact
from comparisons.exhibition import Exhibition
from comparisons.exhibits.simple_net import published
from comparisons.runs import Outcome, title


@pytest.fixture(scope="module")
def answered():
    return puzzle.answered()


def printed(width, *parts):
    console = Console(file=io.StringIO(), width=width, highlight=False)
    for part in parts:
        console.print(part)
    assert isinstance(console.file, io.StringIO)
    return [line.rstrip() for line in console.file.getvalue().splitlines()]


def story(width, answered):
    asked = puzzle.asked()
    return printed(
        width,
        first_screen.question(asked),
        first_screen.explanation(asked),
        first_screen.answer(answered),
    )


def test_the_puzzle_gives_the_published_gradient_and_a_copy_gives_zeros():
    asked = puzzle.asked()
    np.testing.assert_allclose(asked.gradient, published.A_GRADIENT, atol=1e-8)
    assert asked.value == asked.value_of_none
    assert not asked.gradient_of_copy.any()
    slopes = -np.diff(asked.trace).ravel() / (2 * puzzle.STEP)
    np.testing.assert_allclose(slopes, asked.gradient.ravel(), rtol=1e-12)


def test_the_answer_separates_argument_from_state_and_has_the_same_gradient(answered):
    assert answered.ablation.holds
    for gradient in (answered.by_jax, answered.by_differences):
        np.testing.assert_allclose(gradient, puzzle.asked().gradient, atol=1e-8)


@pytest.mark.parametrize("width", [80, 120])
def test_the_story_takes_forty_lines_at_most(width, answered):
    lines = story(width, answered)
    assert len(lines) <= 40
    assert max(map(len, lines)) <= width


def test_the_story_shows_the_lines_that_are_run_with_their_numbers(answered):
    lines = story(80, answered)
    assert "  f = lambda W: net.loss(x, t)" in lines
    assert "  numerical_gradient(f, net.W)    0.21924763   0.14356247  -0.36281009" in lines
    assert any(line.startswith("  - f = lambda W: net.loss(x, t)") for line in lines)
    assert any(line.startswith("  + f = lambda params: loss(params, x, t)") for line in lines)
    assert "  W changed    0.928069  1.222931       1.222931  1.222931" in lines


def test_a_row_has_the_sentence_the_claims_and_the_seconds():
    claims = (fact("a", holds=True), fact("b", holds=False))
    (line,) = printed(
        80, first_screen.row(Outcome("n", Exhibition("n", "It shows.", claims), 1.25))
    )
    assert line.split() == ["n", "It", "shows.", "1", "of", "2", "1.2", "s"]


@pytest.mark.parametrize("name", exhibits.NAMES)
def test_the_sentence_of_an_exhibit_takes_two_lines_at_most(name):
    shown = Exhibition(name, title(name), (fact("a", holds=True),))
    assert len(printed(80, first_screen.row(Outcome(name, shown, 100.0)))) <= 2


def test_the_question_is_asked_before_jax_is_imported():
    program = (
        "import sys, comparisons.__main__\n"
        "from comparisons import first_screen, puzzle\n"
        "asked = puzzle.asked()\n"
        "first_screen.question(asked), first_screen.explanation(asked)\n"
        "assert 'jax' not in sys.modules\n"
    )
    subprocess.run([sys.executable, "-c", program], check=True)
