"""Losses of the real packages: flax (linen and nnx), equinox, haiku, optax."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import purenet

X = np.random.default_rng(0).normal(size=(6, 4)).astype(np.float32)
T = np.arange(6) % 3


def cross_entropy(logits):
    optax = pytest.importorskip("optax")
    return optax.softmax_cross_entropy_with_integer_labels(logits, T).mean()


def refuses_a_part_that_is_ignored(loss, params):
    """The same loss at parameters beside which an unused leaf lies."""
    report = purenet.compare_grads(lambda p: loss(p["used"]), {"used": params, "idle": jnp.ones(2)})
    assert report.failures[0].startswith("<lambda> ignores p['idle']")


@pytest.mark.full
def test_flax_linen():
    nn = pytest.importorskip("flax.linen")

    class Network(nn.Module):
        @nn.compact
        def __call__(self, x):
            return nn.Dense(3)(nn.LayerNorm()(nn.gelu(nn.Dense(5)(x))))

    network = Network()
    params = network.init(jax.random.key(0), X)

    def loss(params):
        return cross_entropy(network.apply(params, X))

    report = purenet.check_grads(loss, params, modes=("rev",))
    assert "params['params']['Dense_0']['kernel']" in [leaf.path for leaf in report.leaves]
    refuses_a_part_that_is_ignored(loss, params)


@pytest.mark.full
def test_flax_nnx():
    nnx = pytest.importorskip("flax.nnx")

    class Network(nnx.Module):
        def __init__(self, rngs):
            self.first = nnx.Linear(4, 5, rngs=rngs)
            self.second = nnx.Linear(5, 3, rngs=rngs)

        def __call__(self, x):
            return self.second(nnx.silu(self.first(x)))

    graph, params = nnx.split(Network(nnx.Rngs(0)))

    def loss(params):
        return cross_entropy(nnx.merge(graph, params)(X))

    report = purenet.check_grads(loss, params, modes=("rev",))
    assert report.compared == 20 + 5 + 15 + 3


@pytest.mark.full
def test_equinox():
    eqx = pytest.importorskip("equinox")
    model = eqx.nn.MLP(4, 3, 5, 1, activation=jnp.tanh, key=jax.random.key(0))
    params, static = eqx.partition(model, eqx.is_inexact_array)

    def loss(params):
        return cross_entropy(jax.vmap(eqx.combine(params, static))(X))

    report = purenet.check_grads(loss, params, modes=("rev",))
    assert "params.layers[0].weight" in [leaf.path for leaf in report.leaves]


@pytest.mark.full
def test_haiku():
    hk = pytest.importorskip("haiku")
    network = hk.without_apply_rng(hk.transform(lambda x: hk.nets.MLP([5, 3])(x)))
    params = network.init(jax.random.key(0), X)
    report = purenet.check_grads(
        lambda params: cross_entropy(network.apply(params, X)), params, modes=("rev",)
    )
    assert "params['mlp/~/linear_0']['w']" in [leaf.path for leaf in report.leaves]


@pytest.mark.full
@pytest.mark.parametrize("name", ["huber_loss", "log_cosh", "l2_loss", "cosine_similarity"])
def test_optax_losses(name):
    optax = pytest.importorskip("optax")
    function = getattr(optax.losses, name)
    target = X[:, ::-1] + 0.3
    assert purenet.check_grads(lambda w: jnp.sum(function(w * X, target)), jnp.float32(1.3)).ok
