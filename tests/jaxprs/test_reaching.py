"""What reaches the outputs: by value, by derivative, and what cuts it off."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from purenet import jaxprs
from tests.purity.found import line

x = jnp.ones(3)
CASES = {
    "nothing": (lambda p: 1.0, False, False),
    "dead code": (lambda p: (p * 2.0, jnp.ones(3))[1], False, False),
    "product": (lambda p: p * 2.0, True, True),
    "rounding": (lambda p: jnp.round(p), True, False),
    "comparison": (lambda p: jnp.where(p > 0, 1.0, 2.0), True, False),
    "argmax": (lambda p: x[jnp.argmax(p)], True, False),
    "stopped": (lambda p: jax.lax.stop_gradient(p), True, False),
    "both ways": (lambda p: p + jax.lax.stop_gradient(p), True, True),
    "in jit": (lambda p: jax.jit(lambda q, r: r)(p, x), False, False),
    "in a scan": (lambda p: jax.lax.scan(lambda c, _: (c * p, None), x, None, 2)[0], True, True),
    "out of a scan": (lambda p: jax.lax.scan(lambda c, q: (c, q), x, p)[0], False, False),
    "in a branch": (lambda p: jax.lax.cond(x[0] > 0, lambda: p * 2, lambda: x), True, True),
    "as the test": (lambda p: jax.lax.cond(p[0] > 0, lambda: x, lambda: 2 * x), True, False),
    "in a loop": (lambda p: jax.lax.fori_loop(0, 3, lambda i, c: c * p, x), True, True),
    "whole numbers out": (lambda p: p.astype(int), True, False),
}


@pytest.mark.parametrize("case", CASES)
def test_value_and_derivative(case):
    function, value, derivative = CASES[case]
    found = jaxprs.reach(lambda leaves: function(leaves[0]), [x])
    assert (found.value, found.derivative) == ([value], [derivative])


def test_each_leaf_for_itself():
    found = jaxprs.reach(lambda leaves: leaves[0] * jnp.sign(leaves[1]), [x, x, x])
    assert found.value == [True, True, False]
    assert found.derivative == [True, False, False]


second = jnp.ones(3) * 2


@jax.jit
def doubled(p):
    return p * second


def test_constants_in_the_program_in_jit_and_as_literals():
    first, unread = jnp.arange(3.0), np.zeros(3)

    def function(leaves):
        _ = leaves[0] + unread
        return doubled(leaves[0]) + first

    found = jaxprs.reach(function, [x]).constants
    assert {id(array) for array, _ in found} == {id(first), id(second)}
    assert {id(a): at for a, at in found}[id(second)] == line(doubled, "return")


def stair(leaves):
    steps = jnp.floor(leaves[0])  # cut
    return jnp.sum(jax.jit(lambda s: s * 2.0)(steps))


def test_where_a_derivative_ends():
    assert jaxprs.cuts(stair, [x], 0) == [("floor", line(stair, "# cut"))]
    assert jaxprs.cuts(lambda leaves: jnp.sum(leaves[0]), [x], 0) == []


def drawn(leaves):
    a, b = leaves
    return jnp.sum(jax.random.gamma(jax.random.key(0), a) * b)  # draws


def test_which_draws_a_leaf_reaches():
    assert jaxprs.samplers(drawn, [x, x], 0) == [("random_gamma", line(drawn, "# draws"))]
    assert jaxprs.samplers(drawn, [x, x], 1) == []


def sampled(leaves):
    key = jax.random.key(leaves[0])  # seeds
    return jax.random.normal(key)


def test_a_seed_ends_where_it_seeds():
    assert jaxprs.cuts(sampled, [np.int32(3)], 0) == [("random_seed", line(sampled, "# seeds"))]


def calling(leaves):
    jax.debug.print("{}", leaves[0])  # prints
    return jnp.sum(leaves[0])


def test_calls_back_into_python():
    ((name, at),) = jaxprs.callbacks(calling, [x])
    assert name in ("jax.debug.print", "jax.debug.callback")
    assert at == line(calling, "# prints")
    inside = jaxprs.callbacks(jax.jit(calling), [x])
    assert inside == [(name, at)]
    pure = jax.ShapeDtypeStruct((), jnp.float32)
    assert jaxprs.callbacks(lambda p: jax.pure_callback(lambda: np.float32(1), pure), [x]) == []
