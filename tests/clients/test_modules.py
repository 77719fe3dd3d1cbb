"""Objects of libraries as they are: what is no parameter is held constant, and is named."""

import importlib

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from purenet import audit, check_grads, compare_grads, fd

X = jnp.linspace(-1.0, 1.0, 15).reshape(5, 3)


def equinox_mlp():
    eqx = pytest.importorskip("equinox")
    mlp = eqx.nn.MLP(3, 2, 4, 1, key=jax.random.key(0))
    return lambda m, x: jnp.mean(jax.vmap(m)(x) ** 2), mlp, "m.activation"


def nnx_with_state():
    pytest.importorskip("flax")
    nnx = importlib.import_module("flax.nnx")

    class Net(nnx.Module):
        def __init__(self, rngs):
            self.first, self.norm = nnx.Linear(3, 4, rngs=rngs), nnx.BatchNorm(4, rngs=rngs)
            self.last = nnx.Linear(4, 2, rngs=rngs)

        def __call__(self, x):
            return self.last(jnp.tanh(self.norm(self.first(x), use_running_average=True)))

    net = Net(nnx.Rngs(0))
    return lambda net, x: jnp.mean(net(x) ** 2), net, "net.norm.mean.value"


def dictionary_of_functions():
    params = {"activation": jnp.tanh, "power": 2, "w": jnp.full((3, 2), 0.3)}
    loss = lambda p, x: jnp.mean(p["activation"](x @ p["w"]) ** p["power"])  # noqa: E731
    return loss, params, "p['activation'], p['power']"


MODULES = [
    equinox_mlp,
    pytest.param(nnx_with_state, marks=pytest.mark.full),
    dictionary_of_functions,
]


@pytest.mark.parametrize("made", MODULES)
def test_a_module_is_checked_as_it_is(made):
    loss, module, held = made()
    report = check_grads(loss, module, X)
    [note] = report.notes
    said = "held constant, since the module's library does not differentiate them: "
    assert note.startswith(said + held)
    assert audit(loss, module, X).ok


@pytest.mark.parametrize("made", MODULES)
def test_a_mistake_in_a_module_is_found(made):
    loss, module, _ = made()
    wrong = jax.tree.map(lambda g: 1.01 * g, fd.grad(loss)(module, X))
    assert compare_grads(loss, module, X, gradient=wrong).verdict == "disagrees"


def test_a_gradient_in_a_tree_of_another_kind_is_read_by_its_names():
    nnx = pytest.importorskip("flax.nnx")
    loss, module, _ = nnx_with_state()
    assert check_grads(loss, module, X, gradient=nnx.grad(loss)).ok
    wrong = jax.tree.map(lambda g: 1.01 * g, nnx.grad(loss)(module, X))
    assert compare_grads(loss, module, X, gradient=wrong).verdict == "disagrees"
    del wrong["last"]
    with pytest.raises(TypeError, match=r"got a derivative of structure .*; wanted that of"):
        compare_grads(loss, module, X, gradient=wrong)


def test_the_gradient_is_that_of_filter_grad():
    loss, mlp, _ = equinox_mlp()
    wanted = importlib.import_module("equinox").filter_grad(loss)(mlp, X)
    found = fd.grad(loss)(mlp, X)
    assert jax.tree.structure(found) == jax.tree.structure(wanted)
    for mine, its in zip(jax.tree.leaves(found), jax.tree.leaves(wanted), strict=True):
        np.testing.assert_allclose(mine, its, rtol=1e-5, atol=1e-8)


def test_whole_numbers_without_a_module_are_still_refused():
    with pytest.raises(TypeError, match=r"got p\['n'\] of dtype int32"):
        check_grads(lambda p: p["w"] * p["n"], {"w": 1.0, "n": 2})
