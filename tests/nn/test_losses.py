"""The losses against float64 NumPy, at their edges, and the messages of wrong shapes."""

import chex
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from purenet import nn


def softmax(z):
    e = np.exp(z - z.max(axis=-1, keepdims=True))
    return e / e.sum(axis=-1, keepdims=True)


@settings(deadline=None, max_examples=25)
@given(st.sampled_from([[], [3], [2, 4]]), st.integers(2, 3), st.integers(0, 100))
def test_one_hot_soft_and_integer_targets_against_numpy(batch, classes, seed):
    draw = np.random.default_rng(seed)
    logits, labels = draw.normal(size=(*batch, classes)), draw.integers(0, classes, batch)
    one_hot, soft = np.eye(classes)[labels], softmax(draw.normal(size=(*batch, classes)))
    p = softmax(logits)
    with jax.enable_x64(True):
        for targets, distribution in ((labels, one_hot), (one_hot, one_hot), (soft, soft)):
            expected = -np.mean(np.sum(distribution * np.log(p), axis=-1))
            chex.assert_trees_all_close(
                nn.softmax_cross_entropy(logits, targets), expected, atol=1e-13
            )
            chex.assert_trees_all_close(nn.cross_entropy(p, targets), expected, atol=1e-13)
            with_delta = -np.mean(np.sum(distribution * np.log(p + 1e-7), axis=-1))
            chex.assert_trees_all_close(
                nn.cross_entropy(p, targets, delta=1e-7), with_delta, atol=1e-13
            )


@pytest.mark.parametrize("dtype", [jnp.float16, jnp.bfloat16, jnp.float32])
def test_logits_of_ten_thousand_are_stable_with_their_gradient(dtype):
    logits = jnp.array([[1e4, -1e4, 0.0], [-1e4, 1e4, 1e4]], dtype)
    value, gradient = jax.value_and_grad(nn.softmax_cross_entropy)(logits, jnp.array([1, 2]))
    assert value.dtype == gradient.dtype == dtype
    assert float(value) == pytest.approx((2e4 + np.log(2)) / 2, rel=1e-2)
    np.testing.assert_allclose(
        np.asarray(gradient, float), [[0.5, -0.5, 0], [0, 0.25, -0.25]], atol=1e-2
    )


def test_a_certain_prediction_costs_nothing_and_a_missed_one_infinitely():
    p = jnp.array([[1.0, 0.0]])
    assert float(nn.cross_entropy(p, jnp.array([0]))) == 0.0
    assert np.isinf(nn.cross_entropy(p, jnp.array([1])))
    assert float(nn.cross_entropy(p, jnp.array([1]), delta=1e-7)) == pytest.approx(16.118, abs=1e-3)


def test_the_gradient_is_finite_where_a_probability_without_target_is_zero():
    gradient = jax.grad(nn.cross_entropy)(jnp.array([[1.0, 0.0]]), jnp.array([0]))
    np.testing.assert_array_equal(gradient, [[-1.0, 0.0]])


def test_mean_squared_error_is_the_mean():
    draw = np.random.default_rng(0)
    y, t = draw.normal(size=(3, 4)), draw.normal(size=(3, 4))
    assert float(nn.mean_squared_error(y, t)) == pytest.approx(np.mean((y - t) ** 2), rel=1e-6)


def test_loss_fn_is_pure_and_traced_once():
    chex.clear_trace_counter()
    loss = nn.loss_fn(nn.simple_net(), nn.softmax_cross_entropy)
    loss = jax.jit(chex.assert_max_traces(loss, 1))
    W = np.ones((2, 3), np.float32)
    W.flags.writeable = False
    x, t = jnp.ones((4, 2)), jnp.array([0, 1, 2, 0])
    assert float(loss({"W": W}, x, t)) == float(loss({"W": W}, x, t)) == pytest.approx(np.log(3))


def test_losses_of_different_shapes_are_refused(unchecked):
    with pytest.raises(
        ValueError, match=r"predictions of shape \(3, 1\) and targets of shape \(3,"
    ):
        nn.mean_squared_error(jnp.ones((3, 1)), jnp.ones(3))


@pytest.mark.parametrize("loss", [nn.softmax_cross_entropy, nn.cross_entropy])
@pytest.mark.parametrize(
    "targets",
    [jnp.array([0.0, 1.0]), jnp.array([0, 1, 2]), jnp.ones((3, 2))],
    ids=["float labels", "too many", "transposed"],
)
def test_targets_of_neither_form_are_refused(loss, targets):
    message = r"got targets of shape .*; wanted one-hot targets of shape \(2, 3\) or integer labels"
    with pytest.raises(ValueError, match=message):
        loss(jnp.full((2, 3), 1 / 3), targets)


def test_a_scalar_prediction_is_refused(unchecked):
    with pytest.raises(
        ValueError, match=r"got logits of shape \(\); wanted shape \(..., classes\)"
    ):
        nn.softmax_cross_entropy(jnp.array(1.0), jnp.array(1))


def test_loss_fn_wants_a_model_and_a_function(unchecked):
    with pytest.raises(TypeError, match=r"got a model of type function; wanted a purenet.nn.Model"):
        nn.loss_fn(nn.linear, nn.mean_squared_error)
    with pytest.raises(TypeError, match="got a loss of type float; wanted a function"):
        nn.loss_fn(nn.simple_net(), 1.0)
