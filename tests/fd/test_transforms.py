"""fd.grad and fd.value_and_grad: JAX's trees, correct digits, and what they refuse."""

from typing import NamedTuple

import chex
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from purenet import fd, nn


class Params(NamedTuple):
    W: object
    b: object


PARAMS = {"W": np.linspace(-1, 1, 6, dtype=np.float32).reshape(2, 3), "b": [0.5, (2.0,)]}
X = np.array([1.0, -2.0], np.float32)


def loss(params, x, scale=1.0):
    y = jnp.tanh(x @ params["W"]) + params["b"][0] * params["b"][1][0]
    return scale * jnp.sum(y**2)


def test_the_gradient_has_the_tree_shapes_and_dtypes_of_jax_grad():
    ours, theirs = fd.grad(loss)(PARAMS, X), jax.grad(loss)(PARAMS, X)
    chex.assert_trees_all_equal_structs(ours, theirs)
    chex.assert_trees_all_equal_shapes_and_dtypes(ours, theirs)
    chex.assert_trees_all_close(ours, theirs, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("argnums", [0, 1, -1, (0, 1), (1,), [0, 1]])
def test_argnums_as_in_jax(argnums):
    ours = fd.grad(loss, argnums)(PARAMS, X)
    theirs = jax.grad(loss, tuple(argnums) if isinstance(argnums, list) else argnums)(PARAMS, X)
    chex.assert_trees_all_close(ours, theirs, rtol=1e-5, atol=1e-6)


def test_keyword_arguments_are_passed_on():
    chex.assert_trees_all_close(
        fd.grad(loss)(PARAMS, X, scale=3.0), jax.grad(loss)(PARAMS, X, scale=3.0), rtol=1e-5
    )


def test_value_and_aux_are_the_callers_own():
    def with_aux(params, x):
        return loss(params, x), {"name": "kept", "x": x}

    (value, aux), gradient = fd.value_and_grad(with_aux, has_aux=True)(PARAMS, X)
    assert value == loss(PARAMS, X)
    assert aux["name"] == "kept"
    np.testing.assert_array_equal(aux["x"], X)
    again, aux = fd.grad(with_aux, has_aux=True)(PARAMS, X)
    assert aux["name"] == "kept"
    chex.assert_trees_all_equal(gradient, again)


@pytest.mark.parametrize(
    "params",
    [
        Params(jnp.ones((2, 2)), None),
        (jnp.ones(3), jnp.zeros((0,)), jnp.zeros((2, 0))),
        [1.0, 2.0],
        np.float32(3.0),
        {"deep": {"deeper": [jnp.ones(1)]}},
    ],
    ids=["namedtuple with None", "empty leaves", "Python floats", "a NumPy scalar", "nested"],
)
def test_any_pytree(params):
    def total(p):
        return sum(jnp.sum(jnp.sin(x)) for x in jax.tree.leaves(p))

    ours, theirs = fd.grad(total)(params), jax.grad(total)(params)
    chex.assert_trees_all_equal_shapes_and_dtypes(ours, theirs)
    chex.assert_trees_all_close(ours, theirs, rtol=1e-5)


@pytest.mark.parametrize("dtype", [jnp.float32, jnp.bfloat16, jnp.float16])
def test_narrow_dtypes_lose_nothing_in_double_precision(dtype):
    x = jnp.linspace(0.5, 2.0, 5, dtype=dtype)
    gradient = fd.grad(lambda x: jnp.sum(x * x))(x)
    assert gradient.dtype == dtype
    np.testing.assert_array_equal(gradient, 2 * x)


@pytest.mark.parametrize(("dtype", "digits"), [(jnp.float32, 3e-4), (jnp.bfloat16, 0.1)])
def test_native_precision_stays_in_the_dtype_with_a_step_for_it(dtype, digits):
    x = jnp.linspace(0.5, 1.5, 5, dtype=dtype)
    gradient = fd.grad(lambda x: jnp.sum(jnp.exp(x)), precision="native")(x)
    assert gradient.dtype == dtype
    np.testing.assert_allclose(
        np.asarray(gradient, float), np.exp(np.asarray(x, float)), rtol=digits
    )


@pytest.mark.parametrize("method", ["central", "forward", "backward"])
@pytest.mark.parametrize("order", [2, 4, 6, 8])
def test_the_error_falls_with_the_order(method, order, x64):
    steps = (0.2, 0.1)
    errors = [
        abs(float(fd.grad(jnp.exp, method=method, order=order, step=h)(0.3)) - np.exp(0.3))
        for h in steps
    ]
    assert np.log2(errors[0] / errors[1]) == pytest.approx(order, abs=0.6)


@pytest.mark.parametrize("method", ["central", "forward", "backward"])
@pytest.mark.parametrize("order", [2, 4, 6, 8])
def test_the_chosen_step_gives_the_digits_the_order_allows(method, order, x64):
    x = jnp.array([0.7, -1.3, 2.1])
    gradient = fd.grad(lambda x: jnp.sum(jnp.sin(x)), method=method, order=order)(x)
    np.testing.assert_allclose(
        gradient, np.cos(x), rtol=0, atol=200 * (2.2e-16) ** (order / (order + 1))
    )


def test_a_step_may_be_a_number_or_a_tree(x64):
    params = {"a": jnp.array(1.0), "b": jnp.array([2.0, 3.0])}

    def cube(p):
        return p["a"] ** 3 + jnp.sum(p["b"] ** 3)

    # the error of a central difference of x³ is h² exactly
    one = fd.grad(cube, step=0.5)(params)
    assert float(one["a"]) == 3.25
    each = fd.grad(cube, step={"a": 0.5, "b": jnp.array([0.25, 0.5])})(params)
    np.testing.assert_array_equal(each["b"], [12 + 0.0625, 27 + 0.25])


def test_chunks_give_the_same_numbers(x64):
    params = {"W": jnp.linspace(-1, 1, 35).reshape(7, 5)}

    def f(p):
        return jnp.sum(jnp.tanh(p["W"] @ p["W"].T))

    chunked = fd.grad(f, max_memory=9_000, step=1e-5)(params)
    chex.assert_trees_all_close(chunked, fd.grad(f, step=1e-5)(params), rtol=1e-9)


def test_it_composes_with_jit_vmap_and_itself(x64):
    x = jnp.array([0.3, 0.7])
    np.testing.assert_allclose(jax.jit(fd.grad(jnp.sin))(0.3), np.cos(0.3), rtol=1e-9)
    np.testing.assert_allclose(jax.vmap(fd.grad(jnp.sin))(x), np.cos(x), rtol=1e-9)
    second = fd.grad(fd.grad(jnp.sin, order=8), order=8)(0.3)
    np.testing.assert_allclose(second, -np.sin(0.3), rtol=1e-9)
    np.testing.assert_allclose(fd.grad(jax.grad(jnp.sin))(0.3), -np.sin(0.3), rtol=1e-9)


def test_jit_vmap_and_float32_together():
    x = jnp.array([0.3, 0.7])
    gradient = jax.jit(jax.vmap(fd.grad(jnp.sin)))(x)
    assert gradient.dtype == jnp.float32
    np.testing.assert_allclose(gradient, np.cos(x), rtol=1e-6)


def test_complex_parameters_follow_jaxs_convention(x64):
    def f(z):
        return jnp.sum(jnp.abs(z) ** 2) + jnp.real(z[0] * z[1] ** 2)

    z = jnp.array([1.0 + 2.0j, -0.5j])
    np.testing.assert_allclose(fd.grad(f)(z), jax.grad(f)(z), rtol=1e-8)
    g = fd.grad(lambda z: z**3, holomorphic=True)(1.0 + 2.0j)
    np.testing.assert_allclose(g, 3 * (1 + 2j) ** 2, rtol=1e-8)


def test_stop_gradient_is_held_constant():
    x = jnp.array([0.5, 2.0])
    straight_through = fd.grad(lambda x: jnp.sum(x + jax.lax.stop_gradient(jnp.round(x) - x)))(x)
    np.testing.assert_allclose(straight_through, [1, 1], rtol=1e-6)
    np.testing.assert_allclose(
        fd.grad(lambda x: nn.softmax_cross_entropy(x, jnp.array(1)))(x),
        jax.grad(lambda x: nn.softmax_cross_entropy(x, jnp.array(1)))(x),
        rtol=1e-5,
    )


def test_integer_leaves_are_skipped_with_allow_int():
    params = {"w": jnp.ones(2), "n": jnp.arange(3)}

    def f(p):
        return jnp.sum(p["w"]) * jnp.sum(p["n"])

    ours, theirs = fd.grad(f, allow_int=True)(params), jax.grad(f, allow_int=True)(params)
    assert ours["n"].dtype == theirs["n"].dtype == jax.dtypes.float0
    np.testing.assert_allclose(ours["w"], [3, 3], rtol=1e-6)


@settings(deadline=None, max_examples=20)
@given(st.lists(st.integers(0, 3), max_size=3), st.integers(0, 99))
def test_any_shape_including_empty_ones(shape, seed):
    x = np.random.default_rng(seed).normal(size=shape).astype(np.float32)
    gradient = fd.grad(lambda x: jnp.sum(x**3))(x)
    assert gradient.shape == x.shape
    np.testing.assert_allclose(gradient, 3 * x**2, rtol=1e-4, atol=1e-6)


def test_what_the_caller_owns_is_never_written_to():
    W = np.array(PARAMS["W"])
    W.flags.writeable = False
    before = W.copy()
    fd.grad(loss)(PARAMS | {"W": W}, X)
    np.testing.assert_array_equal(W, before)


def test_jax_leak_checking_finds_nothing():
    with jax.checking_leaks():
        fd.grad(lambda x: jnp.sum(jnp.sin(x)))(jnp.ones(2))


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (
            lambda: fd.grad(loss, ordre=4),
            TypeError,
            "got the unknown option 'ordre'; wanted one of",
        ),
        (lambda: fd.grad(loss, order=3), ValueError, "got order=3; wanted one of 2, 4, 6, 8"),
        (lambda: fd.grad(loss, order=True), ValueError, "got order=True; wanted one of 2, 4, 6, 8"),
        (lambda: fd.grad(loss, method="middle"), ValueError, "got method='middle'; wanted one of"),
        (lambda: fd.grad(loss, strategy="fast"), ValueError, "got strategy='fast'; wanted one of"),
        (lambda: fd.grad(loss, precision="f64"), ValueError, "got precision='f64'; wanted one of"),
        (lambda: fd.grad(loss, step=0), ValueError, "got step=0; wanted positive, finite numbers"),
        (lambda: fd.grad(loss, step=-1.0), ValueError, "got step=-1.0; wanted positive"),
        (lambda: fd.grad(loss, step=np.nan), ValueError, "got step=nan; wanted positive"),
        (lambda: fd.grad(loss, step="small"), ValueError, "got step='small'; wanted positive"),
        (lambda: fd.grad(loss, max_memory=0), ValueError, "got max_memory=0; wanted a positive"),
        (
            lambda: fd.grad(loss, workers=1.5),
            ValueError,
            "got workers=1.5; wanted a positive whole",
        ),
        (lambda: fd.grad(3.0)(1.0), TypeError, "got a function of type float; wanted something"),
        (lambda: fd.grad(loss, 2)(PARAMS, X), ValueError, "got argnums=2 and 2 positional arg"),
        (lambda: fd.grad(loss, 0.5)(PARAMS, X), TypeError, "got argnums=0.5; wanted a whole num"),
        (lambda: fd.grad(loss, ())(PARAMS, X), TypeError, r"got argnums=\(\); wanted a whole"),
        (lambda: fd.grad(loss)({}, X), ValueError, "got params without a single leaf; wanted one"),
        (
            lambda: fd.grad(lambda p: p["n"] * 1.0)({"n": 3}),
            TypeError,
            r"got p\['n'\] of dtype int32",
        ),
        (
            lambda: fd.grad(lambda p: 1.0)({"s": "x"}),
            TypeError,
            r"got p\['s'\] of type str; wanted",
        ),
        (
            lambda: fd.grad(jnp.sin)(jnp.ones(2)),
            TypeError,
            r"returns float32\[2\]; wanted one scal",
        ),
        (
            lambda: fd.grad(lambda x: (x, x))(1.0),
            TypeError,
            r"returns float32\[\], float32\[\]; want",
        ),
        (lambda: fd.grad(lambda x: None)(1.0), TypeError, "returns None; wanted a number or arr"),
        (
            lambda: fd.grad(lambda n: n * 1.0, allow_int=True)(3),
            ValueError,
            "got n without a floating-point number; wanted one at least, which can move",
        ),
        (lambda: fd.grad(lambda x: x * 1j)(1.0), TypeError, "returns complex64; wanted real"),
        (lambda: fd.grad(lambda x: 3)(1.0), TypeError, "returns int32; wanted real"),
        (
            lambda: fd.grad(jnp.sin, holomorphic=True)(1.0),
            TypeError,
            "returns float32; wanted complex floating-point outputs; leave holomorphic out",
        ),
        (
            lambda: fd.grad(lambda x: x * 1j, holomorphic=True)(1.0),
            TypeError,
            "got x of dtype float32 with holomorphic=True; wanted complex numbers",
        ),
        (
            lambda: fd.grad(lambda x: x, has_aux=True)(1.0),
            TypeError,
            "with has_aux=True; wanted a pa",
        ),
        (
            lambda: fd.grad(jnp.log)(-1.0),
            ValueError,
            "got a function that is nan at the base point",
        ),
        (
            lambda: fd.grad(lambda p: jnp.sum(p["w"]))({"w": jnp.array([[1.0, jnp.inf]])}),
            ValueError,
            r"got p\['w'\]\[0, 1\] = inf; wanted finite parameters",
        ),
        (
            lambda: fd.grad(lambda p: jnp.sum(1 / p))(np.array([1.0, 1e300])),
            ValueError,
            r"got p\[1\] = 1e\+300, which is infinite in float32, in which JAX takes it; wanted",
        ),
        (
            lambda: fd.grad(lambda x: x / 0)(1.0),
            ValueError,
            "that is inf at the base point; wanted",
        ),
        (
            lambda: fd.grad(lambda p: jnp.sum(jnp.sqrt(p["w"])))({"w": jnp.array([1.0, 0.0])}),
            ValueError,
            r"got NaN or infinity where p\['w'\]\[1\] = 0 moves by",
        ),
        (
            lambda: fd.grad(jnp.sin, step=1e-12, precision="native")(jnp.float32(1.0)),
            ValueError,
            "got step=1e-12 for x = 1, which it leaves unchanged in float32; wanted a step that",
        ),
        (
            lambda: fd.grad(loss, step={"W": 0.1})(PARAMS, X),
            ValueError,
            "got a step of structure .*; wanted one number, or the structure of what is differ",
        ),
        (
            lambda: fd.grad(lambda x: jnp.sum(x), step=jnp.ones(3))(jnp.ones(2)),
            ValueError,
            r"got steps of shapes \[\(3,\)\]; wanted shapes that broadcast",
        ),
    ],
)
def test_a_wrong_call_is_explained(call, error, message, unchecked):
    with pytest.raises(error, match=message):
        call()


