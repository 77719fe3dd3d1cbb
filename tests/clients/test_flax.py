"""Losses with flax: a bias before normalisation, and a mistake planted beside it."""

import pytest

from purenet import check_grads, compare_grads
from tests.clients.losses import makers

pytest.importorskip("flax")


@pytest.mark.full
def test_a_bias_that_batch_normalisation_takes_out_has_the_derivative_zero():
    case = makers()["flax.linen_batch_norm"]()
    report = check_grads(case.loss, *case.args)
    assert report.verdict == "agrees"
    verdicts = {leaf.path: leaf.verdict for leaf in report.leaves if leaf.mode == "rev"}
    assert verdicts.pop("params['Dense_0']['bias']") == "zero on both sides"
    assert set(verdicts.values()) == {"agrees"}


@pytest.mark.full
def test_a_derivative_beside_that_zero_is_found():
    case = makers()["flax.linen_batch_norm"]()
    wrong = compare_grads(case.loss, *case.args, gradient=case.mistake)
    assert [leaf.path for leaf in wrong.leaves if not leaf.ok] == [
        "params['Dense_1']['bias']", "params['Dense_1']['kernel']",
    ]  # fmt: skip
