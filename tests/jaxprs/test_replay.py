"""The float64 replay: the caller's own program in more digits, through every structure of JAX."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax import export, lax

import purenet
from purenet import jaxprs
from tests.sampling import sample

X = np.linspace(0.3, 1.7, 6, dtype=np.float32).reshape(2, 3)
S = np.array([[2.0, 0.3, 0.1], [0.3, 1.5, 0.2], [0.1, 0.2, 1.0]], np.float32)


@jax.custom_vjp
def square_with_a_wrong_rule(x):
    return x * x


square_with_a_wrong_rule.defvjp(lambda x: (x * x, x), lambda x, g: (100 * x * g,))


def spd(x):
    return jnp.asarray(S, x.dtype) + x[0, 0] / 8  # 1/8 is the same number in both precisions


PROGRAMS = {
    "jit in jit": lambda x: jax.jit(lambda y: jnp.sin(jax.jit(jnp.exp)(y)))(x),
    "scan": lambda x: lax.scan(lambda c, r: (jnp.tanh(c + r), c * r), x[0], x, reverse=True),
    "while": lambda x: lax.while_loop(lambda c: jnp.sum(c) < 50, lambda c: c * c + 1, x),
    "fori": lambda x: lax.fori_loop(0, 4, lambda i, c: jnp.sin(c) + i, x),
    "cond": lambda x: lax.cond(x[0, 0] > 0, jnp.sin, jnp.cos, x),
    "switch": lambda x: lax.switch(1, [jnp.sin, jnp.cos, jnp.exp], x),
    "custom_jvp": lambda x: jax.nn.silu(jax.nn.relu(x)),
    "custom_vjp": square_with_a_wrong_rule,
    "checkpoint": lambda x: jax.checkpoint(lambda y: jnp.sin(jnp.exp(y)))(x),
    "solve": lambda x: jnp.linalg.solve(spd(x), x.T),
    "inv det": lambda x: (jnp.linalg.inv(spd(x)), jnp.linalg.slogdet(spd(x))[1]),
    "cholesky eigh svd": lambda x: (
        jnp.linalg.cholesky(spd(x)),
        jnp.linalg.eigvalsh(spd(x)),
        jnp.linalg.svd(x, compute_uv=False),
    ),
    "cumsum sort": lambda x: (jnp.cumsum(x, axis=1), jnp.sort(-x), jnp.cumprod(x)),
    "gather scatter": lambda x: x.at[jnp.array([0, 1, 0])].add(x[jnp.array([1, 1, 0])] ** 2),
    "segment sum": lambda x: jax.ops.segment_sum(x.T, jnp.array([0, 1, 0]), 2),
    "max pooling": lambda x: lax.reduce_window(x, -jnp.inf, lax.max, (1, 2), (1, 1), "VALID"),
    "average pooling": lambda x: lax.reduce_window(x, 0.0, lax.add, (2, 2), (1, 1), "VALID"),
    "a reduction of its own": lambda x: lax.reduce(
        x, np.float32(0), lambda a, b: a + b * jnp.exp(a * 0), (1,)
    ),
    "convolution": lambda x: lax.conv_general_dilated(
        x[None, None], x[None, None, :1, :2], (1, 1), "SAME"
    ),
    "dot with a preferred dtype": lambda x: lax.dot_general(
        x, x, (((1,), (1,)), ((), ())), preferred_element_type=jnp.float32
    ),
    "fft": lambda x: jnp.abs(jnp.fft.rfft(x)),
    "softmax": lambda x: (jax.nn.softmax(x), jax.nn.log_softmax(x), jax.nn.logsumexp(x)),
    "where clip top_k": lambda x: (
        jnp.clip(jnp.where(x > 1, x, x**2), 0.25, 1.25),
        lax.top_k(x, 2)[0],
    ),
    "argmax": lambda x: x[:, jnp.argmax(x[0])] * jnp.floor(3 * x[:, 0]),
    "associative scan": lambda x: lax.associative_scan(jnp.multiply, x, axis=1),
    "vmap": lambda x: jax.vmap(lambda r: jnp.outer(r, r))(x),
    "lax.map": lambda x: lax.map(lambda r: jnp.dot(r, r), x),
    "special": lambda x: (jax.scipy.special.gammaln(x), jax.scipy.special.erf(x)),
    "casts": lambda x: (x.astype(jnp.bfloat16).astype(jnp.float32) * 2).astype(jnp.float16),
    "embedding": lambda x: jnp.take(x, jnp.array([1, 0, 1]), axis=0).sum(0),
}


def replayed(f, x):
    """f at x, traced in x's dtype and replayed in float64."""
    traced = jaxprs.trace(lambda leaves: f(leaves[0]), [x])
    with jax.enable_x64(True):
        leaves = [jaxprs.widen(jnp.asarray(x))]
        flat = jaxprs.DOUBLE.evaluate(traced.program, traced.constants, leaves, leaves)
    return jax.tree.unflatten(traced.output_tree, flat)


@pytest.mark.parametrize("name", sample(PROGRAMS, every=3))
def test_a_float32_program_becomes_the_float64_program(name):
    f = PROGRAMS[name]
    outputs = replayed(f, X)
    with jax.enable_x64(True):
        x = jnp.asarray(X, np.float64)
        if name == "casts":
            expected = 2 * x
        elif name == "dot with a preferred dtype":
            expected = x @ x.T
        elif name == "a reduction of its own":
            expected = x.sum(1)
        else:
            expected = f(x)
        for ours, theirs in zip(jax.tree.leaves(outputs), jax.tree.leaves(expected), strict=True):
            assert ours.dtype == np.float64
            np.testing.assert_allclose(ours, theirs, rtol=1e-12)


