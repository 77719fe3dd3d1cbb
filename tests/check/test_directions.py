"""Random directions: what they are made of, and how sharply differences along them are known."""

from types import SimpleNamespace

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from purenet import compare_grads
from purenet.check.directions import difference_along, directions_of
from purenet.fd.options import checked
from purenet.fd.point import Point
from purenet.fd.setup import prepare

SEED = (0,)


def directions(leaf):
    return directions_of(SimpleNamespace(moved=[leaf], dtypes=[leaf.dtype]), SEED)


def test_directions_of_large_leaves_stay_within_their_dtype():
    half = np.linspace(3e4, 6e4, 400).astype(np.float16)
    for (direction,) in directions(half):
        assert np.isfinite(direction.astype(np.float16)).all()


def test_a_direction_is_the_same_whenever_it_is_made():
    every = directions(np.linspace(1.0, 2.0, 9))
    for (first,), (again,) in zip(every, every, strict=True):
        np.testing.assert_array_equal(first, again)


def test_a_derivative_along_a_direction_has_ten_digits_of_the_gradient(x64):
    draws = np.random.default_rng(0)
    matrix, x = jnp.asarray(draws.normal(size=(300, 20))), jnp.asarray(draws.normal(size=300))

    def function(x):
        return jnp.sum(jnp.tanh(x @ matrix / 10) ** 2)

    setup = prepare(Point.of(function, (x,), {}, argnums=0), checked(), whole_leaves=True)
    base = [np.asarray(out) for out in setup.evaluator.base()]
    gradient = np.asarray(jax.grad(function)(x))
    for (direction,) in directions(np.asarray(x)):
        exact = float(direction @ gradient)
        found = difference_along(setup, base, [direction])
        size = np.linalg.norm(direction) * np.linalg.norm(gradient)
        assert abs(found.value[0, 0] - exact) <= found.error[0, 0] <= 1e-10 * size


@pytest.mark.parametrize("seed", [3, 24, 29])
def test_a_disagreement_must_stand_at_shorter_steps_too(seed, x64):
    """A corner that is rounded over less than the steps: from afar the slope is another one."""
    draws = np.random.default_rng(seed)
    weights, x = draws.normal(size=(5, 2)), 1e5 + 6e3 * draws.normal(size=2)

    def loss(x):
        corners = weights @ jnp.sqrt(1 + (5e-4 * (x - 1e5)) ** 2)
        return jnp.sum(jnp.exp(-4e-4 / (1 + (1e-4 * corners) ** 2)))

    assert compare_grads(loss, x, budget=0, key=jax.random.key(seed)).verdict != "disagrees"
