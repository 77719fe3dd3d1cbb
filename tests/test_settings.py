"""Every public function under the settings, and in the surroundings, in which jax.grad works."""

import os
import subprocess
import sys
from functools import partial
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import purenet
from purenet import fd

PARAMS = {"W": jnp.linspace(0.1, 0.6, 6).reshape(3, 2), "b": jnp.array([0.1, 0.2])}
X = jnp.linspace(-1.0, 1.0, 15).reshape(5, 3)


def loss(params, x):
    return jnp.mean(jnp.tanh(x @ params["W"] + params["b"][None]) ** 2)


def with_64_bits_inside(params, x):
    with jax.enable_x64(True):
        cubes = jnp.sum(params["W"].astype(jnp.float64) ** 3)
    return loss(params, x) + cubes.astype(jnp.float32)


def with_finite_differences_inside(params, x, grad=fd.grad):
    return loss(params, x) + jnp.sum(grad(loss)(params, x)["b"] ** 2)


SETTINGS = {
    "strict promotion of dtypes": lambda: jax.numpy_dtype_promotion("strict"),
    "no promotion of ranks": lambda: jax.numpy_rank_promotion("raise"),
    "nothing jitted": lambda: jax.disable_jit(True),
    "no transfers": lambda: jax.transfer_guard("disallow"),
    "64 bits": lambda: jax.enable_x64(True),
}
FUNCTIONS = {
    "grad": lambda loss: fd.grad(loss)(PARAMS, X),
    "estimate": lambda loss: fd.estimate(loss)(PARAMS, X).value,
    "jacobian": lambda loss: fd.jacobian(loss)(PARAMS, X),
    "value_and_grad": lambda loss: fd.value_and_grad(loss)(PARAMS, X)[1],
}
CHECKS = {
    "compare_grads": lambda loss: purenet.compare_grads(loss, PARAMS, X).verdict == "agrees",
    "check_grads": lambda loss: purenet.check_grads(loss, PARAMS, X).ok,
    "audit": lambda loss: purenet.audit(loss, PARAMS, X).ok,
    "assert_pure": lambda loss: purenet.assert_pure(loss, PARAMS, X).ok,
    "jvp": lambda loss: bool(jnp.isfinite(fd.jvp(lambda p: loss(p, X), (PARAMS,), (PARAMS,))[1])),
    "hessian": lambda loss: jax.tree.all(
        jax.tree.map(lambda a: np.isfinite(a).all(), fd.hessian(loss)(PARAMS, X))
    ),
}


@pytest.mark.parametrize("setting", SETTINGS)
def test_a_setting(setting):
    wanted = jax.grad(loss)(PARAMS, X)
    with SETTINGS[setting]():
        found = {name: function(loss) for name, function in FUNCTIONS.items()}
        checks = {name: check(loss) for name, check in CHECKS.items()}
    for name, gradient in found.items():
        for path in wanted:
            np.testing.assert_allclose(gradient[path], wanted[path], rtol=1e-4, err_msg=name)
    assert all(checks.values()), checks


@pytest.mark.parametrize("loss", [
    with_64_bits_inside,
    pytest.param(with_finite_differences_inside, marks=pytest.mark.full),
])  # fmt: skip
@pytest.mark.filterwarnings("ignore:Explicitly requested dtype float64")  # by jax.grad itself
def test_what_a_loss_does_inside(loss):
    exact = partial(loss, grad=jax.grad) if loss is with_finite_differences_inside else loss
    wanted = jax.grad(exact)(PARAMS, X)
    for name, function in FUNCTIONS.items():
        found = function(loss)
        for path in wanted:
            np.testing.assert_allclose(found[path], wanted[path], rtol=1e-4, err_msg=name)
    checks = {name: check(loss) for name, check in CHECKS.items()}
    assert all(checks.values()), checks


@pytest.mark.parametrize("setting", SETTINGS)
def test_a_wrong_gradient_under_a_setting(setting):
    wrong = jax.tree.map(lambda g: 1.01 * g, jax.grad(loss)(PARAMS, X))
    with SETTINGS[setting]():
        assert purenet.compare_grads(loss, PARAMS, X, gradient=wrong).verdict == "disagrees"


SHARDED = """
import jax, jax.numpy as jnp, numpy as np
from jax.sharding import NamedSharding, PartitionSpec
import purenet
from purenet import fd
from tests.test_settings import PARAMS, X, loss

mesh = jax.make_mesh((2,), ("model",))
def put(x, *axes):
    return jax.device_put(x, NamedSharding(mesh, PartitionSpec(*axes)))
columns = {"W": put(PARAMS["W"], None, "model"), "b": put(PARAMS["b"], "model")}
with jax.set_mesh(mesh):
    wanted = jax.grad(loss)(columns, put(X))
    found = fd.grad(loss)(columns, put(X))
    for path in wanted:
        np.testing.assert_allclose(np.asarray(found[path]), np.asarray(wanted[path]), rtol=1e-4)
    assert purenet.check_grads(loss, columns, put(X)).ok
    assert purenet.audit(loss, columns, put(X)).ok
    wrong = jax.tree.map(lambda g: 1.01 * np.asarray(g), wanted)
    assert not purenet.compare_grads(loss, columns, put(X), gradient=wrong).ok
    captured, rows = put(X[:4], "model"), PartitionSpec("model")
    def of_captured(params):
        return loss(params, captured)
    def over_shards(params):
        of_a_part = lambda p, x: jax.lax.pmean(loss(p, x), "model")
        whole = PartitionSpec()
        return jax.shard_map(of_a_part, in_specs=(whole, rows), out_specs=whole)(params, captured)
    for function, error in ((of_captured, 1e-7), (over_shards, 1e-4)):  # in float64, in float32
        wanted, found = jax.grad(function)(PARAMS), fd.grad(function)(PARAMS)
        for path in wanted:
            np.testing.assert_allclose(found[path], np.asarray(wanted[path]), atol=error)
        assert purenet.check_grads(function, PARAMS).ok
        assert purenet.audit(function, PARAMS).ok
print("right")
"""


@pytest.mark.full
def test_parameters_sharded_over_an_explicit_mesh_axis():
    flags = "--xla_force_host_platform_device_count=2"
    run = subprocess.run(
        [sys.executable, "-c", SHARDED],
        env={**os.environ, "XLA_FLAGS": flags}, cwd=Path(__file__).parents[1],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert run.stdout.strip() == "right", run.stderr