@pytest.mark.parametrize("dtype", [jnp.bfloat16, jnp.float16, jnp.float32])
def test_narrow_inputs_are_taken_at_their_exact_values(dtype):
    x = jnp.asarray(0.1, dtype)
    assert float(replayed(lambda x: x * 3, x)) == 3 * float(x)


def test_random_draws_are_those_of_the_callers_program():
    def f(x):
        return x + jax.random.normal(jax.random.key(3), x.shape)

    ours, theirs = np.asarray(replayed(f, X)), np.asarray(f(X), float)
    np.testing.assert_allclose(ours, theirs, rtol=0, atol=1e-6)


def test_bits_stay_bits():
    def f(x):
        return lax.bitcast_convert_type(lax.bitcast_convert_type(x, jnp.int32) + 1, jnp.float32)

    np.testing.assert_array_equal(replayed(f, X), f(X).astype(float))


def test_callbacks_see_the_dtype_they_were_written_for():
    seen = []

    def host(x):
        seen.append(x.dtype)
        return np.sin(x)

    def f(x):
        return jax.pure_callback(host, jax.ShapeDtypeStruct(x.shape, x.dtype), x)

    np.testing.assert_allclose(replayed(f, X), np.sin(X), rtol=1e-6)
    assert set(seen) == {np.dtype(np.float32)}


def test_an_exported_program_runs_in_the_dtypes_that_it_was_exported_for():
    exported = export.export(jax.jit(jnp.sin))(jax.ShapeDtypeStruct(X.shape, X.dtype))
    np.testing.assert_array_equal(replayed(exported.call, X), np.asarray(exported.call(X), float))


def test_debug_prints_are_not_repeated(capsys):
    replayed(lambda x: jax.debug.print("seen {}", x[0, 0]) or x, X)
    jax.effects_barrier()
    assert "seen" not in capsys.readouterr().out


def test_integers_keep_their_width():
    traced = jaxprs.trace(lambda leaves: (leaves[0] * 3).astype(jnp.int32) * 2**30, [X])
    with jax.enable_x64(True):
        leaves = [jnp.asarray(X, np.float64)]
        (out,) = jaxprs.DOUBLE.evaluate(traced.program, traced.constants, leaves, leaves)
    assert out.dtype == np.int32


def test_the_configuration_is_left_alone():
    replayed(jnp.sin, X)
    assert not jax.config.jax_enable_x64
    assert jnp.ones(1).dtype == np.float32


def lanes(f, base, moved):
    traced = jaxprs.trace(lambda leaves: f(leaves[0]), [base])
    with jax.enable_x64(True):
        (out,) = jaxprs.DOUBLE.evaluate(
            traced.program,
            traced.constants,
            [jnp.asarray(base, np.float64)],
            [jnp.asarray(moved, np.float64)],
        )
    return float(out)


HELD = {
    "plain": lambda x: x * lax.stop_gradient(x),
    "in jit": lambda x: x * jax.jit(lax.stop_gradient)(x),
    "in scan": lambda x: lax.scan(lambda c, _: (c * lax.stop_gradient(x), None), x, None, length=1)[
        0
    ],
    "carried by scan": lambda x: lax.scan(
        lambda c, _: ((c[0] * lax.stop_gradient(c[1]), c[1]), None), (x, x), None, length=1
    )[0][0],
    "in while": lambda x: lax.while_loop(
        lambda c: c[1] < 1, lambda c: (c[0] * lax.stop_gradient(x), c[1] + 1), (x, 0)
    )[0],
    "in cond": lambda x: lax.cond(x > 0, lambda y: y * lax.stop_gradient(y), lambda y: y, x),
}


@pytest.mark.parametrize("name", HELD)
def test_stop_gradient_gives_the_bases_value(name):
    assert lanes(HELD[name], np.float32(2.0), np.float32(5.0)) == 10.0


def test_a_branch_is_chosen_by_the_moved_point_and_what_is_held_by_the_base():
    def f(x):
        return lax.cond(x > 3, lambda y: 10 * y * lax.stop_gradient(y), lambda y: y, x)

    assert lanes(f, np.float32(2.0), np.float32(5.0)) == 100.0
    assert lanes(f, np.float32(5.0), np.float32(2.0)) == 2.0


def test_each_lane_of_a_loop_runs_as_often_as_it_would_alone():
    def f(x):
        held = lax.stop_gradient(x)
        return lax.while_loop(lambda c: c < 20, lambda c: 2 * c, x) + 0 * held

    assert lanes(f, np.float32(1.0), np.float32(5.0)) == 20.0
    assert lanes(f, np.float32(15.0), np.float32(3.0)) == 24.0


def test_what_has_no_rule_for_vmap_is_evaluated_point_by_point(x64):
    x, groups = jnp.arange(6.0).reshape(3, 2), jnp.array([1, 2])

    def function(leaves):
        return jax.lax.ragged_dot(x, leaves[0], groups)

    weights = jnp.arange(12.0).reshape(2, 2, 3)
    report = purenet.compare_grads(lambda w: jnp.sum(function([w]) ** 2), weights)
    assert report.ok
    assert report.compared == weights.size + report.directions
