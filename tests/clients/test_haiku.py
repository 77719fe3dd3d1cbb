"""Losses with haiku: a network with dropout by a key; a mistake planted in one layer."""

import jax
import pytest

from purenet import check_grads, compare_grads
from tests.clients.losses import haiku as with_dropout

pytest.importorskip("haiku")


@pytest.mark.full
def test_a_network_with_dropout():
    loss, (params, key) = with_dropout()
    assert check_grads(loss, params, key).ok


def test_a_mistake_in_one_layer():
    loss, (params, key) = with_dropout()
    wrong = dict(jax.grad(loss)(params, key))
    wrong["linear_1"] = {**wrong["linear_1"], "b": 2 * wrong["linear_1"]["b"]}
    report = compare_grads(loss, params, key, gradient=wrong)
    assert [leaf.path for leaf in report.leaves if not leaf.ok] == ["params['linear_1']['b']"]
