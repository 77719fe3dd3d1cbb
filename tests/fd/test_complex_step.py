"""method="complex": to the last digits where all is analytic, refused by name elsewhere."""

import jax
import jax.numpy as jnp
import mpmath
import numpy as np
import pytest
from jax import lax

from purenet import fd, nn
from tests.sampling import sample

mpmath.mp.dps = 40

ANALYTIC = {
    "sin": (jnp.sin, mpmath.sin, 1.1),
    "tan": (jnp.tan, mpmath.tan, 1.2),
    "exp": (jnp.exp, mpmath.exp, -2.3),
    "expm1": (jnp.expm1, mpmath.expm1, 0.01),
    "log": (jnp.log, mpmath.log, 0.3),
    "log1p": (jnp.log1p, mpmath.log1p, 0.01),
    "sqrt": (jnp.sqrt, mpmath.sqrt, 3.0),
    "tanh": (jnp.tanh, mpmath.tanh, 3.9),
    "arcsin": (jnp.arcsin, mpmath.asin, 0.4),
    "arctan": (jnp.arctan, mpmath.atan, 4.0),
    "arcsinh": (jnp.arcsinh, mpmath.asinh, 0.4),
    "arctanh": (jnp.arctanh, mpmath.atanh, 0.4),
    "x^2.5": (lambda x: x**2.5, lambda x: x ** mpmath.mpf(2.5), 1.7),
    "(-x)^3.0": (lambda x: jnp.power(x, jnp.float64(3.0)), lambda x: x**3, -1.7),
    "x^-3": (lambda x: x**-3, lambda x: x**-3, -1.7),
    "2^x": (lambda x: 2.0**x, lambda x: mpmath.mpf(2) ** x, 1.7),
    "logistic": (jax.nn.sigmoid, lambda x: 1 / (1 + mpmath.exp(-x)), -5.0),
    "a scan of sines": (
        lambda x: jax.lax.scan(lambda c, _: (jnp.sin(c), None), x, None, length=3)[0],
        lambda x: mpmath.sin(mpmath.sin(mpmath.sin(x))),
        0.3,
    ),
    "a loop of squares": (
        lambda x: jax.lax.fori_loop(0, 3, lambda _, c: c * c, x),
        lambda x: x**8,
        1.3,
    ),
    "under jit, with a custom_jvp": (
        lambda x: jax.nn.silu(jax.jit(jnp.sinh)(x)),
        lambda x: mpmath.sinh(x) / (1 + mpmath.exp(-mpmath.sinh(x))),
        0.4,
    ),
}


@pytest.mark.parametrize("name", sample(ANALYTIC, every=4))
def test_to_fourteen_digits(name, x64):
    f, exact, x = ANALYTIC[name]
    true = float(mpmath.diff(exact, mpmath.mpf(x)))
    assert float(fd.grad(f, method="complex")(x)) == pytest.approx(true, rel=1e-14)


ROWS = np.array([1, 0, 1])
MOVED = {
    "stack": lambda x: jnp.stack([x, x], axis=1) ** 2,
    "tile": lambda x: jnp.tile(x, (2, 3)) ** 2,
    "unstack": lambda x: jnp.unstack(x)[0] * jnp.unstack(x)[1],
    "split": lambda x: jnp.prod(jnp.stack(jnp.split(x, 3, axis=1)), axis=0),
    "placed": lambda x: jax.device_put(x) ** 2,
    "added at rows": lambda x: jnp.ones((2, 3)).at[ROWS].add(x[ROWS] ** 2),
    "taken from rows": lambda x: jnp.ones((2, 3)).at[ROWS].subtract(x[ROWS] ** 2),
    "multiplied into rows": lambda x: x.at[ROWS[:2]].multiply(x, unique_indices=True),
    "a window's sums": lambda x: lax.reduce_window(x, 0.0, lax.add, (1, 2), (1, 1), "SAME") ** 2,
    "a convolution by the image": lambda x: lax.conv(x[None, None], KERNEL, (1, 1), "SAME"),
    "a convolution by both": lambda x: lax.conv(x[None, None], x[None, None], (1, 1), "SAME"),
    "a triangular solve": lambda x: jax.scipy.linalg.solve_triangular(x[:, :2] + jnp.eye(2), x),
}
KERNEL = np.linspace(-1.0, 2.0, 8).reshape(2, 1, 2, 2)


