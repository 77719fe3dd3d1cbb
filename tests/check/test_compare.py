"""compare_grads: agreement and disagreement, leaf by leaf, without raising."""

import jax
import jax.numpy as jnp
import pytest

import purenet
from purenet import nn


@jax.custom_vjp
def one_wrong(w):
    return jnp.sum(w**2)


one_wrong.defvjp(
    lambda w: (one_wrong(w), w), lambda w, g: ((2 * w * g).at[1, 2].multiply(1 + 1e-6),)
)


@jax.custom_vjp
def undefined(w):
    return jnp.sum(w)


undefined.defvjp(lambda w: (jnp.sum(w), None), lambda _, g: (jnp.full(2, jnp.nan) * g,))


@pytest.fixture
def network():
    model = nn.two_layer_net(6, 5, 3)
    params = model.init(jax.random.key(0))
    x, t = jax.random.normal(jax.random.key(1), (8, 6)), jnp.arange(8) % 3
    return nn.loss_fn(model, nn.softmax_cross_entropy), params, x, t


@pytest.mark.parametrize("double", [True, False], ids=["float64", "float32"])
def test_a_right_gradient_agrees(network, double):
    loss, params, x, t = network
    with jax.enable_x64(double):
        params = jax.tree.map(lambda p: jnp.asarray(p, float), params)
        report = purenet.compare_grads(loss, params, x, t)
    assert report.ok
    assert [leaf.path for leaf in report.leaves] == [
        f"params['{n}']" for n in ("W1", "W2", "b1", "b2")
    ]
    assert [leaf.shape for leaf in report.leaves] == [(6, 5), (5, 3), (5,), (3,)]


def test_one_coordinate_wrong_by_a_millionth_is_found_and_named(x64):
    report = purenet.compare_grads(one_wrong, jnp.arange(1.0, 13.0).reshape(3, 4))
    assert not report.ok
    (leaf,) = report.leaves
    assert leaf.disagreeing == 1
    assert leaf.worst == "w[1, 2]"
    assert leaf.by_jax == pytest.approx(14 * (1 + 1e-6), rel=1e-9)
    assert leaf.by_differences == pytest.approx(14, rel=1e-9)


def test_nan_is_no_agreement():
    report = purenet.compare_grads(undefined, jnp.ones(2))
    assert not report.ok
    assert report.leaves[0].disagreeing == 2


def test_argnums_and_empty_leaves():
    report = purenet.compare_grads(
        lambda a, b: jnp.sum(a) * jnp.sum(b**2), jnp.ones((0, 3)), jnp.ones(2), argnums=(0, 1)
    )
    assert report.ok
    assert [leaf.path for leaf in report.leaves] == ["a", "b"]


def test_a_loss_that_cannot_be_differenced_raises_as_fd_grad():
    with pytest.raises(TypeError, match="wanted one scalar"):
        purenet.compare_grads(jnp.sin, jnp.ones(2))


def test_complex_parameters(x64):
    assert purenet.compare_grads(lambda z: jnp.abs(z) ** 2, 1.0 + 2.0j).ok


def test_a_gradient_that_cancels_to_its_own_rounding_is_no_disagreement():
    def normalised(w):
        return jnp.sum((w - w.mean()) / jnp.sqrt(w.var() + 1e-5) * jnp.arange(4.0))

    assert purenet.compare_grads(normalised, jnp.arange(4.0)).ok
