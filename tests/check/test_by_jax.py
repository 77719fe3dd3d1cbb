"""JAX's derivative as it comes and in float64, in both modes, with its rounding."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from purenet import compare_grads
from purenet.check.by_jax import refused, witness
from purenet.check.inexact import moved_by_constants
from tests.check.test_target import targets


@pytest.mark.parametrize("mode", ["rev", "fwd"])
def test_both_modes_give_coordinates_by_outputs(mode):
    (target,) = targets(lambda x: jnp.outer(x, x).ravel(), jnp.array([2.0, 3.0]))
    by = witness(target, mode).whole()
    np.testing.assert_allclose(by.value[0], [[4, 3, 3, 0], [0, 2, 2, 6]])
    np.testing.assert_allclose(by.wide[0], by.value[0])


@pytest.mark.parametrize("mode", ["rev", "fwd"])
def test_a_complex_leaf_has_two_real_coordinates(mode):
    (target,) = targets(lambda z: jnp.real(z) ** 2 + 3 * jnp.imag(z), 2.0 + 1.0j)
    np.testing.assert_allclose(witness(target, mode).whole().wide[0], [[4.0], [3.0]])


def test_float64_shows_what_float32_rounds_away():
    def cancelling(x):
        return (1 - jnp.cos(x)) / x**2

    (target,) = targets(cancelling, jnp.float32(1e-3))
    by = witness(target, "rev").whole(shaken=True)
    exact = -float(np.float32(1e-3)) / 12
    assert abs(by.wide[0][0, 0] - exact) <= by.rounding[0][0, 0]
    assert abs(by.value[0][0, 0] - exact) > 1e6 * abs(by.rounding[0][0, 0])


def test_the_rounding_covers_what_arithmetic_does_in_float64(x64):
    x = np.random.default_rng(0).normal(size=50)
    (target,) = targets(lambda x: jnp.sum(jnp.exp(x)) ** 3 - jnp.prod(x), jnp.asarray(x))
    by = witness(target, "rev").whole(shaken=True)
    long = x.astype(np.longdouble)
    exact = 3 * np.exp(long).sum() ** 2 * np.exp(long) - long.prod() / long
    assert np.all(np.abs(by.wide[0][:, 0] - exact) <= by.rounding[0][:, 0])
    assert np.all(by.rounding[0][:, 0] < 1e-10 * np.abs(by.wide[0][:, 0]))


@pytest.mark.parametrize("mode", ["rev", "fwd"])
def test_directions_by_either_mode(mode, x64):
    (target,) = targets(lambda z: jnp.real(z) ** 2 + 3 * jnp.imag(z), 2.0 + 1.0j)
    directions = [[np.array(1.0 + 10.0j)], [np.array(2.0 + 0.0j)]]
    value, rounding = witness(target, mode).along(directions)
    np.testing.assert_allclose(value, [[34.0], [8.0]])
    assert (rounding < 1e-13).all()


def test_the_rounding_of_a_direction_is_measured_where_it_is_asked_for(x64):
    (target,) = targets(lambda x: jnp.sum(jnp.exp(x)) - jnp.sum(x), jnp.array([1.0, 2.0]))
    fwd = witness(target, "fwd")
    _, least = fwd.along([[np.array([1.0, 10.0])]])
    value, rounding = fwd.along([[np.array([1.0, 10.0])]], shaken=True)
    assert 0 < least < rounding < 1e-12
    assert abs(value[0, 0] - (np.exp(1) - 1 + 10 * (np.exp(2) - 1))) < rounding


def test_a_check_runs_the_function_twice_and_the_witness_not_at_all(compilations):
    runs = []

    def f(x):
        runs.append(x)
        return jnp.sum(jnp.tanh(x) ** 3)

    compilations()
    assert compare_grads(f, np.arange(1.0, 4.0, dtype=np.float32)).ok
    assert len(runs) == 2
    assert compilations() <= 5


def test_constants_that_were_rounded_move_the_derivative_of_the_function_too():
    with jax.enable_x64(False):
        (target,) = targets(lambda x: x * 3.14159265, jnp.float32(1.0))
        (moved,) = moved_by_constants(target)
    assert 1e-8 < float(moved[0, 0]) < 1e-6


def test_a_mode_that_jax_refuses_is_known_from_what_it_says():
    one_way = jax.custom_vjp(lambda x: x)
    one_way.defvjp(lambda x: (x, None), lambda _, g: (g,))
    (target,) = targets(one_way, 1.0)
    with pytest.raises(TypeError) as raised:
        witness(target, "fwd")
    assert refused("fwd", raised.value)
    assert not refused("rev", raised.value)
    assert not refused("fwd", TypeError("something else"))
