"""pure_version: the same value, the gradient that was meant, and why there is none."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from comparisons.exhibits.backward_pass.mutating import Convolution, TimeRNN
from purenet import check_grads, fd
from purenet.purity import pure_version

x = np.array([0.3, 0.4])


class Net:
    def __init__(self):
        self.W, self.b, self.calls = np.array([1.0, 2.0]), np.array([0.5]), 0

    def loss(self, x):
        self.calls += 1
        return np.sum(np.tanh(self.W * x) + self.b)


def by_writing(function, array, step=1e-6):
    """The book's numerical gradient: into the array itself, by central differences."""
    gradient = np.zeros_like(array)
    for i in np.ndindex(array.shape):
        kept = array[i]
        array[i] = kept + step
        above = function(array)
        array[i] = kept - step
        gradient[i] = (above - function(array)) / (2 * step)
        array[i] = kept
    return gradient


def test_the_book_s_loss(x64):
    net = Net()

    def loss(W):
        return net.loss(x)

    pure, params = pure_version(loss, net.W)
    assert net.calls == 0
    assert list(params) == ["net.W", "net.b"]
    assert pure(params) == pytest.approx(loss(net.W), rel=1e-12)
    gradient = jax.grad(pure)(params)
    np.testing.assert_allclose(gradient["net.W"], by_writing(loss, net.W), rtol=1e-8)
    np.testing.assert_allclose(gradient["net.b"], by_writing(loss, net.b), rtol=1e-8)


def test_the_parameter_read_both_ways_moves_with_what_is_captured(x64):
    W = np.array([1.0, 2.0])

    def loss(p):
        return jnp.sum(p * W) if isinstance(p, jax.Array) else np.sum(p * W)

    pure, params = pure_version(loss, W)
    np.testing.assert_allclose(jax.grad(pure)(params)["W"], by_writing(loss, W), rtol=1e-8)


def test_numbers_in_a_list():
    weights = [[2.0]]
    pure, params = pure_version(lambda w: (weights[0][0] * 3.0 - 1.0) ** 2, weights)
    assert list(params) == ["weights[0][0]"]
    assert (pure(params), jax.grad(pure)(params)["weights[0][0]"]) == (25.0, 30.0)


def test_a_view_of_what_is_read(x64):
    theta = np.arange(4.0).reshape(2, 2)
    pure, params = pure_version(lambda W: np.sum(theta**2), theta[1])
    np.testing.assert_array_equal(jax.grad(pure)(params)["theta"], 2 * theta)


def test_a_jitted_function():
    W = jnp.ones(2)
    pure, params = pure_version(jax.jit(lambda p: jnp.sum(W**3)), W)
    np.testing.assert_array_equal(jax.grad(pure)(params)["W"], [3.0, 3.0])


def test_params_of_other_names():
    W = np.ones(2)
    pure, _ = pure_version(lambda p: np.sum(W), W)
    with pytest.raises(ValueError, match=r"got params of \['V'\]; wanted .* \['W'\]; pass the par"):
        pure({"V": W})


class InPlace:
    """Layers as a first book writes them: a mask by which zeros are written, columns of windows."""

    def __init__(self, W):
        self.W = W

    def forward(self, x):
        self.mask = (scores := x @ self.W) <= 0
        out = scores.copy()
        out[self.mask] = 0
        return out


def in_place_relu():
    layer = InPlace(np.array([[0.5, -1.0], [2.0, 0.3]]))
    return lambda p: np.sum(layer.forward(X) ** 2), layer.W, ["layer.W"]


def windows():
    layer = Convolution(RNG.normal(size=(2, 1, 3, 3)), np.array([0.1, -0.2]), pad=1)
    images = RNG.normal(size=(2, 1, 4, 4))
    return lambda p: np.sum(np.tanh(layer.forward(images))), layer.W, ["layer.W", "layer.b"]


def steps_in_time():
    layer = TimeRNN(RNG.normal(size=(3, 2)), RNG.normal(size=(2, 2)), np.zeros(2))
    rows = RNG.normal(size=(2, 4, 3))
    names = [f"layer.params[{i}]" for i in range(3)]
    return lambda p: np.sum(layer.forward(rows) ** 2), layer.params[0], names


def a_number_behind_the_trace():
    W = np.array([0.5, -1.0])
    return lambda p: float(np.sum(W**2)), W, ["W"]


RNG, X = np.random.default_rng(0), np.array([[1.0, 0.4], [-0.3, 0.8]])


@pytest.mark.parametrize("made", [in_place_relu, windows, steps_in_time, a_number_behind_the_trace])
def test_code_that_writes_into_its_arrays_remains_numpy_code(made):
    loss, array, names = made()
    before = loss(array)
    holder = loss.__closure__[0].cell_contents
    kept = dict(getattr(holder, "__dict__", {}))
    pure, params = pure_version(loss, array)
    assert list(params) == names
    assert pure(params) == before
    gradient = fd.grad(pure)(params)[names[0]]
    assert kept == getattr(holder, "__dict__", {})  # by identity: its layers keep nothing of it
    np.testing.assert_allclose(gradient, by_writing(loss, array), rtol=1e-7, atol=1e-9)
    with pytest.raises(TypeError, match=r"got traced params for <lambda>, .*by purenet\.fd\.grad"):
        jax.grad(pure)(params)


def test_the_gradient_of_what_remains_numpy_code_is_checked_as_any_other():
    loss, W, _ = in_place_relu()
    pure, params = pure_version(loss, W)
    layer = loss.__closure__[0].cell_contents
    gradient = {"layer.W": 2 * X.T @ layer.forward(X)}
    assert check_grads(pure, params, gradient=gradient).ok


def reading(p):
    next(NUMBERS)
    return np.sum(SHARED)


SHARED, NUMBERS = np.ones(2), (i for i in range(9))
NONE = {
    "nothing captured": (lambda p: jnp.sum(p**2), r"reads no captured array .*; it is ready"),
    "another value each time": (
        lambda p: float(np.sum(SHARED) + np.random.rand()),  # noqa: NPY002
        r"no pure version .*its value is not that of the original.*; write the loss with its param",
    ),
    "draws": (
        reading,
        r"reading, which uses up NUMBERS; wanted one that can be called again; pass",
    ),
}


@pytest.mark.parametrize("why", NONE)
def test_why_there_is_none(why):
    function, message = NONE[why]
    with pytest.raises(ValueError, match=message):
        pure_version(function, SHARED)
    assert next(NUMBERS) is not None


def test_a_tracer_left_behind_is_named_as_what_it_is():
    kept = []
    jax.jit(lambda x: (kept.append(x), x)[1])(jnp.ones(2))
    message = "got <lambda>, which reads a tracer that an earlier jit, grad or vmap left behind"
    with pytest.raises(ValueError, match=message):
        pure_version(lambda p: jnp.sum(kept[0]), np.ones(2))


def test_the_callers_exception_comes_through():
    with pytest.raises(ZeroDivisionError):
        pure_version(lambda p: 1 / 0, SHARED)


def test_html_names_what_was_captured(x64):
    net = Net()
    html = pure_version(lambda W: net.loss(x), net.W)._repr_html_()
    assert "<code>&#x27;net.W&#x27;</code></td><td>(2,)</td><td>float64</td>" in html
    assert "(params)</code>, of what was captured" in html
