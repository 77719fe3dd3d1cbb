"""Custom derivative rules of a program: found wherever they are called, with file and line."""

from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from purenet import jaxprs


@jax.custom_vjp
def doubled(x):
    return 2 * x


def doubled_forward(x):
    return doubled(x), None


def doubled_backward(_, g):
    return (2 * g,)


doubled.defvjp(doubled_forward, doubled_backward)


@jax.custom_jvp
def squared(x):
    return x**2


@squared.defjvp
def squared_rule(primals, tangents):
    return squared(primals[0]), 2 * primals[0] * tangents[0]


def calls(function, *leaves):
    return jaxprs.custom_calls(lambda leaves: function(*leaves), list(leaves))


def test_each_kind_is_named_with_its_rule_file_and_line():
    first, second = calls(lambda x: squared(doubled(x)), jnp.float32(3.0))
    assert (first.kind, first.function, first.rule) == ("custom_vjp", "doubled", "doubled_backward")
    assert (second.kind, second.function, second.rule) == ("custom_jvp", "squared", "squared_rule")
    for call, definition in ((first, "def doubled_backward"), (second, "@squared.defjvp")):
        assert Path(call.file) == Path(__file__)
        assert Path(__file__).read_text().splitlines()[call.line - 1].startswith(definition)


def test_the_inputs_are_those_of_the_call():
    _, second = calls(lambda x: squared(doubled(x)), jnp.float32(3.0))
    assert [float(x) for x in second.inputs] == [6.0]


def test_applying_a_call_keeps_its_rule():
    (call,) = calls(doubled, jnp.float32(3.0))
    assert float(call.apply([jnp.float32(5.0)])[0]) == 10.0
    assert float(jax.grad(lambda x: call.apply([x])[0])(5.0)) == 2.0


@pytest.mark.parametrize(
    "function",
    [
        jax.jit(squared),
        jax.checkpoint(squared),
        lambda x: jax.lax.scan(lambda c, _: (squared(c), None), x, None, length=3)[0],
        lambda x: jax.lax.while_loop(lambda c: c < 50, squared, x),
        lambda x: jax.lax.cond(x > 0, squared, lambda y: y, x),
        lambda x: jax.vmap(squared)(x[None])[0],
    ],
    ids=["jit", "checkpoint", "scan", "while", "cond", "vmap"],
)
def test_wherever_it_is_called(function):
    (call,) = calls(function, jnp.float32(3.0))
    assert call.rule == "squared_rule"
    np.testing.assert_array_equal(np.ravel(call.inputs[0]), [3.0])


def test_a_branch_that_is_not_taken_is_not_looked_into():
    assert calls(lambda x: jax.lax.cond(x > 0, jnp.sin, squared, x), jnp.float32(3.0)) == []


def test_one_function_at_many_places_counts_once():
    assert len(calls(lambda x: squared(squared(x)) + squared(x), jnp.float32(2.0))) == 1


def test_rules_given_one_by_one_are_found_behind_the_machinery():
    cubed = jax.custom_jvp(lambda x: x**3)
    cubed.defjvps(lambda t, ans, x: 3 * x**2 * t)
    (call,) = calls(cubed, jnp.float32(2.0))
    assert Path(call.file) == Path(__file__)
