"""Programs as keys: equal where a replay could not tell them apart, and only there."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from purenet import fd, jaxprs

X = np.ones((2, 3), np.float32)


def program(f):
    return jaxprs.trace(lambda leaves: f(leaves[0]), [X]).program


def test_the_same_function_traced_twice_is_one_program():
    def f(x):
        return jnp.sum(jax.nn.softmax(jax.jit(jnp.sin)(x)) ** 2)

    assert program(f) == program(f)
    assert hash(program(f)) == hash(program(f))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (lambda x: x * 2.0, lambda x: x * 3.0),
        (lambda x: jnp.sum(x, axis=0), lambda x: jnp.sum(x, axis=1)),
        (lambda x: x[0] - x[1], lambda x: x[1] - x[0]),
        (jnp.sin, jnp.cos),
        (lambda x: jax.jit(jnp.sin)(x), lambda x: jax.jit(jnp.cos)(x)),
        (
            lambda x: jax.lax.scan(lambda c, r: (c + r, None), x[0], x)[0],
            lambda x: jax.lax.scan(lambda c, r: (c - r, None), x[0], x)[0],
        ),
        (lambda x: x.astype(jnp.int32), lambda x: x.astype(jnp.float16)),
    ],
)
def test_programs_of_different_equations_differ(one, other):
    assert program(one) != program(other)


def test_captured_arrays_are_constants_not_part_of_the_program():
    one, other = jnp.arange(3.0), jnp.arange(3.0) + 1
    assert program(lambda x: x * one) == program(lambda x: x * other)


class Net:
    def __init__(self):
        self.w = jnp.ones(3)
        self.n = np.ones(3, np.float32)

    @property
    def jitted(self):
        return jax.jit(lambda x: x * self.w)

    def plain(self, x):
        return jnp.sum(x * self.w)

    def with_numpy(self, x):
        return jnp.sum(x * self.n)

    def nested(self, x):
        return jnp.sum(self.jitted(x))


@pytest.mark.parametrize("method", ["plain", "with_numpy", "nested"])
def test_a_captured_array_is_never_stale(method):
    net = Net()
    gradient = fd.grad(getattr(net, method))
    np.testing.assert_allclose(gradient(jnp.ones(3)), np.ones(3), rtol=1e-6)
    net.w = 5 * net.w
    net.n *= 5
    np.testing.assert_allclose(gradient(jnp.ones(3)), 5 * np.ones(3), rtol=1e-6)


def test_a_loss_is_compiled_once_however_often_it_is_differentiated(compilations):
    def loss(w, x):
        return jnp.sum(jnp.tanh(w * x) ** 3)

    fd.grad(loss)(jnp.ones(3), jnp.ones(3))
    assert compilations() > 0
    for scale in (2.0, 3.0):
        arguments = jnp.ones(3), scale * jnp.ones(3)
        compilations()
        fd.grad(loss)(*arguments)
        fd.grad(lambda w, x: loss(w, x))(*arguments)
        assert compilations() == 0


def test_float64_arrays_captured_without_x64_are_what_the_program_saw():
    w = np.array([0.1, 0.2, 0.3])
    gradient = fd.grad(lambda x: jnp.sum(x * w))(jnp.ones(3))
    np.testing.assert_array_equal(gradient, w.astype(np.float32))


def test_primitive_names_include_nested_programs():
    names = jaxprs.primitive_names(
        program(lambda x: jax.lax.fori_loop(0, 2, lambda _, c: jnp.sin(c), x)).jaxpr
    )
    assert "sin" in names
