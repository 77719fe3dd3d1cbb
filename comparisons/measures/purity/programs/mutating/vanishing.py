"""Losses with a derivative for every parameter, which is zero all around for one of them."""

import jax
import jax.numpy as jnp

from comparisons.measures.purity.programs.program import drawn_jax, program


@program(("vanishing-derivative", "params['W']"))
def every_unit_dead():
    """A bias far below zero: no unit of the relu answers to any of the data."""
    x = drawn_jax(1, 5, 3)

    def loss(params):
        return jnp.sum(jax.nn.relu(x @ params["W"] - 1000.0) + params["c"] ** 2)

    return loss, ({"W": drawn_jax(2, 3, 2), "c": drawn_jax(3, 2)},)


@program(
    ("vanishing-derivative", "params['W1']"),
    ("vanishing-derivative", "params['b1']"),
    ("vanishing-derivative", "params['W2']"),
)
def a_dead_layer_kills_its_neighbours():
    """Only the last bias still learns."""
    x, t = drawn_jax(1, 5, 3), drawn_jax(2, 5, 2)

    def loss(params):
        h = jnp.maximum(x @ params["W1"] + params["b1"], 0)
        return jnp.mean((h @ params["W2"] + params["b2"] - t) ** 2)

    params = {
        "W1": drawn_jax(3, 3, 4),
        "b1": jnp.full(4, -500.0),
        "W2": drawn_jax(4, 4, 2),
        "b2": drawn_jax(5, 2),
    }
    return loss, (params,)


@program(("vanishing-derivative", "params['decoder']"))
def a_term_with_weight_zero():
    """The weight of the second term was set to zero for an experiment, and stayed so."""
    x = drawn_jax(1, 5, 3)
    weight = 0.0

    @jax.jit
    def loss(params):
        h = jnp.tanh(x @ params["encoder"])
        return jnp.mean(h**2) + weight * jnp.mean((h @ params["decoder"] - x) ** 2)

    return loss, ({"encoder": drawn_jax(2, 3, 2), "decoder": drawn_jax(3, 2, 3)},)


@program(("vanishing-derivative", "W"))
def a_saturated_sigmoid():
    """The inputs are in thousands: the sigmoid is 1 to the last bit."""
    x = 1000.0 * (1.0 + jnp.abs(drawn_jax(1, 5, 3)))

    def loss(W):
        return jnp.mean(jax.nn.sigmoid(x @ W))

    return loss, (1.0 + jnp.abs(drawn_jax(2, 3, 2)),)


@program(("vanishing-derivative", "W"))
def a_softmax_over_one_class():
    """One column of scores: the softmax of one number is 1, whatever the number."""
    x = drawn_jax(1, 5, 3)

    def loss(W):
        return -jnp.mean(jax.nn.log_softmax(x @ W, axis=1)[:, 0])

    return loss, (drawn_jax(2, 3, 1),)


@program(("vanishing-derivative", "params['w']"))
def everything_clipped():
    """The whole leaf lies outside the interval that it is clipped to."""

    def loss(params):
        return jnp.sum(jnp.clip(params["w"], -1.0, 1.0) * 3.0) + jnp.sum(params["v"] ** 2)

    return loss, ({"w": jnp.array([5.0, -7.0, 9.0]), "v": drawn_jax(1, 2)},)


@program(("vanishing-derivative", "params['W']"))
def a_mask_of_nothing_but_zeros():
    """Pruning went too far: the mask of one layer has no one left."""
    x = drawn_jax(1, 5, 3)
    mask = jnp.zeros((3, 2))

    def loss(params):
        return jnp.sum((x @ (params["W"] * mask) + params["b"]) ** 2)

    return loss, ({"W": drawn_jax(2, 3, 2), "b": drawn_jax(3, 2)},)


@program(("vanishing-derivative", "centre"), argnums=1)
def a_kernel_out_of_reach():
    """The data lie so far from the centre that the Gaussian underflows."""

    def loss(x, centre):
        return 1.0 - jnp.mean(jnp.exp(-jnp.sum((x - centre) ** 2, axis=1)))

    return loss, (drawn_jax(1, 5, 3) + 1000.0, drawn_jax(2, 3))


@program(("vanishing-derivative", "params['gate']"))
def a_tanh_at_its_end_in_a_scan():
    """The gate's logit is so large that tanh is flat at every step."""
    xs = drawn_jax(1, 4, 3)

    def loss(params):
        def step(h, x):
            return jnp.tanh(params["gate"]) * jnp.tanh(h + x), None

        return jnp.sum(jax.lax.scan(step, params["start"], xs)[0])

    return loss, ({"gate": jnp.array(200.0), "start": drawn_jax(2, 3)},)
