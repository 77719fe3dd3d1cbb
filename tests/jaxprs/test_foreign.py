"""Primitives that are not JAX's own run as they are, in their dtypes, and are still differenced."""

import jax
import jax.extend.core.primitives
import jax.numpy as jnp
import numpy as np
import pytest
from jax import lax
from jax.extend.core import Primitive
from jax.interpreters import ad, mlir

from purenet import compare_grads, fd, jaxprs
from purenet.jaxprs.foreign import implementation, is_foreign, unchecked_branch

W = jnp.linspace(0.1, 1.0, 4)


def square(factor: float, *, opaque: bool) -> Primitive:
    """A primitive x**2 with a derivative rule wrong by a factor; its opaque form insists on f32."""
    primitive = Primitive("square_of_a_library")

    def compiled(x):
        assert x.dtype == np.float32, x.dtype
        return x * x

    primitive.def_impl(lambda x: jnp.asarray(np.asarray(x) ** 2 if opaque else x * x))
    primitive.def_abstract_eval(lambda x: jax.core.ShapedArray(x.shape, x.dtype))
    mlir.register_lowering(primitive, mlir.lower_fun(compiled, multiple_results=False))
    ad.defjvp(primitive, lambda tangent, x: factor * 2 * x * tangent)
    return primitive


def loss_of(primitive):
    return lambda w: jnp.sum(jnp.sin(primitive.bind(w)))


@pytest.mark.parametrize("opaque", [True, False])
@pytest.mark.parametrize(("factor", "verdict"), [(1.0, "agrees"), (1.01, "disagrees")])
def test_a_primitive_without_a_batching_rule_is_proved_or_refuted(opaque, factor, verdict):
    assert compare_grads(loss_of(square(factor, opaque=opaque)), W).verdict == verdict


def test_one_whose_implementation_jax_traces_is_differenced_in_float64():
    found = fd.estimate(loss_of(square(1.0, opaque=False)))(W)
    assert float(jnp.max(found.error)) < 1e-10


def test_one_that_wants_numbers_has_no_program():
    for opaque in (True, False):
        [equation] = jax.make_jaxpr(square(1.0, opaque=opaque).bind)(W).jaxpr.eqns
        assert is_foreign(equation.primitive)
        assert (implementation(equation) is None) == opaque


def test_the_primitives_of_jax_are_its_own():
    def f(x):
        return jnp.linalg.slogdet(jnp.fft.fft(x).real @ lax.cond(x[0, 0] > 0, jnp.sin, jnp.cos, x))

    names = jaxprs.primitive_names(jax.make_jaxpr(f)(jnp.eye(3)).jaxpr)
    known = {p.name: p for p in vars(jax.extend.core.primitives).values() if hasattr(p, "bind")}
    assert len(names & set(known)) > 8
    assert not [name for name in known if is_foreign(known[name])]


def test_a_check_by_a_callback_is_passed_by():
    def fails(_):
        raise ValueError("negative")

    def checked(x):
        result = jax.ShapeDtypeStruct(x.shape, x.dtype)
        raises = lambda x: jax.pure_callback(fails, result, np.int32(0))  # noqa: E731
        return lax.cond(jnp.any(x < 0), raises, lambda x: x, x)

    def loss(w):
        return jnp.sum(checked(w) ** 2)

    traced = jaxprs.trace(lambda leaves: loss(*leaves), [W])
    assert not traced.program.calls_back
    np.testing.assert_allclose(fd.grad(loss)(W), 2 * W, rtol=1e-6)
    with pytest.raises(ValueError, match="got a function that is nan at the base point"):
        fd.grad(loss)(-W)


def test_a_callback_that_computes_is_no_check():
    def table(x):
        result = jax.ShapeDtypeStruct(x.shape, x.dtype)
        return jax.pure_callback(lambda x: 2 * np.asarray(x), result, x)

    jaxpr = jax.make_jaxpr(lambda x: lax.cond(x > 0, table, lambda x: x, x))(1.0).jaxpr
    assert [unchecked_branch(equation) for equation in jaxpr.eqns] == [None] * len(jaxpr.eqns)


def test_a_linear_solve_of_lineax_goes_around_its_factors_and_holds_what_the_user_holds():
    lineax = pytest.importorskip("lineax")

    def solved(A, b):
        return jnp.sum(lineax.linear_solve(lineax.MatrixLinearOperator(A), b).value ** 2)

    A, b = jnp.array([[2.0, 0.3], [0.1, 1.5]]), jnp.array([1.0, -0.5])
    assert compare_grads(solved, A, b, argnums=(0, 1)).ok
    held = fd.grad(lambda A, b: solved(lax.stop_gradient(A), b), argnums=(0, 1))(A, b)
    np.testing.assert_array_equal(held[0], jnp.zeros((2, 2)))
    np.testing.assert_allclose(held[1], jax.grad(solved, argnums=1)(A, b), rtol=1e-5)
