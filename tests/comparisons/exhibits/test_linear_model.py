"""The one-weight model: the lambda, the def, the halved gradient, the IndexError, and the twin."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import purenet
from comparisons.exhibits.linear_model import audits, exhibit, pure
from comparisons.exhibits.linear_model.mutating import (
    LinearModel,
    assigning_loss,
    captured_loss,
    numerical_gradient,
)
from comparisons.settings import Settings
from purenet import fd

X, T = np.array([[1.0], [2.0], [3.0]]), np.array([[2.0], [4.0], [6.0]])


def test_the_lambda_ignores_its_argument_and_changes_nothing():
    model = LinearModel()
    f = captured_loss(model, X, T)
    assert [f(np.array([[w]])) for w in (0.5, 1.0, 2.0)] == [10.5, 10.5, 10.5]
    assert model.W == [[0.5]]


def test_the_def_follows_its_argument_and_leaves_the_model_changed():
    model = LinearModel()
    f = assigning_loss(model, X, T)
    assert f(np.array([[2.0]])) == 0.0
    assert model.W == [[2.0]]


def test_the_published_gradient_is_right_on_a_vector():
    vector = np.array([1.0, -2.0, 3.0])
    np.testing.assert_allclose(
        numerical_gradient(lambda v: np.sum(v**2), vector), [2.0, -4.0, 6.0], atol=1e-9
    )
    np.testing.assert_allclose(vector, [1.0, -2.0, 3.0], atol=1e-15)


def test_the_published_gradient_is_half_a_forward_difference_on_a_1_by_1_array():
    model = LinearModel()
    (gradient,) = numerical_gradient(captured_loss(model, X, T), model.W).ravel()
    forward = (14 / 3 * (0.5001 - 2) ** 2 - 10.5) / 1e-4
    assert gradient == pytest.approx(forward / 2, abs=1e-9)
    assert f"{gradient:.5f}" == "-6.99977"


def test_the_published_gradient_raises_half_way_through_a_matrix_and_leaves_its_writes():
    matrix = np.arange(6.0).reshape(2, 3)
    with pytest.raises(IndexError, match="index 2 is out of bounds"):
        numerical_gradient(np.sum, matrix)
    np.testing.assert_array_equal(matrix, (np.arange(6.0).reshape(2, 3) + 1e-4) - 1e-4)
    assert not np.array_equal(matrix, np.arange(6.0).reshape(2, 3))


@pytest.mark.parametrize("gradient", [jax.grad, fd.grad], ids=["jax.grad", "fd.grad"])
@pytest.mark.parametrize("transform", [lambda f: f, jax.jit], ids=["no jit", "jit"])
def test_the_pure_gradient_is_minus_14(gradient, transform, x64):
    W = np.array([[0.5]])
    W.flags.writeable = False
    (value,) = transform(gradient(pure.loss))({"W": W}, X, T)["W"].ravel()
    assert float(value) == pytest.approx(-14.0, abs=1e-9)
    assert W == [[0.5]]


@pytest.mark.full
def test_every_claim_holds_and_the_ablation_separates_the_two(x64):
    shown = exhibit.run(Settings())
    assert [claim.sentence for claim in shown.claims if not claim.holds] == []
    assert len(shown.claims) == 18
    assert shown.ablation is not None
    assert shown.ablation.mutating[0] == shown.ablation.mutating[1] == (10.5, pytest.approx(14 / 3))
    assert shown.ablation.pure == ((10.5, 10.5), (pytest.approx(14 / 3), pytest.approx(14 / 3)))
    assert shown.holds


def test_the_audit_tells_the_lambda_from_the_def():
    lambda_, copied, def_, twin = audits.run(X, T)[0]
    assert lambda_.report.kinds == ("ignored-parameter", "aliased-state")
    assert copied.report.kinds == ("ignored-parameter", "captured-array")
    (finding,) = def_.report.findings
    assert (finding.kind, finding.subject) == ("mutates-state", "model.W")
    assert finding.where.startswith("mutating.py:")
    assert twin.report.ok


def test_the_audit_leaves_the_model_as_it_was():
    model = LinearModel()
    W = model.W
    purenet.audit(assigning_loss(model, X, T), W)
    assert model.W is W
    assert W == [[0.5]]


def test_the_pure_loss_is_the_mean_squared_error():
    assert float(pure.loss({"W": jnp.array([[1.0]])}, X, T)) == pytest.approx(14 / 3, rel=1e-6)
