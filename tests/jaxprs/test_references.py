"""References from outside that a program writes to."""

import jax
import jax.numpy as jnp
import pytest

from purenet import jaxprs

READ, WRITTEN = jax.new_ref(jnp.ones(2)), jax.new_ref(jnp.zeros(2))


def writes(p):
    WRITTEN[...] = p + READ[...]
    return p


def adds(p):
    WRITTEN[0] += p[0]
    return p


@pytest.mark.parametrize("function", [writes, adds, jax.jit(writes)])
def test_those_written_to_and_not_those_read(function):
    found = jaxprs.written_references(jax.make_jaxpr(function)(jnp.ones(2)))
    assert [reference is WRITTEN for reference in found] == [True]


def test_those_of_its_own_are_nobody_elses():
    def local(p):
        own = jax.new_ref(p)
        own[...] = READ[...]
        return own[...]

    assert jaxprs.written_references(jax.make_jaxpr(local)(jnp.ones(2))) == []
