"""Networks in plain JAX: a transformer, an LSTM, a ResNet with state, contrastive learning."""

import jax
import jax.numpy as jnp
from jax import lax

from tests.clients.case import LABELS, Case, X, changed, dense, mlp

KEY = jax.random.key(0)


def cross_entropy(logits, labels):
    return -jnp.mean(jnp.take_along_axis(jax.nn.log_softmax(logits), labels[:, None], 1))


def softmax_regression() -> Case:
    """The gradient's mistake: a sum over the batch where the loss has its mean."""
    params = dense(0, 3, 2)[0]

    def loss(params, x, labels):
        return cross_entropy(x @ params["W"] + params["b"], labels)

    return Case(loss, (params, X, LABELS), changed(loss, "", lambda g: len(X) * g), "")


def classifier() -> Case:
    """The mistake: the last layer's weights transposed."""
    params = dense(0, 3, 4, 4, 2)

    def loss(params, x, labels):
        return cross_entropy(mlp(params, x), labels)

    return Case(loss, (params, X, LABELS), changed(loss, "[1]['W']", jnp.transpose), r"\[1\]\['W'")


def _attention(params, x, scale):
    q, k, v = (x @ params[name] for name in "qkv")
    scores = (q @ k.T) * scale
    mask = jnp.tril(jnp.ones(scores.shape, bool))
    return jax.nn.softmax(jnp.where(mask, scores, -1e9)) @ v @ params["o"]


def _layer_norm(g, x):
    return g * (x - x.mean(-1, keepdims=True)) * lax.rsqrt(x.var(-1, keepdims=True) + 1e-5)


def _gpt(params, tokens, scale):
    x = params["embedding"][tokens[:-1]] + params["position"]
    x = x + _attention(params["attention"], _layer_norm(params["norm"][0], x), scale)
    x = x + mlp(params["mlp"], _layer_norm(params["norm"][1], x))
    return cross_entropy(x @ params["embedding"].T, tokens[1:])


def gpt() -> Case:
    """The mistake: the scale of the scores forgotten in the backward pass of the queries."""
    keys = jax.random.split(KEY, 3)
    params = {
        "embedding": jax.random.normal(keys[0], (5, 4)),
        "position": 0.1 * jax.random.normal(keys[1], (6, 4)),
        "attention": dict(zip("qkvo", jax.random.normal(keys[2], (4, 4, 4)) / 2, strict=True)),
        "norm": jnp.ones((2, 4)),
        "mlp": dense(7, 4, 8, 4),
    }
    tokens = jnp.array([0, 3, 1, 4, 2, 2, 0])

    def loss(params, tokens):
        return _gpt(params, tokens, 0.5)

    return Case(loss, (params, tokens), changed(loss, "['q']", lambda g: g / 0.5), r"\['q'\]")


def _lstm(params, sequence, cut):
    def step(carry, x):
        h, c = carry
        i, f, g, o = jnp.split(x @ params["W"] + cut(h) @ params["U"] + params["b"], 4)
        c = jax.nn.sigmoid(f + 1) * c + jax.nn.sigmoid(i) * jnp.tanh(g)
        return (jax.nn.sigmoid(o) * jnp.tanh(c), c), None

    (h, _), _ = lax.scan(step, (jnp.zeros(3), jnp.zeros(3)), sequence)
    return jnp.sum((h @ params["out"] - 0.5) ** 2)


def lstm() -> Case:
    """The mistake: no gradient through the hidden state."""
    keys = jax.random.split(KEY, 3)
    params = {
        "W": jax.random.normal(keys[0], (3, 12)), "U": jax.random.normal(keys[1], (3, 12)),
        "b": jnp.full(12, 0.1), "out": jax.random.normal(keys[2], (3,)),
    }  # fmt: skip

    def loss(params, sequence):
        return _lstm(params, sequence, lambda h: h)

    def truncated(params, sequence):
        return _lstm(params, sequence, lax.stop_gradient)

    return Case(loss, (params, X), jax.grad(truncated), r"\['[WUb]'\]")


