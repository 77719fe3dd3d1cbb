"""The adding net: the original's lambda follows the net's list, the twin follows its argument."""

import linecache

import jax
import jax.numpy as jnp
import pytest

from comparisons.exhibits.addition_net import audits, exhibit, mutating, pure
from comparisons.exhibits.addition_net.mutating import AdditionNet, captured_loss
from comparisons.settings import Settings


def test_the_lambda_gives_107_for_any_argument():
    f = captured_loss(AdditionNet(), 2, 5)
    assert [f([[100]]), f([[101]]), f(None)] == [107, 107, 107]


def test_writing_into_the_list_moves_the_lambda_and_stays():
    net = AdditionNet()
    f = captured_loss(net, 2, 5)
    net.w[0][0] = 101
    assert f([[100]]) == 108
    assert net.w == [[101]]


@pytest.mark.parametrize("transform", [lambda f: f, jax.jit], ids=["no jit", "jit"])
def test_the_pure_loss_follows_its_argument_in_any_order(transform):
    loss = transform(pure.loss)
    values = [
        float(loss({"w": jnp.full((1, 1), w)}, 2.0, 5.0)[0, 0]) for w in (101.0, 100.0, 101.0)
    ]
    assert values == [108.0, 107.0, 108.0]


@pytest.mark.full
def test_every_claim_holds_and_the_ablation_separates_the_two():
    shown = exhibit.run(Settings())
    assert [claim.sentence for claim in shown.claims if not claim.holds] == []
    assert shown.ablation is not None
    assert shown.ablation.mutating == ((107.0, 108.0), (107.0, 108.0))
    assert shown.ablation.pure == ((107.0, 107.0), (108.0, 108.0))
    assert len(shown.claims) == 8
    assert shown.holds


def test_the_audit_names_the_place_in_the_list():
    lambda_, twin = audits.run(2, 5)[0]
    assert {(finding.kind, finding.subject) for finding in lambda_.report.findings} == {
        ("integer-parameter", "w[0][0]"),
        ("ignored-parameter", "w[0][0]"),
        ("aliased-state", "net.w[0][0]"),
    }
    (aliased,) = [f for f in lambda_.report.findings if f.kind == "aliased-state"]
    assert "self.w[0][0] + x" in linecache.getline(str(mutating.__file__), int(aliased.where[12:]))
    assert twin.report.ok
