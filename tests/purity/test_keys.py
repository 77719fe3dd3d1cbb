"""One random key used twice, by the name it has for the caller."""

import jax
import jax.numpy as jnp
import pytest

from purenet.purity import audit
from tests.purity.found import found, line, places

p = jnp.ones(3)
KEYS = [jax.random.key, jax.random.PRNGKey]


def twice(p, key):
    noise = jax.random.normal(key, (3,))
    return jnp.sum(p * noise * jax.random.uniform(key, (3,)))  # again


@pytest.mark.parametrize("make", KEYS)
def test_two_draws_from_one_key(make):
    assert found(twice, p, make(0)) == {("key-reuse", "key")}
    assert places(twice, p, make(0)) == {"key-reuse": line(twice, "# again")}


def test_a_captured_key():
    key = jax.random.key(0)
    assert found(lambda p: twice(p, key), p) == {("key-reuse", "key")}


@pytest.mark.parametrize("make", KEYS)
def test_keys_that_are_split_first(make):
    def loss(p, key):
        one, two = jax.random.split(key)
        return jnp.sum(p * jax.random.normal(one, (3,)) + jax.random.uniform(two, (3,)))

    assert audit(loss, p, make(0)).ok
