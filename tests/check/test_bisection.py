"""Bisection: the coordinates at fault, at two evaluations a halving."""

import math

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from purenet.check.bisection import Found, located
from purenet.check.witness import Witness
from purenet.fd.options import checked
from purenet.fd.point import Point
from purenet.fd.setup import prepare

SIZES = (40, 1, 24)


def search(wrong, factor=1.5):
    """Sums of cubes, whose gradient is wrong at some coordinates of three leaves."""
    with jax.enable_x64(True):
        draws = np.random.default_rng(0)
        leaves = [jnp.asarray(draws.uniform(0.5, 1.0, n)) for n in SIZES]
        point = Point.of(
            lambda leaves: sum(jnp.sum(x**3) for x in leaves), (leaves,), {}, argnums=0
        )
        setup = prepare(point, checked(), whole_leaves=True)
        direction = [draws.choice([-1.0, 1.0], n) for n in SIZES]
        right = [3 * np.asarray(x) ** 2 for x in leaves]
        gradient = [g.copy() for g in right]
        for leaf, coordinate in wrong:
            gradient[leaf][coordinate] *= factor

        class Planted(Witness):
            def along(self, directions, *, shaken=False):
                del shaken
                values = [
                    [sum(float(d @ g) for d, g in zip(direction, gradient, strict=True))]
                    for direction in directions
                ]
                return np.array(values), np.zeros((len(values), 1))

        truth = sum(float(d @ g) for d, g in zip(direction, right, strict=True))
        return located(setup, 0, direction, Planted(), truth, 1e-12)


@pytest.mark.parametrize("wrong", [(0, 0), (0, 39), (1, 0), (2, 0), (2, 23)])
@pytest.mark.parametrize("factor", [0.0, 1 + 1e-6, -1.0])
def test_one_is_found_wherever_it_is(wrong, factor):
    result = search([wrong], factor)
    assert result.found == [Found(*wrong)]
    assert result.complete
    # trying the rules takes 20, and the stencil is two or four points
    assert result.evaluations <= 20 + 4 * math.ceil(math.log2(sum(SIZES)))


def at(positions):
    ends = np.cumsum(SIZES)
    leaves = np.searchsorted(ends, positions, side="right")
    return [(int(i), int(p - ends[i] + SIZES[i])) for i, p in zip(leaves, positions, strict=True)]


@settings(max_examples=10, deadline=None)
@given(st.sets(st.integers(0, sum(SIZES) - 1), min_size=2, max_size=5))
def test_several_are_all_found(positions):
    wrong = at(sorted(positions))
    assert set(search(wrong).found) == {Found(*one) for one in wrong}


@pytest.mark.parametrize("seed", range(6))
def test_small_errors_are_found_and_no_others(seed):
    """Truncation of either sign cancels in the whole and shows in its halves."""
    positions = np.random.default_rng(seed).choice(sum(SIZES), 3, replace=False)
    wrong = at(positions)
    assert set(search(wrong, 1 + 1e-7).found) == {Found(*one) for one in wrong}


def test_more_than_are_worth_naming():
    result = search([(0, i) for i in range(40)])
    assert 0 < len(result.found) < 40
    assert not result.complete
