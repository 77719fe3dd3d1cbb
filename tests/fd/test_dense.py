"""The dense evaluation: every displaced point, in chunks, by few compiled programs."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from purenet import fd, jaxprs
from purenet.fd.dense import Dense


def evaluator(f, *leaves, max_memory=2**28):
    traced = jaxprs.trace(lambda xs: f(*xs), leaves)
    return Dense(traced, leaves, replay=jaxprs.DOUBLE, max_memory=max_memory)


def test_coordinates_are_displaced_one_at_a_time(x64):
    points = evaluator(lambda x: x, jnp.zeros((2, 2))).along_coordinates(
        [(0, np.arange(4), np.tile([1.0, -2.0], (4, 1)))]
    )[0]
    assert points.shape == (4, 2, 2, 2)
    for coordinate in range(4):
        expected = np.zeros(4)
        expected[coordinate] = -2.0
        np.testing.assert_array_equal(points[coordinate, 1].ravel(), expected)


def test_two_moves_displace_together(x64):
    moves = [(0, np.array([0]), np.array([[1.0]])), (1, np.array([1]), np.array([[10.0]]))]
    (total,) = evaluator(
        lambda a, b: jnp.sum(a) + jnp.sum(b), jnp.ones(2), jnp.ones(2)
    ).along_coordinates(moves)
    assert float(total[0, 0]) == 15.0


@pytest.mark.parametrize("memory", [1, 2_000, 2**28])
def test_any_chunk_gives_the_same_values(memory, x64):
    x = jnp.linspace(0, 1, 11)
    moves = [(0, np.arange(11), np.full((11, 3), 0.5))]
    (values,) = evaluator(lambda x: jnp.sum(x**2), x, max_memory=memory).along_coordinates(moves)
    expected = jnp.sum(x**2) + x[:, None] + 0.25
    np.testing.assert_allclose(values, np.broadcast_to(expected, (11, 3)), rtol=1e-14)


def test_points_of_any_number_share_few_programs(x64, compilations):
    def f(x):
        return jnp.sum(jnp.cosh(x))

    at = evaluator(f, jnp.ones(3))
    at.at_points(0, np.zeros(16, int), np.ones(16))
    compilations()
    sizes = [at.at_points(0, np.zeros(n, int), np.ones(n))[0].shape for n in (1, 5, 16)]
    assert sizes == [(1,), (5,), (16,)]
    assert compilations() == 0
    assert at.at_points(0, np.zeros(40, int), np.ones(40))[0].shape == (40,)


def test_a_direction_moves_all_leaves(x64):
    at = evaluator(lambda a, b: a * jnp.sum(b), jnp.array(1.0), jnp.ones(2))
    (values,) = at.along_direction([jnp.array(1.0), jnp.array([0.0, 2.0])], [0.0, 1.0])
    np.testing.assert_array_equal(values, [2.0, 8.0])


def test_imaginary_parts_follow_the_real_ones(x64):
    at = evaluator(lambda z: z, jnp.array([1.0 + 1.0j, 2.0]))
    (values,) = at.at_points(0, np.array([3, 0]), np.array([0.5, 0.5]))
    np.testing.assert_array_equal(values, [[1 + 1j, 2 + 0.5j], [1.5 + 1j, 2]])


def test_leaves_of_several_dtypes_keep_them():
    with jax.enable_x64(True):
        seen = []

        def f(a, b):
            seen.append((a.dtype, b.dtype))
            return jnp.sum(a).astype(np.float64) * b

        leaves = [jnp.ones(2, jnp.bfloat16), jnp.float64(3.0)]
        traced = jaxprs.trace(lambda xs: f(*xs), leaves)
        at = Dense(traced, leaves, replay=jaxprs.NATIVE, max_memory=2**20)
        (values,) = at.along_coordinates([(0, np.array([1]), np.array([[1.0, 2.0]]))])
        np.testing.assert_array_equal(values, [[9.0, 12.0]])
        assert at.leaves[0].dtype == jnp.bfloat16


def test_a_callback_for_one_point_at_a_time_is_called_so(x64):
    def f(x):
        return jax.pure_callback(lambda x: np.asarray(x) ** 2, jax.ShapeDtypeStruct((), x.dtype), x)

    (values,) = evaluator(f, jnp.array(3.0)).at_points(0, np.zeros(3, int), np.arange(3.0))
    np.testing.assert_array_equal(values, [9.0, 16.0, 25.0])


def test_the_base_is_taken_in_the_dtype_that_the_program_sees():
    with jax.enable_x64(False):
        traced = jaxprs.trace(lambda xs: xs[0] * 1, [np.array(0.1)])
    with jax.enable_x64(True):
        at = Dense(traced, [np.array(0.1)], replay=jaxprs.DOUBLE, max_memory=2**20)
        assert float(at.base()[0]) == float(np.float32(0.1))


@pytest.mark.parametrize("size", [6, pytest.param(12, marks=pytest.mark.full)])
def test_steps_are_seen_by_a_callback_that_computes_in_float32(size):
    def tanh(w):
        out = jax.ShapeDtypeStruct(w.shape, w.dtype)
        return jax.pure_callback(np.tanh, out, w, vmap_method="expand_dims")

    w = jnp.linspace(-0.5, 0.7, size, dtype=jnp.float32)
    found = fd.grad(lambda w: jnp.sum(tanh(w) ** 2))(w)
    wanted = jax.grad(lambda w: jnp.sum(jnp.tanh(w) ** 2))(w)
    np.testing.assert_allclose(found, wanted, atol=2e-3)
