"""Whole leaves with bounds: the ladder climbed for all coordinates, at the price asked for."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from purenet.fd.bounded import bounded, bounded_at, lengths
from purenet.fd.incremental.cones import Cones
from purenet.fd.options import checked
from purenet.fd.point import Point
from purenet.fd.setup import prepare


@pytest.fixture
def network(x64):
    draws = np.random.default_rng(0)
    params = {"W": jnp.asarray(draws.normal(size=(30, 20))), "b": jnp.zeros(20)}
    x = jnp.asarray(draws.normal(size=(8, 30)))

    def loss(p):
        return jnp.mean(jnp.tanh(x @ p["W"] + p["b"]) ** 2)

    setup = prepare(Point.of(loss, (params,), {}, argnums=0), checked(), whole_leaves=True)
    base = [np.asarray(out) for out in setup.evaluator.base()]
    return setup, base, [np.ravel(g) for g in jax.tree.leaves(jax.grad(loss)(params))]


def test_every_coordinate_lies_within_its_bound(network):
    setup, base, gradient = network
    for leaf, exact in enumerate(gradient):
        found = bounded(setup.evaluator, leaf, base)
        assert found.value.shape == (exact.size, 1)
        assert np.all(np.abs(found.value[:, 0] - exact) <= 2 * found.error[:, 0])
        assert np.max(found.error) < 1e-9 * np.max(np.abs(exact))


def test_no_more_than_the_first_steps_are_taken_in_a_network(x64):
    draws = np.random.default_rng(0)
    x, second = jnp.asarray(draws.normal(size=(100, 64))), jnp.asarray(draws.normal(size=(50, 10)))
    label = jnp.asarray(draws.integers(0, 10, 100))

    def loss(first):
        scores = jax.nn.log_softmax(jax.nn.sigmoid(x @ first) @ (0.1 * second))
        return -jnp.mean(jnp.take_along_axis(scores, label[:, None], 1))

    first = jnp.asarray(0.1 * draws.normal(size=(64, 50)))
    setup = prepare(Point.of(loss, (first,), {}, argnums=0), checked(), whole_leaves=True)
    bounded(setup.evaluator, 0, [np.asarray(out) for out in setup.evaluator.base()])
    assert setup.evaluator.evaluations < 10.5 * first.size


def test_some_coordinates_are_those_of_the_whole(network):
    setup, base, gradient = network
    some = np.array([7, 599])
    scale = lengths(setup.evaluator, 0)[some]
    found = bounded_at(setup.evaluator, 0, some, scale, base)
    np.testing.assert_allclose(found.value[:, 0], gradient[0][some], rtol=1e-9)


def test_whole_leaves_and_few_points_are_displaced_alike(network):
    setup, _, _ = network
    points = np.array([1.0, -1.0, 0.5])
    every = np.arange(600)
    steps = np.full(600, 1e-3)
    whole = setup.evaluator.displaced(0, every, steps, points)[0]
    few = setup.evaluator.displaced(0, every[5:7], steps[5:7], points)[0]
    assert np.shape(whole) == (600, 3)
    np.testing.assert_allclose(np.asarray(whole)[5:7], few, rtol=1e-14)


def test_the_outputs_dependence_and_the_work_of_a_leaf(x64):
    def function(p):
        return jnp.sum(p["moves"]) * jax.lax.stop_gradient(p["held"])

    params = {"held": 2.0, "ignored": jnp.ones(3), "moves": jnp.ones((5, 5)), "none": jnp.ones(0)}
    setup = prepare(Point.of(function, (params,), {}, argnums=0), checked(), whole_leaves=True)
    evaluator = setup.evaluator
    assert [evaluator.dependence(i) for i in range(4)] == ["held", "ignored", "moves", "ignored"]
    assert evaluator.operations(2, 10) > 0
    assert evaluator.operations(3, 10) == 0


def among_small_ones(function):
    """A leaf of ordinary numbers, every other one far smaller, moved by a sum of squares and more.

    Returns:
        The evaluator, the outputs at the base, the leaf, and the exact derivatives.
    """
    x = np.random.default_rng(0).normal(size=400)
    x[::2] *= 1e-7

    def loss(x):
        return jnp.sum(x**2) + function(x)

    setup = prepare(Point.of(loss, (x,), {}, argnums=0), checked(), whole_leaves=True)
    base = [np.asarray(out) for out in setup.evaluator.base()]
    return setup.evaluator, base, x, jax.grad(loss)(x)


def test_small_ones_that_go_straight_are_not_looked_at_again(x64):
    evaluator, base, x, exact = among_small_ones(lambda x: jnp.sum(jnp.sin(x)))
    found = bounded(evaluator, 0, base)
    assert np.all(np.abs(found.value[:, 0] - exact) <= found.error[:, 0])
    assert evaluator.evaluations < 17 * x.size


@pytest.mark.parametrize("length", [1e-7, 1e-10])
def test_one_that_is_flat_from_afar_is_found_among_small_ones(length, x64):
    x = among_small_ones(jnp.sum)[2]
    evaluator, base, _, exact = among_small_ones(
        lambda y: 1e6 * (y[4] - x[4]) * jnp.exp(-(((y[4] - x[4]) / length) ** 2))
    )
    found = bounded(evaluator, 0, base)
    assert np.all(np.abs(found.value[:, 0] - exact) <= found.error[:, 0])
    assert abs(found.value[4, 0] - 1e6) < 1e4


def test_a_leaf_taken_in_blocks_is_evaluated_once(x64, monkeypatch):
    """Whichever axis its rounds run along: a block takes whole rounds, and no others."""
    taken = []

    run = Cones.reached

    def reached(self, leaf, plan, steps, points, rounds, held):
        taken.append(len(rounds) / plan.rounds)
        return run(self, leaf, plan, steps, points, rounds, held)

    def loss(w):
        return jnp.sum(jnp.tanh(jnp.ones((3, 40)) @ w) @ jnp.ones((30, 5)))

    w = jnp.asarray(np.random.default_rng(0).normal(size=(40, 30)))
    point = Point.of(loss, (w,), {}, argnums=0)
    options = checked(strategy="incremental", max_memory=2**14)
    setup = prepare(point, options, whole_leaves=True)
    base = [np.asarray(out) for out in setup.evaluator.base()]
    whole = bounded(setup.evaluator, 0, base)
    monkeypatch.setattr(Cones, "reached", reached)
    monkeypatch.setattr("purenet.fd.bounded._BLOCK", 240)
    monkeypatch.setattr("purenet.fd.incremental.evaluator._HELD", 240)
    blocks = bounded(setup.evaluator, 0, base)
    assert np.all(np.abs(blocks.value - whole.value) <= blocks.error + whole.error)
    assert len(taken) >= 5
    assert 0.9 < sum(taken) < 1.5
