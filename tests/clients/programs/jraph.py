"""Losses with jraph: graph networks."""

import jax
import jax.numpy as jnp

from tests.clients.case import Case, changed, dense, mlp

KEY = jax.random.key(0)


def _graph():
    import jraph

    return jraph.GraphsTuple(
        nodes=jax.random.normal(KEY, (4, 2)), edges=jax.random.normal(KEY, (5, 1)),
        senders=jnp.array([0, 1, 2, 3, 1]), receivers=jnp.array([1, 2, 3, 0, 0]),
        globals=jnp.zeros((1, 1)), n_node=jnp.array([4]), n_edge=jnp.array([5]),
    )  # fmt: skip


def graph_network() -> Case:
    """Edges, nodes and globals updated; the mistake: the edges' network not differentiated."""
    import jraph

    params = {"edge": dense(0, 6, 2), "node": dense(3, 7, 2), "globals": dense(6, 5, 1)}

    def loss(params, graph):
        net = jraph.GraphNetwork(
            update_edge_fn=lambda *x: jnp.tanh(mlp(params["edge"], jnp.concatenate(x, -1))),
            update_node_fn=lambda *x: jnp.tanh(mlp(params["node"], jnp.concatenate(x, -1))),
            update_global_fn=lambda *x: mlp(params["globals"], jnp.concatenate(x, -1)),
        )
        return jnp.sum(net(graph).globals ** 2)

    mistake = changed(loss, "edge", jnp.zeros_like)
    return Case(loss, (params, _graph()), mistake, "edge")


def graph_convolution() -> Case:
    """Normalised by degree; the mistake: the weights transposed."""
    import jraph

    params = dense(0, 2, 2)[0]

    def loss(params, graph):
        layer = jraph.GraphConvolution(lambda x: x @ params["W"] + params["b"], add_self_edges=True)
        return jnp.mean((jnp.tanh(layer(graph).nodes) - 0.2) ** 2)

    return Case(loss, (params, _graph()), changed(loss, "['W']", jnp.transpose), r"\['W'\]")


def graph_attention() -> Case:
    """The mistake: the attention held constant."""
    import jraph

    params = {"query": dense(0, 2, 2), "logit": dense(4, 4, 1)}

    def attended(params, graph, hold):
        layer = jraph.GAT(
            attention_query_fn=lambda x: mlp(params["query"], x),
            attention_logit_fn=lambda s, r, _: hold(
                jnp.tanh(mlp(params["logit"], jnp.concatenate([s, r], -1)))
            ),
            node_update_fn=jnp.tanh,
        )
        return jnp.mean((layer(graph).nodes - 0.2) ** 2)

    def loss(params, graph):
        return attended(params, graph, lambda a: a)

    def held(params, graph):
        return attended(params, graph, jax.lax.stop_gradient)

    return Case(loss, (params, _graph()), jax.grad(held), "")


LOSSES = [graph_network, graph_convolution, graph_attention]
