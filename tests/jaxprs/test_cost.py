"""Counted work: what costs more counts more."""

import jax
import jax.numpy as jnp
import pytest
from jax import lax

from purenet import jaxprs

X = jax.ShapeDtypeStruct((64, 64), jnp.float32)


def operations(f):
    return jaxprs.work(f, X).operations


def test_moving_nothing_is_free():
    assert operations(lambda x: x.reshape(-1)[None]) == 0
    assert operations(lambda x: jnp.broadcast_to(x, (5, 64, 64))) == 0


def test_what_one_version_has_a_primitive_for_costs_what_the_others_write():
    assert operations(lambda x: jnp.tile(x, (3, 1))) == 0
    joined = operations(lambda x: lax.concatenate([x[None], x[None]], 0))
    assert operations(lambda x: jnp.stack([x, x])) == joined > 0
    assert operations(jnp.unstack) == operations(lambda x: [x[i] for i in range(64)]) > 0


@pytest.mark.parametrize(
    ("of_one_kind", "known"),
    [
        (lax.cummin, lax.cummax),
        (lambda x: lax.top_k(x, 64)[0], lambda x: lax.sort((x, x), num_keys=1)),
        (lambda x: lax.igamma(x, x), jnp.exp),
        (lambda x: x.at[:64].multiply(x), lambda x: x.at[:64].add(x)),
        (lambda x: x.at[:64].max(x), lambda x: x.at[:64].add(x)),
    ],
    ids=["cummin", "top_k", "igamma", "scatter-mul", "scatter-max"],
)
def test_like_costs_like(of_one_kind, known):
    assert operations(of_one_kind) == pytest.approx(operations(known), rel=0.2)


def test_functions_cost_more_than_arithmetic_and_products_more_than_both():
    assert operations(lambda x: x + 1) == 64 * 64
    assert operations(jnp.exp) > operations(lambda x: x + 1)
    assert operations(lambda x: x @ x) > operations(jnp.exp)


@pytest.mark.parametrize("times", [1, 7])
def test_a_loop_costs_its_steps(times):
    once = operations(jnp.tanh)
    looped = operations(lambda x: lax.fori_loop(0, times, lambda _, c: jnp.tanh(c), x))
    assert looped == pytest.approx(times * once, rel=0.01)


def test_a_branch_costs_its_dearest():
    both = operations(lambda x: lax.cond(x[0, 0] > 0, jnp.tanh, lambda x: x, x))
    assert both == pytest.approx(operations(jnp.tanh), rel=0.01)


def test_elements_are_those_alive_together():
    chain = jaxprs.work(lambda x: jnp.sin(jnp.sin(jnp.sin(jnp.sin(x)))), X)
    assert chain.elements == 2 * 64 * 64
    kept = jaxprs.work(lambda x: [jnp.sin(x), jnp.cos(x), jnp.tan(x)], X)
    assert kept.elements == 3 * 64 * 64
    assert chain.largest == kept.largest == 64 * 64
