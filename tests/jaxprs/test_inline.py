"""Inlining: one straight list of equations, and the cone of each input."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax import lax

from purenet import jaxprs

X = jnp.linspace(0.1, 1.0, 6).reshape(2, 3)


def inlined(f, *leaves):
    traced = jaxprs.trace(lambda xs: f(*xs), leaves)
    return traced, jaxprs.inlined(traced.program, False)


def names(program):
    return [equation.primitive.name for equation in program.jaxpr.eqns]


def test_calls_and_custom_rules_are_opened_and_stop_gradient_is_kept():
    @jax.jit
    def f(x):
        return jax.nn.relu(jax.checkpoint(jnp.sin)(x)) * lax.stop_gradient(x)

    _, flat = inlined(f, X)
    assert {"sin", "max", "stop_gradient", "mul"} <= set(names(flat.base))
    assert not {"jit", "pjit", "remat2", "checkpoint", "custom_jvp_call"} & set(names(flat.base))


def test_a_cone_is_what_lies_between_a_leaf_and_the_outputs():
    def f(a, b):
        unused = jnp.exp(a)
        del unused
        held = lax.stop_gradient(jnp.cos(a))
        return jnp.sin(a) * jnp.log(b) + held, jnp.sqrt(b)

    _, flat = inlined(f, X, X)
    of_a, of_b = flat.cones
    assert names(of_a.program) == ["sin", "mul", "add"]
    assert of_a.outputs == [0]
    assert set(names(of_b.program)) == {"log", "mul", "add", "sqrt"}
    assert of_b.outputs == [0, 1]
    assert "exp" not in names(flat.base)


def test_the_base_gives_the_outputs_and_what_the_cones_read():
    def f(a, b):
        return jnp.sum(jnp.sin(a) @ jnp.cos(b).T)

    traced, flat = inlined(f, X, X + 1)
    values = jaxprs.outputs(flat.base, flat.constants, [*traced.constants, X, X + 1])
    np.testing.assert_allclose(values[0], f(X, X + 1), rtol=1e-6)
    for leaf, cone in zip((X, X + 1), flat.cones, strict=True):
        reads = [values[flat.outputs + read] for read in cone.reads]
        (again,) = jaxprs.outputs(cone.program, [], [leaf, *reads])
        np.testing.assert_allclose(again, values[0], rtol=1e-6)


def test_it_is_done_once_for_equal_programs():
    def make():
        return lambda x: jnp.sum(jnp.sinh(x) ** 3)

    assert inlined(make(), X)[1] is inlined(make(), X)[1]


def test_a_scan_tells_the_carry_at_every_step():
    def f(x, w):
        return lax.scan(lambda c, row: (c * row, None), x, w)[0]

    _, flat = inlined(f, jnp.ones(3), X)
    (scan,) = [e for e in flat.cones[1].program.jaxpr.eqns if e.primitive.name == "scan"]
    assert [v.aval.shape for v in scan.outvars] == [(3,), (2, 3)]


@pytest.mark.parametrize("double", [False, True])
def test_the_inlined_program_is_in_the_dtypes_of_the_evaluation(double):
    traced = jaxprs.trace(lambda xs: jnp.sum(xs[0] * X), [X])
    with jaxprs.working_precision(double):
        flat = jaxprs.inlined(traced.program, double)
    wanted = np.float64 if double else np.float32
    assert flat.cones[0].program.inputs[0].dtype == wanted
    assert [v.aval.dtype for v in flat.base.jaxpr.outvars[:1]] == [wanted]
