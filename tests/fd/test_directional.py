"""fd.jvp: one direction through any number of arguments."""

import chex
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from purenet import fd


def f(params, x):
    return {"y": jnp.tanh(params["W"] @ x), "n": jnp.argmax(x)}


PRIMALS = ({"W": jnp.arange(6.0).reshape(2, 3) / 7}, jnp.array([1.0, -0.5, 2.0]))
TANGENTS = ({"W": jnp.ones((2, 3))}, jnp.array([0.0, 1.0, -3.0]))


@pytest.mark.parametrize("order", [2, 8])
def test_it_is_jax_jvp(order):
    ours = fd.jvp(f, PRIMALS, TANGENTS, order=order)
    theirs = jax.jvp(f, PRIMALS, TANGENTS)
    chex.assert_trees_all_equal_shapes_and_dtypes(ours, theirs)
    chex.assert_trees_all_close(ours[0], theirs[0])
    np.testing.assert_allclose(ours[1]["y"], theirs[1]["y"], atol=1e-6)


def test_complex_tangents_and_outputs(x64):
    def g(z):
        return jnp.abs(z) * z

    primal, tangent = jnp.array([1.0 + 2.0j]), jnp.array([0.5 - 1.0j])
    _, ours = fd.jvp(g, (primal,), (tangent,))
    np.testing.assert_allclose(ours, jax.jvp(g, (primal,), (tangent,))[1], rtol=1e-8)


def test_a_zero_direction_gives_zero():
    _, derivative = fd.jvp(jnp.sin, (jnp.ones(2),), (jnp.zeros(2),))
    np.testing.assert_array_equal(derivative, [0, 0])


def test_aux_and_jit():
    output, derivative, aux = fd.jvp(lambda x: (x**2, "aux"), (3.0,), (1.0,), has_aux=True)
    assert (float(output), aux) == (9.0, "aux")
    assert float(derivative) == pytest.approx(6.0)
    jitted = jax.jit(lambda x, v: fd.jvp(jnp.sin, (x,), (v,))[1])(0.3, 2.0)
    assert float(jitted) == pytest.approx(2 * np.cos(0.3), rel=1e-6)


def test_integer_primals_take_float0_tangents():
    zero = np.zeros((), jax.dtypes.float0)
    ours = fd.jvp(lambda x, n: x * n, (2.0, 3), (1.0, zero))
    assert float(ours[1]) == pytest.approx(3.0)


@pytest.mark.parametrize(
    ("tangents", "message"),
    [
        ((1.0, 2.0), "got tangents of structure .*; wanted that of the primals"),
        (jnp.ones(2), "got tangents of type .*; wanted a tuple, one for each argument"),
        (("up",), "got a tangent of str for x of float32; wanted numbers by which it can move"),
        ((jnp.ones(2) * 1j,), "got a tangent of complex64 for x of float32; wanted numbers"),
        ((np.zeros(2, jax.dtypes.float0),), r"got a tangent of .*float0.* for x of float32"),
        ((jnp.ones(3),), r"got a tangent of shape \(3,\) for x of shape \(2,\); wanted equal"),
    ],
)
def test_tangents_must_match(tangents, message):
    with pytest.raises(TypeError, match=message):
        fd.jvp(jnp.sin, (jnp.ones(2),), tangents)


@pytest.mark.parametrize(
    ("point", "tangent", "message"),
    [
        (-1.0, 1.0, "got a function that is nan at the base point"),
        (1.0, np.nan, "got NaN or infinity along the tangents.* and finite tangents"),
        (1.0, np.inf, "got NaN or infinity along the tangents"),
    ],
)
def test_nan_is_no_derivative(point, tangent, message):
    with pytest.raises(ValueError, match=message):
        fd.jvp(jnp.log, (point,), (tangent,))


@pytest.mark.parametrize("step", [{"x": 0.1}, (), np.ones(2)])
def test_a_step_along_the_tangents_is_one_number(step):
    with pytest.raises(ValueError, match=r"got step=.*; wanted one number, which counts in units"):
        fd.jvp(jnp.sin, (jnp.ones(2),), (jnp.ones(2),), step=step)
