"""Data parallel: four devices of one process, and two processes, take the steps of one device."""

import os
import socket
import subprocess
import sys

import numpy as np
import pytest

pytestmark = pytest.mark.full

PROGRAM = """
import sys
import jax

result, devices, processes, process, address, folder = sys.argv[1:]
if int(processes) > 1:
    jax.config.update("jax_cpu_collectives_implementation", "gloo")
    jax.distributed.initialize(address, int(processes), int(process))
import numpy as np, optax
from purenet import train
from tests.train.problem import KEY, MODEL, dropout_loss, params, rows

assert len(jax.devices()) == int(devices) * int(processes)
x, t = rows(44)
optimizer = optax.adam(0.02)
mesh = jax.make_mesh((len(jax.devices()),), ("batch",)) if len(jax.devices()) > 1 else None
options = dict(batch_size=8, mesh=mesh, validation=rows(10, seed=1),
               metrics={"accuracy": train.accuracy(MODEL)})
def fitted(epochs, **more):
    state = train.init(params(), optimizer, KEY)
    return train.fit(dropout_loss, optimizer, state, (x, t), epochs=epochs, **options, **more)

fit = fitted(6)
fitted(2, checkpoint=folder)
resumed = fitted(6, checkpoint=folder)
for ours, theirs in zip(fit.state.params.values(), resumed.state.params.values()):
    np.testing.assert_array_equal(np.asarray(ours), np.asarray(theirs))
np.testing.assert_array_equal(fit.history.loss, resumed.history.loss)

if mesh is not None:
    assert fit.state.params["W1"].sharding.is_fully_replicated
    assert len(fit.state.params["W1"].sharding.device_set) == len(jax.devices())
if int(processes) == 1:
    step = train.train_step(dropout_loss, optimizer, mesh=mesh)
    state = train.init(params(), optimizer, KEY)
    compiled = step.lower(state, x[:8], t[:8]).compile().as_text()
    assert ("all-reduce" in compiled) == (len(jax.devices()) in (2, 4))  # of 8 rows
    state, value = step(state, x[:8], t[:8])
    state, stepped = step(state, x[8:16], t[8:16])
else:
    stepped = 0.0
np.savez(f"{result}-{process}.npz", loss=fit.history.loss, step=fit.history.step,
         validation=fit.history.validation_loss, accuracy=fit.history.metrics["accuracy"],
         stepped=np.asarray(stepped), **fit.state.params)
"""


def environment(devices):
    flags = f"--xla_force_host_platform_device_count={devices}"
    return os.environ | {"XLA_FLAGS": flags, "JAX_PLATFORMS": "cpu"}


def trained(tmp_path, name, devices=1, processes=1):
    """The results of every process."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{free.getsockname()[1]}"
    arguments = [str(tmp_path / name), str(devices), str(processes)]
    folder = str(tmp_path / f"{name}-checkpoints")
    command = [sys.executable, "-c", PROGRAM, *arguments]
    runs = [
        subprocess.Popen(
            [*command, str(process), address, folder],
            env=environment(devices),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
        )
        for process in range(processes)
    ]
    try:
        errors = [run.communicate(timeout=300)[1] for run in runs]
    finally:
        for run in runs:
            run.kill()
    assert [run.returncode for run in runs] == [0] * processes, "\n".join(errors)
    return [np.load(tmp_path / f"{name}-{process}.npz") for process in range(processes)]


@pytest.fixture(scope="module")
def alone(tmp_path_factory):
    return trained(tmp_path_factory.mktemp("alone"), "one")[0]


def assert_same_to_rounding(one, other, names):
    assert sorted(one.files) == sorted(other.files)
    for name in names:
        np.testing.assert_allclose(one[name], other[name], rtol=2e-5, atol=2e-6)


def test_four_devices_take_the_steps_of_one(tmp_path, alone):
    """44 rows in batches of 8: the last of an epoch, of 4, is shared out too; validation is not."""
    four = trained(tmp_path, "four", devices=4)[0]
    assert alone["loss"].shape == (36,)
    assert_same_to_rounding(four, alone, alone.files)


def test_rows_that_three_devices_cannot_share_equally_are_trained_on_all(tmp_path, alone):
    three = trained(tmp_path, "three", devices=3)[0]
    assert_same_to_rounding(three, alone, alone.files)


def test_two_processes_take_the_steps_of_one(tmp_path, alone):
    both = trained(tmp_path, "two", processes=2)
    names = [name for name in alone.files if name != "stepped"]
    for one in both:
        assert_same_to_rounding(one, alone, names)
    for name in names:
        np.testing.assert_array_equal(both[0][name], both[1][name])
