"""Loops that stop at a tolerance are told from those that count, and one more round is taken."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax import lax

from purenet import jaxprs


def halved_until(tolerance):
    """Newton's square root, which gains digits with every round."""

    def root(x):
        def off(y):
            return jnp.abs(y * y - x) > tolerance * x

        return lax.while_loop(off, lambda y: (y + x / y) / 2, jnp.ones_like(x))

    return root


def moved(function, x):
    traced = jaxprs.trace(lambda leaves: [function(leaves[0])], [x])
    with jaxprs.working_precision(True):
        leaf = jaxprs.widen(jnp.asarray(x))
        program, constants = traced.program, traced.constants
        by = jaxprs.moved_by_a_round(program, constants, [leaf], [[jnp.ones_like(leaf)]])
    return jaxprs.stops_at_a_tolerance(program), by


@pytest.mark.parametrize(("tolerance", "low", "high"), [(1e-2, 1e-3, 1e-1), (1e-12, 0, 1e-14)])
def test_what_a_tolerance_leaves_is_what_one_more_round_moves(tolerance, low, high):
    stops, by = moved(halved_until(tolerance), jnp.float32(2.0))
    assert stops
    assert low <= by <= high


def test_a_loop_that_counts_takes_no_round_more():
    def power(x):
        return lax.fori_loop(0, jnp.int32(3), lambda _, y: y * x, x)

    assert moved(power, jnp.float32(2.0)) == (False, 0.0)


def test_what_jax_cannot_differentiate_is_not_known():
    def on_the_host(x):
        return jax.pure_callback(np.sin, jax.ShapeDtypeStruct((), x.dtype), x)

    _, by = moved(on_the_host, jnp.float32(2.0))
    assert np.isnan(by)
