"""How far rounding may have moved a program's outputs, against what it did move them by."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from purenet import jaxprs

EPS = np.finfo(float).eps


def rounded(function, *leaves):
    traced = jaxprs.trace(lambda leaves: [function(*leaves)], list(leaves))
    with jaxprs.working_precision(True):
        wide = [jaxprs.widen(jnp.asarray(leaf)) for leaf in leaves]
        (value,), (moved,) = jaxprs.rounded(traced.program, traced.constants, wide)
    return np.asarray(value), np.asarray(moved)


def test_the_value_is_that_of_the_program(x64):
    value, _ = rounded(jnp.sin, jnp.float64(1.0))
    assert float(value) == pytest.approx(np.sin(1.0), rel=1e-15)


def test_cancellation_is_seen(x64):
    x = jnp.float64(1e-9)
    value, moved = rounded(lambda x: ((1 + x) - 1) / x, x)
    assert abs(float(value) - 1) <= float(moved)
    assert 1e-8 < float(moved) < 1e-5


@pytest.mark.parametrize("n", [10, 1000, 100_000])
def test_sums_of_many_terms(x64, n):
    terms = np.random.default_rng(n).normal(size=n)
    value, moved = rounded(jnp.sum, jnp.asarray(terms))
    exact = float(np.sum(terms.astype(np.longdouble)))
    assert abs(float(value) - exact) <= float(moved) < 1e-9


def test_what_is_shaken_covers_the_error_several_times(x64):
    """Few draws show too little; the error of most of 500 recurrences is a hundredth of it."""

    def recurrence(x):
        y = x
        for _ in range(30):
            y = y * 1.375 - 0.25 * y * y * x
        return y

    x = np.random.default_rng(0).uniform(-1.5, 1.5, 500)
    value, moved = rounded(recurrence, jnp.asarray(x))
    error = np.abs(value - recurrence(x.astype(np.longdouble)))
    assert np.all(5 * error <= moved)
    assert np.median(error / moved) > 1e-3


@pytest.mark.parametrize(("size", "counts"), [(64, True), (65, False)])
def test_a_table_of_constants_was_rounded_and_data_are_what_they_are(size, counts):
    with jax.enable_x64(False):
        table, x = jnp.linspace(0.1, 0.9, size), jnp.ones(size)
        traced = jaxprs.trace(lambda leaves: [jnp.sum(leaves[0] ** 2 * table)], [x])
        with jaxprs.working_precision(True):
            (moved,) = jaxprs.moved_by_constants(
                traced.program, traced.constants, [jaxprs.widen(x)]
            )
    assert np.any(np.asarray(moved)) == counts


def test_what_does_not_round_is_not_shaken(x64):
    _, moved = rounded(lambda x: jnp.max(-x[::-1].reshape(2, 2).T), jnp.arange(4.0))
    assert float(moved) == 0.0


def test_a_zero_stays_a_zero(x64):
    _, moved = rounded(lambda x: x - x, jnp.float64(3.7))
    assert float(moved) == 0.0


def test_a_float32_program_keeps_its_rounded_literals():
    with jax.enable_x64(False):
        _, of_pi = rounded(lambda x: x * 3.14159265358979, jnp.float32(1.0))
        _, of_two = rounded(lambda x: x * 2.0, jnp.float32(1.0))
    assert 1e-8 < float(of_pi) / np.pi < 1e-6
    assert float(of_two) < 100 * EPS


def test_loops_and_branches_are_walked_into(x64):
    def loop(x):
        return jax.lax.fori_loop(0, 10, lambda _, y: jnp.where(y > 0, y * 1.1, -y), x)

    value, moved = rounded(loop, jnp.float64(1.0))
    assert float(value) == pytest.approx(1.1**10, rel=1e-14)
    assert EPS < float(moved) < 1000 * EPS


def test_complex_outputs_have_a_bound_for_each_part(x64):
    value, moved = rounded(lambda x: jnp.exp(1j * x), jnp.float64(0.5))
    assert np.iscomplexobj(moved)
    assert 0 < moved.real < 100 * EPS
    assert abs(value - np.exp(0.5j)) < 100 * EPS


def test_the_size_of_a_complex_number_is_rounded_that_of_a_real_one_is_not(x64):
    _, of_complex = rounded(jnp.abs, jnp.complex128(1 + 2j))
    _, of_real = rounded(jnp.abs, jnp.float64(-1.1))
    assert EPS < float(of_complex) < 100 * EPS
    assert float(of_real) == 0.0


def test_large_programs_go_one_shake_after_another(x64):
    value, moved = rounded(lambda x: jnp.sum(jnp.exp(x)), jnp.zeros(100_000))
    assert float(value) == pytest.approx(100_000)
    assert 0 < float(moved) < 1e-6