@pytest.mark.parametrize("name", sample(MOVED, every=4))
def test_arrays_to_fourteen_digits(name, x64):
    x = jnp.array([[0.3, 0.7, -1.2], [0.4, -0.6, 1.9]])
    ours = fd.jacobian(MOVED[name], method="complex")(x)
    np.testing.assert_allclose(ours, jax.jacobian(MOVED[name])(x), rtol=1e-14, atol=1e-14)


@pytest.mark.full
def test_a_network_loss_through_log_softmax(x64):
    model = nn.two_layer_net(6, 5, 3)
    params = model.init(jax.random.key(0))
    loss = nn.loss_fn(model, nn.softmax_cross_entropy)
    x, t = jax.random.normal(jax.random.key(1), (8, 6)), jnp.arange(8) % 3
    ours = fd.grad(loss, method="complex")(params, x, t)
    for name, exact in jax.grad(loss)(params, x, t).items():
        np.testing.assert_allclose(ours[name], exact, rtol=0, atol=1e-14 * np.abs(exact).max())


def test_float32_in_float32_out_without_x64():
    gradient = fd.grad(jnp.sin, method="complex")(jnp.float32(1.0))
    assert gradient.dtype == np.float32
    assert float(gradient) == np.float32(np.cos(1.0))


def test_jvp_jacobian_jit_and_vmap(x64):
    x = jnp.array([0.3, 0.7])
    _, derivative = fd.jvp(jnp.sin, (x,), (jnp.array([1.0, 2.0]),), method="complex")
    np.testing.assert_allclose(derivative, np.cos(x) * [1, 2], rtol=1e-15)
    jacobian = jax.jit(fd.jacobian(lambda x: jnp.outer(x, x), method="complex"))(x)
    np.testing.assert_allclose(jacobian, jax.jacobian(lambda x: jnp.outer(x, x))(x), atol=1e-15)
    np.testing.assert_allclose(jax.vmap(fd.grad(jnp.exp, method="complex"))(x), np.exp(x))


def test_stop_gradient_is_held_and_what_it_hides_may_be_anything(x64):
    gradient = fd.grad(lambda x: x * jax.lax.stop_gradient(jnp.abs(x)), method="complex")(-2.0)
    assert float(gradient) == 2.0


@pytest.mark.parametrize(
    ("f", "primitive"),
    [
        (jnp.abs, "abs"),
        (jax.nn.relu, "max"),
        (jax.scipy.special.erf, "erf"),
        (jnp.sign, "sign"),
        (jnp.round, "round"),
        (lambda x: jnp.where(x > 0, x, 2 * x), "gt"),
        (lambda x: jax.lax.scan(lambda c, _: (jnp.abs(c), None), x, None, length=2)[0], "abs"),
    ],
    ids=["abs", "relu", "erf", "sign", "round", "where", "scan"],
)
def test_a_primitive_that_is_not_analytic_is_refused_by_name(f, primitive):
    message = f"got method='complex' for a function that goes through '{primitive}'; wanted analyt"
    with pytest.raises(TypeError, match=message):
        fd.grad(f, method="complex")(1.0)


def test_complex_parameters_are_refused_with_their_path():
    with pytest.raises(TypeError, match=r"got params\['z'\] of dtype complex64 with method='comp"):
        fd.grad(lambda params: jnp.real(params["z"]), method="complex")({"z": 1.0j})


@pytest.mark.parametrize("option", [{"step": 1e-3}, {"order": 4}, {"precision": "native"}])
def test_there_is_nothing_to_choose(option):
    (name,) = option
    with pytest.raises(ValueError, match=f"got method='complex' with {name}=.*wanted {name} left"):
        fd.grad(jnp.sin, method="complex", **option)


def test_a_hessian_needs_a_difference():
    with pytest.raises(ValueError, match=r"got method='complex' for fd\.hessian"):
        fd.hessian(jnp.sin, method="complex")
