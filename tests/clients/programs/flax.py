"""Losses with flax: modules of linen and of nnx."""

import jax
import jax.numpy as jnp

from tests.clients.case import LABELS, Case, X, changed

KEY = jax.random.key(0)


def linen_batch_norm() -> Case:
    """A linen module whose new statistics are dropped; the mistake: a layer's sign."""
    from flax import linen

    class Net(linen.Module):
        @linen.compact
        def __call__(self, x):
            x = linen.BatchNorm(use_running_average=False)(linen.Dense(4)(x))
            return linen.Dense(2)(jnp.tanh(x))

    net, x = Net(), jax.random.normal(KEY, (6, 3))
    variables = net.init(KEY, x)

    def loss(params):
        variables_ = {"params": params, "batch_stats": variables["batch_stats"]}
        out, _ = net.apply(variables_, x, mutable=["batch_stats"])
        return jnp.mean((out - 1) ** 2)

    mistake = changed(loss, "['Dense_1']", jnp.negative)
    return Case(loss, (variables["params"],), mistake, "Dense_1")


def nnx_split() -> Case:
    """An nnx module split into graph and state; the mistake: rows that are off by one."""
    from flax import nnx

    class Net(nnx.Module):
        def __init__(self, rngs):
            self.first, self.last = nnx.Linear(3, 4, rngs=rngs), nnx.Linear(4, 2, rngs=rngs)

        def __call__(self, x):
            return self.last(jnp.tanh(self.first(x)))

    graph, state = nnx.split(Net(nnx.Rngs(0)))

    def loss(state):
        return jnp.mean(nnx.merge(graph, state)(X) ** 2)

    mistake = changed(loss, "['last']['kernel']", lambda g: jnp.roll(g, 1, axis=0))
    return Case(loss, (state,), mistake, r"\['last'\]\['kernel'\]")


def nnx_jitted() -> Case:
    """nnx.jit, which puts other arrays of equal content into the module that it is given."""
    from flax import nnx

    @nnx.jit
    def loss(net):
        return jnp.mean(net(X) ** 2)

    net = nnx.Linear(3, 4, rngs=nnx.Rngs(0))
    return Case(loss, (net,), changed(loss, "", lambda g: len(X) * g), "")


def linen_cnn() -> Case:
    """Convolutions with max pooling; the mistake: a kernel that is not flipped back."""
    from flax import linen

    class Net(linen.Module):
        @linen.compact
        def __call__(self, x):
            x = linen.max_pool(linen.relu(linen.Conv(2, (3, 3))(x)), (2, 2), strides=(2, 2))
            x = linen.relu(linen.Conv(3, (2, 2))(x))
            return linen.Dense(3)(x.reshape(len(x), -1))

    images, labels = jax.random.normal(KEY, (3, 4, 4, 1)), jnp.array([0, 2, 1])
    net = Net()

    def loss(params, images, labels):
        logits = jax.nn.log_softmax(net.apply({"params": params}, images))
        return -jnp.mean(jnp.take_along_axis(logits, labels[:, None], 1))

    mistake = changed(loss, "['Conv_0']['kernel']", lambda g: g[::-1, ::-1])
    params = net.init(KEY, images)["params"]
    return Case(loss, (params, images, labels), mistake, r"\['Conv_0'\]\['kernel'\]")


def linen_resnet_with_state() -> Case:
    """The new statistics as aux; the mistake: the shortcut's gradient forgotten."""
    from flax import linen

    class Block(linen.Module):
        @linen.compact
        def __call__(self, x, shortcut):
            y = linen.Conv(2, (3, 3), use_bias=False)(x)
            y = linen.BatchNorm(use_running_average=False, momentum=0.9)(y)
            return linen.relu(shortcut(x) + y)

    class Net(linen.Module):
        @linen.compact
        def __call__(self, x, shortcut):
            x = linen.Conv(2, (3, 3))(x)
            return linen.Dense(3)(Block()(x, shortcut).mean((1, 2)))

    images = jax.random.normal(KEY, (3, 3, 3, 1))
    net = Net()
    variables = net.init(KEY, images, lambda x: x)

    def objective(params, stats, images, shortcut):
        out, new = net.apply(
            {"params": params, "batch_stats": stats}, images, shortcut, mutable=["batch_stats"]
        )
        return jnp.mean((out - 1) ** 2), new["batch_stats"]

    def loss(params, stats, images):
        return objective(params, stats, images, lambda x: x)

    def mistake(params, stats, images):
        return jax.grad(objective, has_aux=True)(params, stats, images, jax.lax.stop_gradient)[0]

    args = (variables["params"], variables["batch_stats"], images)
    return Case(loss, args, mistake, r"params\['Conv_0'\]", has_aux=True)


