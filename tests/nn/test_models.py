"""Models: names, shapes and dtypes of their parameters, purity, and the book's arithmetic."""

import chex
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from purenet import nn
from tests.sampling import sample

MODELS = {
    "linear_model": (nn.linear_model(), (4, 1), (4, 1), {"W": (1, 1)}),
    "simple_net": (nn.simple_net(), (2,), (3,), {"W": (2, 3)}),
    "two_layer_net": (
        nn.two_layer_net(6, 5, 3),
        (4, 6),
        (4, 3),
        {"W1": (6, 5), "b1": (5,), "W2": (5, 3), "b2": (3,)},
    ),
    "mlp": (
        nn.mlp(6, 5, 4, 3),
        (4, 6),
        (4, 3),
        {"W1": (6, 5), "b1": (5,), "W2": (5, 4), "b2": (4,), "W3": (4, 3), "b3": (3,)},
    ),
    "addition_net": (nn.addition_net(), (), (1, 1), {"w": (1, 1)}),
}


@pytest.mark.parametrize("name", MODELS)
def test_parameters_keep_the_books_names(name):
    model, x_shape, y_shape, shapes = MODELS[name]
    params = model.init(jax.random.key(0))
    assert {k: v.shape for k, v in params.items()} == shapes
    assert model.apply(params, jnp.ones(x_shape)).shape == y_shape


@pytest.mark.parametrize("name", sample(MODELS, every=2))
def test_dtypes_are_jaxs_default_or_the_one_asked_for(name):
    model = MODELS[name][0]
    for dtype, expected in ((None, jnp.float32), (jnp.bfloat16, jnp.bfloat16)):
        params = model.init(jax.random.key(0), dtype=dtype)
        assert {v.dtype for v in params.values()} == {jnp.dtype(expected)}
    with jax.enable_x64(True):
        params = model.init(jax.random.key(0))
        assert {v.dtype for v in params.values()} == {jnp.dtype(jnp.float64)}


@pytest.mark.parametrize("name", sorted(set(MODELS) - {"addition_net"}))
def test_init_depends_on_the_key_alone(name):
    init = MODELS[name][0].init
    chex.assert_trees_all_equal(init(jax.random.key(1)), init(jax.random.key(1)))
    one, other = init(jax.random.key(1)), init(jax.random.key(2))
    weights = [k for k in one if k.startswith("W")]
    assert all(np.any(one[k] != other[k]) for k in weights)


@pytest.mark.parametrize("name", sample(MODELS, every=2))
def test_apply_takes_read_only_parameters_and_is_traced_once(name):
    model, x_shape, _, _ = MODELS[name]
    params = jax.tree.map(np.array, model.init(jax.random.key(0)))
    for value in params.values():
        value.flags.writeable = False
    chex.clear_trace_counter()
    jitted = jax.jit(chex.assert_max_traces(model.apply, 1))
    with jax.checking_leaks():
        once, again = jitted(params, jnp.ones(x_shape)), jitted(params, jnp.ones(x_shape))
    chex.assert_trees_all_close(once, again, model.apply(params, jnp.ones(x_shape)), rtol=1e-6)


def test_two_layer_net_is_the_books(x64):
    model = nn.two_layer_net(6, 5, 3)
    p = model.init(jax.random.key(0))
    x = np.random.default_rng(0).normal(size=(4, 6))
    hidden = 1 / (1 + np.exp(-(x @ p["W1"] + p["b1"])))
    np.testing.assert_allclose(model.apply(p, x), hidden @ p["W2"] + p["b2"], atol=1e-14)
    assert np.all(p["b1"] == 0)
    assert np.std(nn.two_layer_net(100, 100, 10).init(jax.random.key(0))["W1"]) == pytest.approx(
        0.01, rel=0.05
    )


def test_mlp_puts_the_activation_between_layers_only(x64):
    model = nn.mlp(3, 4, 2, activation=jnp.tanh)
    p = model.init(jax.random.key(0))
    x = np.random.default_rng(0).normal(size=(5, 3))
    expected = np.tanh(x @ p["W1"] + p["b1"]) @ p["W2"] + p["b2"]
    np.testing.assert_allclose(model.apply(p, x), expected, atol=1e-14)


@pytest.mark.parametrize("sizes", [(0, 5, 3), (6, -1, 3), (6, 5, True), (6, 5, 2.5)])
def test_sizes_are_positive_whole_numbers(sizes, unchecked):
    with pytest.raises(ValueError, match=r"got sizes \(.*\); wanted positive whole numbers; "):
        nn.two_layer_net(*sizes)


def test_an_mlp_has_an_input_and_an_output():
    with pytest.raises(ValueError, match=r"got sizes \(3,\); wanted two widths or more"):
        nn.mlp(3)
