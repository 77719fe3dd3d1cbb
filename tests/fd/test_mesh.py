"""The devices of a mesh, of several processes too, share the evaluations and agree."""

import json
import os
import re
import socket
import subprocess
import sys
import time

import numpy as np
import pytest

pytestmark = pytest.mark.full

PROGRAM = """
import json, sys
import jax

devices, processes, process, address, repeats, file = sys.argv[1:]
if int(processes) > 1:
    jax.config.update("jax_cpu_collectives_implementation", "gloo")
    jax.distributed.initialize(address, int(processes), int(process))
import numpy as np, purenet
from jax.sharding import AxisType
from purenet import fd
from tests.check.test_long import PARAMS, X, loss

assert len(jax.devices()) == int(devices) * int(processes)
print("begun", flush=True)
every = []
for kind in (AxisType.Auto, AxisType.Explicit):
    mesh = jax.make_mesh((len(jax.devices()),), ("x",), axis_types=(kind,))
    found = {}
    for strategy in ("dense", "incremental"):
        for _ in range(int(repeats)):
            gradient = fd.grad(loss, mesh=mesh, strategy=strategy)(PARAMS, X)
            report = purenet.compare_grads(loss, PARAMS, X, mesh=mesh, strategy=strategy)
        found[strategy] = {
            "gradient": [np.asarray(leaf).ravel().tolist() for leaf in gradient.values()],
            "verdict": report.verdict,
            "compared": report.compared,
            "differences": [leaf.values.by_differences.ravel().tolist() for leaf in report.leaves],
        }
    every.append(found)
with open(file, "w") as stream:
    json.dump(every, stream)
"""


def started(folder, devices=1, processes=1, repeats=1):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{free.getsockname()[1]}"
    flags = f"--xla_force_host_platform_device_count={devices}"
    return [
        subprocess.Popen(
            [
                sys.executable,
                "-c",
                PROGRAM,
                *list(map(str, (devices, processes, i, address, repeats, folder / f"{i}.json"))),
            ],
            env=os.environ | {"XLA_FLAGS": flags, "JAX_PLATFORMS": "cpu", "JAX_ENABLE_X64": "1"},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for i in range(processes)
    ]


def found(folder, **arguments):
    """What each process found on a mesh of automatic and on one of explicit axes."""
    runs = started(folder, **arguments)
    try:
        said = [run.communicate(timeout=300) for run in runs]
    finally:
        for run in runs:
            run.kill()
    assert [run.returncode for run in runs] == [0] * len(runs), said
    return [json.loads((folder / f"{i}.json").read_text()) for i in range(len(runs))]


@pytest.fixture(scope="module")
def alone(tmp_path_factory):
    return found(tmp_path_factory.mktemp("alone"))[0][0]


def assert_the_same(one, other):
    for strategy in ("dense", "incremental"):
        ours, theirs = one[strategy], other[strategy]
        assert (ours["verdict"], ours["compared"]) == ("agrees", theirs["compared"])
        for name in ("gradient", "differences"):
            for leaf, expected in zip(ours[name], theirs[name], strict=True):
                np.testing.assert_allclose(leaf, expected, rtol=0, atol=1e-9)


@pytest.mark.parametrize("devices", [2, 4])
def test_several_devices_find_what_one_finds(devices, alone, tmp_path):
    for of_mesh in found(tmp_path, devices=devices)[0]:
        assert_the_same(of_mesh, alone)


def test_two_processes_find_what_one_finds_and_both_have_it(alone, tmp_path):
    first, second = found(tmp_path, processes=2)
    assert first == second
    for of_mesh in first:
        assert_the_same(of_mesh, alone)


def test_where_one_process_dies_the_other_ends_with_an_error(tmp_path):
    dies, other = started(tmp_path, processes=2, repeats=10_000)
    try:
        for run in (dies, other):
            run.stdout.readline()
        time.sleep(5)
        dies.kill()
        dies.communicate()
        died = time.monotonic()
        _, said = other.communicate(timeout=60)
    finally:
        other.kill()
    assert other.returncode != 0
    # JAX's own words: a connection that its peer has closed or reset, or, older, that a task died
    assert re.search("onnection|another task died", said), said[-2000:]
    assert time.monotonic() - died < 60
