"""Wrong gradients on purpose: the identity whose backward pass hands on what a function makes."""

import jax
import jax.numpy as jnp


def planted(wrong):
    """The identity on any tree, whose cotangent g becomes wrong(g)."""

    @jax.custom_vjp
    def identity(tree):
        return tree

    identity.defvjp(lambda tree: (tree, None), lambda _, g: (wrong(g),))
    return identity


def planted_leaf(name, wrong):
    """The same for one leaf of a dict."""
    return planted(lambda g: {**g, name: wrong(g[name])})


def scaled_at(index, factor):
    return lambda g: g.at[index].multiply(factor)


def network(seed=0, inputs=6, hidden=5, classes=3, batch=8):
    """A two-layer network: its loss, parameters and data."""
    from purenet import nn

    model = nn.two_layer_net(inputs, hidden, classes)
    params = model.init(jax.random.key(seed))
    x = jax.random.normal(jax.random.key(seed + 1), (batch, inputs))
    return nn.loss_fn(model, nn.softmax_cross_entropy), params, x, jnp.arange(batch) % classes