def linen_transformer() -> Case:
    """A block with self-attention; the mistake: the keys' gradient in place of the queries'."""
    from flax import linen

    class Net(linen.Module):
        @linen.compact
        def __call__(self, tokens):
            x = linen.Embed(5, 4)(tokens)
            mask = linen.make_causal_mask(tokens)
            x = x + linen.SelfAttention(num_heads=2)(linen.LayerNorm()(x), mask=mask)
            x = x + linen.Dense(4)(linen.gelu(linen.Dense(6)(linen.LayerNorm()(x))))
            return linen.Dense(5)(x)

    tokens = jnp.array([[0, 3, 1, 4], [2, 2, 0, 1]])
    net = Net()

    def loss(params, tokens):
        logits = jax.nn.log_softmax(net.apply({"params": params}, tokens)[:, :-1])
        return -jnp.mean(jnp.take_along_axis(logits, tokens[:, 1:, None], -1))

    def mistake(params, tokens):
        g = jax.grad(loss)(params, tokens)
        attention = {**g["SelfAttention_0"]}
        attention["query"] = {**attention["query"], "kernel": attention["key"]["kernel"]}
        return {**g, "SelfAttention_0": attention}

    params = net.init(KEY, tokens)["params"]
    return Case(loss, (params, tokens), mistake, r"\['query'\]\['kernel'\]")


def linen_scanned_and_recomputed() -> Case:
    """nn.scan over nn.remat layers; the mistake: the layers' gradients in reverse order."""
    from flax import linen

    class Layer(linen.Module):
        @linen.compact
        def __call__(self, x, _):
            return x + jnp.tanh(linen.Dense(3)(x)), None

    class Net(linen.Module):
        @linen.compact
        def __call__(self, x):
            layers = linen.scan(
                linen.remat(Layer), variable_axes={"params": 0}, split_rngs={"params": True},
                length=3,
            )  # fmt: skip
            return linen.Dense(1)(layers()(x, None)[0])

    net = Net()

    def loss(params, x):
        return jnp.mean((net.apply({"params": params}, x)[:, 0] - jnp.sin(x[:, 0])) ** 2)

    mistake = changed(loss, "Dense_0']['kernel']", lambda g: g[::-1] if g.ndim == 3 else g)
    params = net.init(KEY, X)["params"]
    return Case(loss, (params, X), mistake, r"\['Scan.*\['kernel'\]")


def linen_rnn() -> Case:
    """nn.RNN over an LSTM cell; the mistake: the forget gate's gradient doubled."""
    from flax import linen

    net = linen.RNN(linen.LSTMCell(2))
    sequences = X[None] * jnp.array([1.0, -0.5])[:, None, None]

    def loss(params, x):
        return jnp.mean((net.apply({"params": params}, x)[:, -1] - 0.3) ** 2)

    params = net.init(KEY, sequences)["params"]
    mistake = changed(loss, "['hf']", lambda g: 2 * g)
    return Case(loss, (params, sequences), mistake, r"\['hf'\]")


def linen_dropout() -> Case:
    """A key for dropout; the mistake: a mask drawn anew in the backward pass."""
    from flax import linen

    class Net(linen.Module):
        @linen.compact
        def __call__(self, x):
            x = linen.Dropout(0.5, deterministic=False)(linen.tanh(linen.Dense(6)(x)))
            return linen.Dense(2)(x)

    net = Net()

    def loss(params, x, key):
        return jnp.mean(net.apply({"params": params}, x, rngs={"dropout": key}) ** 2)

    def mistake(params, x, key):
        return jax.grad(loss)(params, x, jax.random.fold_in(key, 1))

    params = net.init({"params": KEY, "dropout": KEY}, X)["params"]
    return Case(loss, (params, X, KEY), mistake, "")


def nnx_module() -> Case:
    """An nnx module as it is, embeddings and all; the mistake: each row of a table counted once."""
    from flax import nnx

    class Net(nnx.Module):
        def __init__(self, rngs):
            self.table, self.last = nnx.Embed(4, 3, rngs=rngs), nnx.Linear(3, 2, rngs=rngs)

        def __call__(self, tokens):
            return self.last(jnp.tanh(self.table(tokens)))

    tokens = jnp.array([0, 1, 1, 3, 1])

    def loss(net, tokens):
        logits = jax.nn.log_softmax(net(tokens))
        return -jnp.mean(jnp.take_along_axis(logits, LABELS[:, None], 1))

    counted = jnp.maximum(jnp.bincount(tokens, length=4), 1)[:, None]
    mistake = changed(loss, "embedding", lambda g: g / counted)
    return Case(loss, (Net(nnx.Rngs(0)), tokens), mistake, "embedding")


LOSSES = [
    nnx_split, linen_batch_norm, nnx_jitted, linen_cnn, linen_resnet_with_state, linen_transformer,
    linen_scanned_and_recomputed, linen_rnn, linen_dropout, nnx_module,
]  # fmt: skip
