"""The book's backward passes: right beside the twins, and each mistake found where it is."""

from functools import partial

import jax
import numpy as np
import pytest

from comparisons.exhibits.backward_pass import audits, checkers, exhibit
from comparisons.exhibits.backward_pass.cases import book_loss, cases
from comparisons.exhibits.backward_pass.mistakes import MISTAKES
from comparisons.settings import Settings

CASES = cases()


@pytest.mark.parametrize("name", CASES)
def test_forward_and_backward_are_those_of_the_twin(name, x64):
    case = CASES[name]
    outputs, pull = jax.vjp(case.twin, case.params, *case.inputs.values())
    rng = np.random.default_rng(0)
    cotangent = jax.tree.map(lambda out: rng.normal(size=out.shape), outputs)
    of_params, *of_inputs = pull(cotangent)
    by_twin = of_params, dict(zip(case.inputs, of_inputs, strict=True))
    for theirs, ours in (
        (case.forward(case.params, case.inputs), outputs),
        (case.backward(case.params, case.inputs, cotangent), by_twin),
    ):
        assert jax.tree.structure(theirs) == jax.tree.structure(ours)
        jax.tree.map(lambda a, b: np.testing.assert_allclose(a, b, atol=1e-13), theirs, ours)


def test_every_layer_has_a_mistake_and_every_mistake_a_layer():
    assert {mistake.layer for mistake in MISTAKES} == set(CASES)
    assert len(MISTAKES) >= 12


@pytest.mark.parametrize("name", ["Relu", pytest.param("LSTM", marks=pytest.mark.full)])
def test_a_right_backward_is_proved(name):
    case = CASES[name]
    report = checkers.by_purenet(case, case.backward)
    assert report.ok, str(report)
    assert {leaf.mode for leaf in report.leaves} == {"given"}


@pytest.mark.parametrize(
    "mistake",
    [
        pytest.param(m, id=m.what, marks=() if m.layer == "Affine" else pytest.mark.full)
        for m in MISTAKES
    ],
)
def test_a_mistake_is_found_at_its_leaves_with_its_pattern(mistake):
    case = CASES[mistake.layer]
    report = checkers.by_purenet(case, partial(mistake.wrong, case))
    assert report.verdict == "disagrees"
    assert {leaf.path for leaf in report.leaves if not leaf.ok} == mistake.leaves(case)
    assert mistake.pattern in str(report)


def test_the_books_loss_has_another_derivative_than_its_backward_gives():
    right = CASES["SoftmaxWithLoss"]
    book = book_loss(right)
    assert checkers.by_book(book, book.backward) < checkers.ENOUGH
    assert checkers.by_purenet(right, right.backward).ok
    report = checkers.by_purenet(book, book.backward)
    assert report.verdict == "disagrees"
    assert report.worst.bounds > 1e5


@pytest.mark.full
def test_gradcheck_lets_an_error_of_1e_minus_6_pass_and_finds_the_others():
    pytest.importorskip("torch")
    said = {
        m.what: checkers.by_gradcheck(CASES[m.layer], partial(m.wrong, CASES[m.layer]))
        for m in MISTAKES
    }
    assert [what for what, passes in said.items() if passes] == [MISTAKES[0].what]


def test_the_audit_finds_what_a_layer_keeps():
    affine = CASES["Affine"]
    method, twin = audits.run(affine.params, affine.inputs["x"])[0]
    assert [finding.subject for finding in method.report.findings] == ["self.x"]
    assert twin.report.ok


@pytest.mark.full
def test_every_claim_holds_and_the_ablation_separates_the_two(x64):
    shown = exhibit.run(Settings())
    assert [claim.sentence for claim in shown.claims if not claim.holds] == []
    assert len(shown.claims) == 3 * len(CASES) + 3 + len(MISTAKES) + 2
    assert shown.holds
