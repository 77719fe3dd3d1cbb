"""Black boxes: differenced with fresh copies, and nothing of the caller's is touched."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy import integrate

from purenet import fd


def test_a_numpy_function():
    w = np.arange(6.0).reshape(2, 3)
    gradient = fd.grad(lambda p: float(np.sum(np.sin(p["w"]))))({"w": w})
    np.testing.assert_allclose(gradient["w"], np.cos(w), rtol=0, atol=1e-6)


def test_a_scipy_function_with_a_branch_on_its_value():
    def f(x):
        return integrate.quad(lambda s: np.exp(-x * s), 0, 1)[0] if x > 0 else 1.0

    assert float(fd.grad(f)(2.0)) == pytest.approx(-(1 - 3 * np.exp(-2)) / 4, rel=1e-6)


def test_vector_outputs_and_directions(x64):
    def f(x):
        return {"y": np.outer(x, x), "s": float(x.sum())}

    x = np.array([1.0, 2.0])
    jacobian = fd.jacobian(f)(x)
    np.testing.assert_allclose(jacobian["s"], [1, 1], rtol=1e-6)
    expected = jax.jacobian(lambda x: jnp.outer(x, x))(x)
    np.testing.assert_allclose(jacobian["y"], expected, atol=1e-6)
    _, derivative = fd.jvp(f, (x,), (np.array([1.0, 0.0]),))
    np.testing.assert_allclose(derivative["y"], [[2, 2], [2, 0]], atol=1e-6)


def test_each_call_gets_a_fresh_writable_array_of_the_callers_kind():
    seen = []

    def f(p):
        seen.append(p["w"])
        return float(np.sum(p["w"]) + p["s"] + float(p["j"]))

    original = np.ones(2)
    fd.grad(f, strategy="host")({"w": original, "s": 1.0, "j": jnp.ones(())})
    assert all(type(w) is np.ndarray and w.flags.writeable for w in seen)
    assert len({id(w) for w in seen}) == len(seen)
    assert all(not np.shares_memory(w, original) for w in seen)
    assert original.flags.writeable


def test_a_function_may_write_into_its_arguments_and_the_callers_stay_as_they_are():
    def f(w, x):
        w *= x
        x[:] = 0.0
        return float(w.sum())

    w, x = np.ones(2), np.array([3.0, 4.0])
    gradient = fd.grad(f, strategy="host")(w, x)
    np.testing.assert_allclose(gradient, [3, 4], rtol=1e-6)
    np.testing.assert_array_equal(w, [1, 1])
    np.testing.assert_array_equal(x, [3, 4])


def test_a_leaf_that_nothing_follows_is_seen_ignored():
    estimate = fd.estimate(lambda a, b: float(np.sin(a)), argnums=(0, 1))(1.0, 2.0)
    assert [(one.path, one.kind) for one in estimate.remarks] == [("b", "ignored")]


def test_what_takes_no_float64_is_evaluated_as_it_is():
    def f(x):
        assert x.dtype == np.float32
        return float(np.sin(x))

    gradient = fd.grad(f)(np.float32(1.0))
    assert float(gradient) == pytest.approx(np.cos(1.0), abs=1e-3)


def test_an_error_half_way_names_the_coordinate_and_leaves_the_arrays_alone():
    def f(params):
        w = params["W1"]
        if w[1, 2] != 5.0:
            raise ArithmeticError("the simulator diverged")
        return float(np.sum(w))

    w = np.arange(6.0).reshape(2, 3)
    before = w.tobytes()
    with pytest.raises(ArithmeticError, match="the simulator diverged") as caught:
        fd.grad(f, strategy="host", step=1e-3)({"W1": w})
    (note,) = caught.value.__notes__
    assert "params['W1'][1, 2] moved by" in note
    assert "the arrays passed in are unchanged" in note
    assert w.tobytes() == before


def test_workers_give_the_same_numbers():
    w = np.linspace(0, 1, 7)
    one = fd.grad(lambda w: float(np.sum(w**3)), strategy="host")(w)
    two = fd.grad(lambda w: float(np.sum(w**3)), strategy="host", workers=2)(w)
    np.testing.assert_array_equal(one, two)


def test_the_step_follows_the_measured_noise():
    rough = fd.grad(lambda x: float(np.sin(np.float32(x))))(1.0)
    assert float(rough) == pytest.approx(np.cos(1.0), abs=1e-4)
    fine = fd.grad(lambda x: float(np.sin(x)))(1.0)
    assert float(fine) == pytest.approx(np.cos(1.0), abs=1e-7)


def test_outputs_that_change_shape_are_refused():
    def f(x):
        return np.zeros(2 if x == 1.0 else 3)

    with pytest.raises(ValueError, match=r"got outputs of shapes \[\(3,\)\] with x moved by"):
        fd.jacobian(f, strategy="host", step=1e-3)(1.0)


def test_outputs_that_are_no_numbers_are_refused():
    with pytest.raises(TypeError, match="whose output is of type str; wanted numbers or arrays"):
        fd.grad(lambda x: "low", strategy="host")(1.0)


def test_dense_insists_on_tracing():
    with pytest.raises(jax.errors.TracerArrayConversionError):
        fd.grad(lambda x: float(np.sin(x)), strategy="dense")(jnp.ones(()))


def test_an_error_of_the_function_itself_comes_through():
    with pytest.raises(KeyError, match="missing"):
        fd.grad(lambda p: p["missing"])({"w": 1.0})


DATA = np.array([1 / 3, 2 / 3])


@pytest.mark.parametrize(
    ("f", "args"),
    [
        (lambda x: (DATA * x).sum(), (np.ones(2),)),
        (lambda x, data: (data * x).sum(), (np.ones(2), DATA)),
        (lambda x: {"y": x**2 / 2}, (DATA,)),
        (lambda x: x / 3, (1.0,)),
    ],
)
def test_numpy_code_keeps_its_digits_where_jax_can_trace_it_too(f, args):
    value, error = (jax.tree.leaves(tree)[0] for tree in fd.estimate(f)(*args))
    expected = np.diag(DATA) if value.ndim == 2 else DATA[: value.size]
    assert np.all(np.abs(value - np.reshape(expected, value.shape)) <= error)
    assert np.max(error) < 1e-12


def test_code_of_jax_is_traced_whatever_its_arguments(compilations):
    def f(x):
        for _ in range(20):
            x = jnp.sin(x)
        return jnp.sum(x)

    compilations()
    assert isinstance(fd.grad(f)(DATA), jax.Array)
    assert compilations() < 10, "its operations are not run one by one"
