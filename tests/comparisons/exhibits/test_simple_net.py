"""simpleNet: both published runs to their last digit, and what each loss depends on."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import purenet
from comparisons.exhibits.simple_net import audits, exhibit, published, pure
from comparisons.exhibits.simple_net.mutating import SimpleNet, captured_loss, numerical_gradient
from comparisons.settings import Settings
from purenet import fd

X, T = published.X, published.T


@pytest.fixture
def net():
    return SimpleNet(published.rebuilt_weights(), published.B_DELTA)


@pytest.fixture
def params(x64):
    return {"W": jnp.array(published.rebuilt_weights())}


def test_run_a_as_published():
    net = SimpleNet(published.A_W)
    np.testing.assert_allclose(net.predict(X), [1.05414809, 0.63071653, 1.1328074], atol=1e-8)
    assert net.loss(X, T) == pytest.approx(0.92806853663411326, abs=1e-8)
    np.testing.assert_allclose(
        numerical_gradient(captured_loss(net, X, T), net.W), published.A_GRADIENT, atol=1e-8
    )


def test_run_a_was_printed_without_1e_7_in_the_logarithm():
    assert abs(SimpleNet(published.A_W, 1e-7).loss(X, T) - published.A_LOSS) > 1e-7


@pytest.mark.parametrize("gradient", [jax.grad, fd.grad], ids=["jax.grad", "fd.grad"])
def test_run_a_on_the_pure_side(gradient, x64):
    W = jnp.array(published.A_W)
    np.testing.assert_allclose(
        gradient(pure.loss)({"W": W}, X, T, 0.0)["W"], published.A_GRADIENT, atol=1e-8
    )


def test_run_b_rebuilt_gives_the_published_loss_and_gradient(net):
    assert net.loss(X, T) == pytest.approx(2.0620146712373737, abs=1e-15)
    np.testing.assert_allclose(
        numerical_gradient(captured_loss(net, X, T), net.W), published.B_GRADIENT, atol=1e-8
    )


def test_the_rebuilt_weights_use_no_traced_value(monkeypatch):
    before = published.rebuilt_weights()
    monkeypatch.setattr(published, "B_TRACE", np.zeros((6, 2)))
    np.testing.assert_array_equal(published.rebuilt_weights(), before)


def test_the_twelve_traced_values_on_both_sides(net, params):
    trace: list = []
    numerical_gradient(captured_loss(net, X, T), net.W, trace)
    np.testing.assert_allclose(trace, published.B_TRACE, rtol=0, atol=1e-11)
    pairs = pure.trace(params, X, T, published.B_DELTA)
    np.testing.assert_allclose(pairs, published.B_TRACE, rtol=0, atol=1e-11)


def test_the_twelve_traced_values_need_1e_7_in_the_logarithm(params):
    pairs = pure.trace(params, X, T, 0.0)
    assert np.max(np.abs(pairs - published.B_TRACE)) > 1e-11


def test_the_trace_is_the_same_under_jit_and_writes_nothing(params):
    W = np.array(params["W"])
    jitted = jax.jit(pure.trace)({"W": W}, X, T, published.B_DELTA)
    np.testing.assert_allclose(jitted, published.B_TRACE, rtol=0, atol=1e-11)
    np.testing.assert_array_equal(W, params["W"])


@pytest.mark.parametrize("argument", [3, None, published.B_ELSEWHERE], ids=["3", "None", "a"])
def test_the_lambda_gives_the_same_value_for_anything(net, argument):
    assert captured_loss(net, X, T)(argument) == net.loss(X, T)


@pytest.mark.parametrize("elsewhere", [published.B_ELSEWHERE, published.rebuilt_weights()])
def test_the_gradient_at_any_other_array_is_all_zeros(net, elsewhere):
    gradient = numerical_gradient(captured_loss(net, X, T), elsewhere.copy())
    np.testing.assert_array_equal(gradient, np.zeros((2, 3)))


def test_the_pure_gradient_elsewhere_is_not_zero(x64):
    gradient = fd.grad(pure.loss)({"W": published.B_ELSEWHERE}, X, T, published.B_DELTA)["W"]
    net = SimpleNet(published.B_ELSEWHERE, published.B_DELTA)
    np.testing.assert_allclose(
        gradient, numerical_gradient(captured_loss(net, X, T), net.W), atol=1e-9
    )
    assert np.min(np.abs(gradient)) > 0.1


def test_the_audit_tells_the_array_itself_from_a_copy(x64):
    aliased, copied, twin = audits.run()[0]
    assert [(f.kind, f.subject) for f in aliased.report.findings] == [
        ("ignored-parameter", "W"),
        ("aliased-state", "net.W"),
    ]
    assert [(f.kind, f.subject) for f in copied.report.findings] == [
        ("ignored-parameter", "W"),
        ("captured-array", "net.W"),
    ]
    assert twin.report.ok


def test_the_pure_version_of_the_lambda_has_the_published_gradient(net, x64):
    function, params = purenet.pure_version(captured_loss(net, X, T), net.W)
    assert list(params) == ["net.W"]
    assert float(function(params)) == pytest.approx(published.B_LOSS, abs=1e-14)
    for gradient in (jax.grad, fd.grad):
        np.testing.assert_allclose(
            gradient(function)(params)["net.W"], published.B_GRADIENT, rtol=0, atol=1e-8
        )


@pytest.mark.full
def test_every_claim_holds_and_the_ablation_separates_the_two(x64):
    shown = exhibit.run(Settings())
    assert [claim.sentence for claim in shown.claims if not claim.holds] == []
    assert len(shown.claims) == 21
    assert shown.ablation is not None
    assert shown.holds
