"""Random networks: the incremental evaluation is the dense one, coordinate by coordinate."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jax import lax

from purenet import fd
from tests.fd.incremental.oracle import assert_incremental_is_dense
from tests.sampling import sample

ACTIVATIONS = (jnp.tanh, jax.nn.relu, jax.nn.gelu, jax.nn.sigmoid, jnp.sin)
TOKENS = jnp.array([[0, 3, 3], [1, 4, 0]])


def normal(seed, *shape):
    return np.random.default_rng(seed).normal(size=shape) / np.sqrt(max(shape[:-1], default=1))


def normalised(x, gain):
    centred = x - jnp.mean(x, -1, keepdims=True)
    return gain * centred * lax.rsqrt(jnp.mean(centred**2, -1, keepdims=True) + 1e-5)


def attended(x, query, key, value):
    scores = (x @ query) @ jnp.swapaxes(x @ key, -1, -2) / 2
    mask = jnp.tril(jnp.ones(scores.shape[-2:], bool))
    return jax.nn.softmax(jnp.where(mask, scores, -jnp.inf)) @ (x @ value)


@st.composite
def networks(draw):
    """A loss of a list of parameters, layer by layer, and the parameters."""
    seed = draw(st.integers(0, 1000))
    width = draw(st.sampled_from([2, 4]))
    parameters = [normal(seed, 5, width)]
    steps = []

    def parameter(*shape):
        parameters.append(normal(seed + len(parameters), *shape))
        return len(parameters) - 1

    kinds = ("dense", "residual", "norm", "attention", "convolution", "tied", "pool", "twice")
    for kind in draw(st.lists(st.sampled_from(kinds), min_size=1, max_size=3)):
        activation = draw(st.sampled_from(ACTIVATIONS))
        if kind in ("dense", "residual"):
            W, b = parameter(width, width), parameter(width)

            def step(x, p, W=W, b=b, act=activation, kind=kind):
                return act(x @ p[W] + p[b]) + (x if kind == "residual" else 0)
        elif kind == "norm":
            gain = parameter(width)

            def step(x, p, gain=gain):
                return normalised(x, p[gain])
        elif kind == "attention":
            names = [parameter(width, width) for _ in range(3)]

            def step(x, p, names=names):
                return x + attended(x, *(p[i] for i in names))
        elif kind == "convolution":
            K = parameter(2, width, width)

            def step(x, p, K=K, act=activation):
                numbers = ("NWC", "WIO", "NWC")
                y = lax.conv_general_dilated(x, p[K], (1,), "SAME", dimension_numbers=numbers)
                return act(y)
        elif kind == "tied":

            def step(x, p, act=activation):
                return act(x @ p[0].T) @ p[0]
        elif kind == "pool":

            def step(x, p):
                return lax.reduce_window(x, -jnp.inf, lax.max, (1, 2, 1), (1, 1, 1), "SAME")
        else:
            W = parameter(width, width)

            def step(x, p, W=W, act=activation):
                return act(act(x @ p[W]) @ p[W].T)

        steps.append(step)

    def loss(*p):
        x = p[0][TOKENS]
        for step in steps:
            x = step(x, p)
        logits = x @ p[0].T
        return -jnp.mean(jnp.take_along_axis(jax.nn.log_softmax(logits), TOKENS[..., None], -1))

    return loss, parameters


@pytest.mark.full
@settings(max_examples=12, deadline=None)
@given(networks())
def test_incremental_is_dense_on_any_network(network):
    loss, parameters = network
    assert_incremental_is_dense(loss, *parameters, rtol=1e-10, other_plans=False)


@pytest.mark.full
@settings(max_examples=2, deadline=None)
@given(networks())
def test_in_jit_as_outside_of_it(network):
    loss, parameters = network
    with jax.enable_x64(True):
        parameters = [jnp.asarray(p) for p in parameters]
        gradient = fd.grad(lambda p: loss(*p), strategy="incremental", step=1e-4)
        outside, inside = gradient(parameters), jax.jit(gradient)(parameters)
    for one, other in zip(outside, inside, strict=True):
        np.testing.assert_allclose(one, other, rtol=0, atol=1e-10)


@pytest.mark.parametrize("strategy", sample(["incremental", "auto"], every=2))
@pytest.mark.parametrize("dtype", sample([np.float32, np.float64], every=2))
def test_the_gradient_is_jax_grads(strategy, dtype):
    def loss(p, x):
        h = normalised(jnp.tanh(x @ p["W"] + p["b"]), p["gain"])
        return jnp.mean(jax.nn.logsumexp(h @ p["V"], axis=-1) - (h @ p["V"])[:, 0])

    with jax.enable_x64(dtype == np.float64):
        p = {"W": normal(0, 6, 9), "b": normal(1, 9), "gain": normal(2, 9), "V": normal(3, 9, 4)}
        p = jax.tree.map(lambda leaf: jnp.asarray(leaf, dtype), p)
        x = jnp.asarray(normal(4, 8, 6), dtype)
        found, expected = fd.grad(loss, strategy=strategy)(p, x), jax.grad(loss)(p, x)
        for name, leaf in expected.items():
            assert found[name].dtype == leaf.dtype
            atol = (2e-9 if dtype == np.float64 else 2e-6) * float(jnp.max(jnp.abs(leaf)))
            np.testing.assert_allclose(found[name], leaf, rtol=0, atol=atol)


@pytest.mark.full
@pytest.mark.parametrize(("method", "order"), [("central", 4), ("forward", 2), ("backward", 6)])
def test_every_stencil_is_evaluated_incrementally(method, order):
    def loss(W):
        return jnp.sum(jnp.sin(jnp.cos(normal(0, 3, 4) @ W)))

    with jax.enable_x64(True):
        W = jnp.asarray(normal(1, 4, 5))
        options = {"method": method, "order": order}
        found = fd.grad(loss, strategy="incremental", **options)(W)
        dense = fd.grad(loss, strategy="dense", **options)(W)
        np.testing.assert_allclose(found, dense, atol=1e-8)
        np.testing.assert_allclose(found, jax.grad(loss)(W), atol=1e-7)