def _conv(x, kernel):
    return lax.conv_general_dilated(
        x, kernel, (1, 1), "SAME", dimension_numbers=("NHWC", "HWIO", "NHWC")
    )


def _resnet(params, state, images, labels, hold):
    def norm(x, of):
        mean, var = hold(x.mean((0, 1, 2))), hold(x.var((0, 1, 2)))
        y = (x - mean) * lax.rsqrt(var + 1e-5)
        return y * params[of]["scale"] + params[of]["shift"], 0.9 * state[of] + 0.1 * mean

    x = _conv(images, params["stem"])
    y, first = norm(_conv(x, params["one"]), "norm1")
    y, second = norm(_conv(jax.nn.relu(y), params["two"]), "norm2")
    pooled = jax.nn.relu(x + y).mean((1, 2))
    return cross_entropy(pooled @ params["head"], labels), {"norm1": first, "norm2": second}


def resnet_with_state() -> Case:
    """The mistake: the batch's mean and variance held constant, as if they were data."""
    keys = jax.random.split(KEY, 5)
    normed = {"scale": jnp.ones(2), "shift": jnp.full(2, 0.1)}
    params = {
        "stem": jax.random.normal(keys[0], (3, 3, 1, 2)) / 3,
        "one": jax.random.normal(keys[1], (3, 3, 2, 2)) / 3,
        "two": jax.random.normal(keys[2], (3, 3, 2, 2)) / 3,
        "norm1": normed, "norm2": normed,
        "head": jax.random.normal(keys[3], (2, 3)),
    }  # fmt: skip
    state = {"norm1": jnp.zeros(2), "norm2": jnp.zeros(2)}
    images, labels = jax.random.normal(keys[4], (3, 4, 4, 1)), jnp.array([0, 2, 1])

    def loss(params, state, images, labels):
        return _resnet(params, state, images, labels, lambda x: x)

    def held(params, state, images, labels):
        return _resnet(params, state, images, labels, lax.stop_gradient)[0]

    args = (params, state, images, labels)
    where = r"stem|one|two|norm1"
    return Case(loss, args, jax.grad(held), where, has_aux=True)


def contrastive() -> Case:
    """InfoNCE over two views; the mistake: the temperature's gradient of one direction only."""
    params = {"net": dense(3, 3, 4, 2), "log_temperature": jnp.array(-0.7)}

    def embed(params, x):
        z = mlp(params["net"], x)
        return z / jnp.linalg.norm(z, axis=-1, keepdims=True)

    def loss(params, one, other):
        scores = embed(params, one) @ embed(params, other).T / jnp.exp(params["log_temperature"])
        same = jnp.arange(len(one))
        return (cross_entropy(scores, same) + cross_entropy(scores.T, same)) / 2

    other = X + 0.1 * jax.random.normal(KEY, X.shape)
    mistake = changed(loss, "log_temperature", lambda g: g / 2)
    return Case(loss, (params, X, other), mistake, "log_temperature")


def maml() -> Case:
    """Two inner steps; the mistake: the first-order approximation taken for the gradient."""
    t = jnp.sin(X[:, 0])

    def inner(params, x):
        return jnp.mean((mlp(params, x)[:, 0] - t) ** 2)

    def adapted(params, x, through):
        for _ in range(2):
            slopes = through(jax.grad(inner)(params, x))
            params = jax.tree.map(lambda p, g: p - 0.2 * g, params, slopes)
        return inner(params, x)

    def loss(params, x):
        return adapted(params, x, lambda g: g)

    def first_order(params, x):
        return adapted(params, x, lax.stop_gradient)

    return Case(loss, (dense(5, 3, 3, 1), X), jax.grad(first_order), "")


LOSSES = [
    classifier, softmax_regression, gpt, lstm, resnet_with_state, contrastive, maml,
]  # fmt: skip