def test_the_edge_of_a_domain_is_differenced_from_inside(x64):
    gradient = fd.grad(lambda x: x * jnp.sqrt(x) + 2 * x, method="forward", step=1e-8)(0.0)
    assert float(gradient) == pytest.approx(2.0, abs=1e-3)


def test_zeros_that_say_nothing_come_with_a_warning():
    class Net:
        W = np.ones((2, 3))

        def loss(self, x):
            return (x @ self.W).sum()

    net = Net()
    wanted = "<lambda> ignores W: nothing that it computes reads it, and its gradient is zero"
    for transform in (fd.grad, fd.value_and_grad):
        with pytest.warns(UserWarning, match=wanted):
            found = transform(lambda W: net.loss(np.ones(2)))(net.W)
        assert not np.any(jax.tree.leaves(found)[-1])


@pytest.mark.parametrize(
    "zero",
    [
        lambda x: jnp.sum(x["a"]),  # one of two leaves is read
        lambda x: jnp.sum(x["a"]) * 0 + jnp.sum(x["b"]) * 0,  # both are, for nothing
        lambda x: jnp.sum(jax.lax.stop_gradient(x["a"])),
    ],
)
def test_other_zeros_are_as_silent_as_jaxs(zero):
    fd.grad(zero)({"a": jnp.ones(2), "b": jnp.ones(3)})
