"""Control flow: loops over layers of which one has moved, and everything else densely."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax import lax
from jax.ad_checkpoint import checkpoint_name

from purenet.fd.incremental.plan import Plan
from tests.fd.incremental.oracle import POINTS, assert_incremental_is_dense, assert_same, evaluators
from tests.sampling import sample

X = np.sin(np.arange(8.0)).reshape(2, 4)
W = np.cos(np.arange(48.0)).reshape(3, 4, 4)
B = np.linspace(-0.5, 0.5, 12).reshape(3, 4)


def layers(weights, biases, **options):
    def layer(x, parameters):
        weight, bias = parameters
        return jnp.tanh(x @ weight + bias) + lax.stop_gradient(x), None

    return lax.scan(layer, jnp.asarray(X), (weights, biases), **options)[0]


@pytest.mark.parametrize("reverse", sample([False, True], every=2))
def test_a_loop_over_layers_is_the_dense_one(reverse, dense_operations):
    assert_incremental_is_dense(lambda w, b: layers(w, b, reverse=reverse), W, B)
    assert dense_operations <= {"scan"}  # where the layers are not the loop's axis of a plan


@pytest.mark.parametrize("reverse", [False, True])
def test_a_loop_over_layers_is_incremental_where_all_coordinates_share_a_layer(
    reverse, x64, dense_operations
):
    incremental, dense = evaluators(lambda w: layers(w, jnp.asarray(B), reverse=reverse), W)
    plan = Plan(W.shape, (2,), 4)
    rounds, steps = range(plan.rounds), np.full(48, 0.1)
    found = incremental._cones.displaced(0, plan, steps, POINTS[:, None], rounds)
    assert not dense_operations
    assert_same(found, dense.along_leaf(0, steps, POINTS), 1e-12, incremental)


def test_carries_that_do_not_move_are_not_moved(x64, dense_operations):
    def f(w):
        def layer(carry, weight):
            x, step = carry
            return (jnp.tanh(x @ weight) + lax.dynamic_index_in_dim(B, step % 3), step + 1), None

        (x, _), _ = lax.scan(layer, (jnp.asarray(X), 0), w)
        return x

    incremental, dense = evaluators(f, W)
    plan = Plan(W.shape, (1,), 4)
    rounds, steps = range(plan.rounds), np.full(48, 0.1)
    found = incremental._cones.displaced(0, plan, steps, POINTS[:, None], rounds)
    assert not dense_operations  # a step that counted as moved would make the slice dense
    assert_same(found, dense.along_leaf(0, steps, POINTS), 1e-12, incremental)


def scan_with_outputs(w):
    return lax.scan(lambda x, weight: (x @ weight, jnp.sum(x)), jnp.asarray(X), w)


DENSE = {
    "scan with an output at each step": (lambda w: scan_with_outputs(w[:, :, :]), "scan"),
    "scan over a moved constant": (
        lambda w: lax.scan(lambda x, _: (jnp.tanh(x @ w[0]), None), jnp.asarray(X), None, 2)[0],
        "scan",
    ),
    "while": (
        lambda w: lax.while_loop(
            lambda x: jnp.sum(x) < 40, lambda x: 1.5 * x + jnp.abs(w[0]), jnp.abs(w[0])
        ),
        "while",
    ),
    "cond": (lambda w: lax.cond(w[0, 0, 0] > 1, lambda v: 2 * v, jnp.sin, w[1]), "cond"),
}


@pytest.mark.parametrize("name", sample(DENSE, every=2))
def test_other_loops_and_branches_are_evaluated_densely_and_right(name, dense_operations):
    f, operation = DENSE[name]
    assert_incremental_is_dense(f, W, other_plans=False)
    assert operation in dense_operations


def test_calls_and_custom_derivatives_are_looked_into(dense_operations):
    @jax.custom_vjp
    def scaled(x):
        return 2 * x

    scaled.defvjp(lambda x: (scaled(x), None), lambda _, g: (3 * g,))  # wrong, and never asked

    @jax.jit
    @jax.checkpoint
    def f(w):
        product = lax.optimization_barrier(scaled(w[0] @ w[1]))
        return jax.nn.relu(checkpoint_name(product, "product")) + jax.nn.silu(w[2])

    assert_incremental_is_dense(f, W)
    assert not dense_operations


def test_what_stop_gradient_guards_is_held(dense_operations):
    assert_incremental_is_dense(lambda w: (w * lax.stop_gradient(w), lax.stop_gradient(w[0])), W)
    assert not dense_operations
