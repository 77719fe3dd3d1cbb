"""Functions made in a loop that share its variable."""

import functools

import jax.numpy as jnp

from purenet.purity import audit
from tests.purity.found import found, line, places

p = jnp.ones(3)


def late():
    return [lambda p: jnp.sum(p) * k for k in (1.0, 2.0)]  # noqa: B023 - made


def test_siblings_that_share_the_variable():
    functions = late()
    assert found(functions[0], p) == {("late-binding", "k")}
    assert places(functions[0], p) == {"late-binding": line(late, "made")}
    assert audit(functions[0], p).findings[0].evidence == {
        "functions that share it": 2,
        "k for all of them": "2.0",
    }


def test_a_def_in_a_for_loop():
    functions = []
    for k in (1.0, 2.0):

        def loss(p):
            return jnp.sum(p) * k  # noqa: B023 - the trap

        functions.append(loss)
    assert found(functions[0], p) == {("late-binding", "k")}


SCALED = []
for scale in (1.0, 2.0):
    SCALED.append(lambda p: (p * scale).sum())  # noqa: B023


def test_a_loop_of_the_module():
    assert found(SCALED[0], p) == {("late-binding", "scale")}


def test_values_that_are_bound_when_the_function_is_made():
    defaults = [lambda p, k=k: jnp.sum(p) * k for k in (1.0, 2.0)]
    partials = [functools.partial(lambda k, p: jnp.sum(p) * k, k) for k in (1.0, 2.0)]
    assert audit(defaults[0], p).ok
    assert audit(partials[0], p).ok


def test_one_function_within_its_own_turn():
    for k in (1.0, 2.0):
        assert audit(lambda p: jnp.sum(p) * k, p).ok  # noqa: B023 - the near miss


def test_siblings_with_cells_of_their_own():
    def make(k):
        return lambda p: jnp.sum(p) * k

    functions = [make(k) for k in (1.0, 2.0)]
    assert audit(functions[0], p).ok
