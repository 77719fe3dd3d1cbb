"""fd.jacobian and fd.hessian: JAX's trees, for functions of any output."""

import chex
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from purenet import fd
from tests.sampling import sample

PARAMS = {"a": jnp.array([0.3, -0.7, 1.1]), "b": (jnp.array(0.5), jnp.ones((2, 2)))}


def scalar(p, x=1.0):
    return jnp.sum(jnp.sin(p["a"])) * p["b"][0] ** 3 * x + jnp.sum(p["b"][1] ** 2) * p["a"][0]


def vector(p, x=1.0):
    return {"y": jnp.outer(jnp.sin(p["a"]), p["b"][1][0]) * x, "z": p["b"][0] ** 2}


@pytest.mark.parametrize("f", sample([scalar, vector], every=2))
@pytest.mark.parametrize("argnums", [0, (0, 1)])
def test_jacobian_is_jaxs(f, argnums, x64):
    params = jax.tree.map(lambda x: x.astype(float), PARAMS)
    ours = fd.jacobian(f, argnums)(params, 1.5)
    theirs = jax.jacobian(f, argnums)(params, 1.5)
    chex.assert_trees_all_equal_shapes_and_dtypes(ours, theirs)
    chex.assert_trees_all_close(ours, theirs, atol=1e-9)


@pytest.mark.parametrize("f", sample([vector, scalar], every=2))
@pytest.mark.parametrize("argnums", [0, pytest.param((0, 1), marks=pytest.mark.full)])
def test_hessian_is_jaxs(f, argnums, x64):
    params = jax.tree.map(lambda x: x.astype(float), PARAMS)
    ours = fd.hessian(f, argnums, order=6)(params, 1.5)
    theirs = jax.jit(jax.hessian(f, argnums))(params, 1.5)
    chex.assert_trees_all_equal_shapes_and_dtypes(ours, theirs)
    chex.assert_trees_all_close(ours, theirs, atol=1e-8)


def test_float32_comes_back_as_float32():
    x = jnp.array([0.5, -1.0])
    ours, theirs = (of(lambda x: jnp.sum(jnp.sin(x) ** 2))(x) for of in (fd.hessian, jax.hessian))
    chex.assert_trees_all_equal_shapes_and_dtypes(ours, theirs)
    chex.assert_trees_all_close(ours, theirs, atol=1e-5)


def test_a_hessian_of_several_dtypes_has_those_of_jaxs():
    def loss(p):
        return jnp.sum(p["half"].astype(jnp.float32) * p["single"]) ** 2

    p = {"half": jnp.ones(2, jnp.float16), "single": jnp.ones(2)}
    chex.assert_trees_all_equal_shapes_and_dtypes(fd.hessian(loss)(p), jax.hessian(loss)(p))
    tiny = fd.hessian(loss)({"half": jnp.ones(2, jnp.float8_e5m2), "single": jnp.ones(2)})
    assert tiny["half"]["single"].dtype == jnp.float8_e5m2  # which JAX refuses to mix


def test_outputs_without_an_element():
    p = [jnp.zeros((0,)), jnp.zeros(3)]
    for ours, theirs in ((fd.jacobian, jax.jacobian), (fd.hessian, jax.hessian)):
        found, wanted = (of(lambda p: jax.tree.map(jnp.sin, p))(p) for of in (ours, theirs))
        chex.assert_trees_all_equal_shapes_and_dtypes(found, wanted)


def test_aux_is_passed_through():
    def f(x):
        return x**2, "aux"

    jacobian, aux = fd.jacobian(f, has_aux=True)(jnp.array([1.0, 2.0]))
    assert aux == "aux"
    np.testing.assert_allclose(jacobian, [[2, 0], [0, 4]], atol=1e-6)
    hessian, aux = fd.hessian(lambda x: (jnp.sum(x**3), "aux"), has_aux=True)(jnp.array([1.0, 2.0]))
    assert aux == "aux"
    np.testing.assert_allclose(hessian, [[6, 0], [0, 12]], atol=1e-5)


def test_holomorphic_functions(x64):
    z = jnp.array([1.0 + 2.0j, -0.5j])
    ours = fd.jacobian(lambda z: z**3, holomorphic=True)(z)
    np.testing.assert_allclose(ours, jax.jacobian(lambda z: z**3, holomorphic=True)(z), atol=1e-7)
    ours = fd.hessian(lambda z: jnp.sum(z**3), holomorphic=True, order=6)(z)
    np.testing.assert_allclose(ours, np.diag(6 * np.asarray(z)), atol=1e-7)


def test_empty_leaves():
    assert fd.hessian(lambda x: jnp.sum(x**2))(jnp.ones((0,))).shape == (0, 0)
    assert fd.jacobian(jnp.sin)(jnp.ones((0, 2))).shape == (0, 2, 0, 2)


def test_jit_and_vmap():
    x = jnp.array([[0.1, 0.2], [0.3, 0.4]])
    ours = jax.jit(jax.vmap(fd.jacobian(jnp.sin)))(x)
    np.testing.assert_allclose(ours, jax.vmap(jax.jacobian(jnp.sin))(x), atol=1e-6)
    np.testing.assert_allclose(jax.jit(fd.hessian(jnp.sin))(0.3), -np.sin(0.3), atol=1e-5)


def test_integer_leaves():
    ours = fd.jacobian(lambda p: p["x"] * p["n"], allow_int=True)({"x": jnp.ones(2), "n": 3})
    assert ours["n"].dtype == jax.dtypes.float0
    np.testing.assert_allclose(ours["x"], 3 * np.eye(2), rtol=1e-6)
    with pytest.raises(TypeError, match=r"got p\['n'\] of dtype int32"):
        fd.hessian(lambda p: p["x"] * p["n"])({"x": 1.0, "n": 3})
