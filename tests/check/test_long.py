"""Long checks: shown while they run, gone on with after they were killed, partial after Ctrl-C."""

import os
import signal
import subprocess
import sys
import time

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import purenet
from purenet import fd
from purenet.check import exhaustive
from purenet.fd import dense, watch
from purenet.fd.incremental import cones
from purenet.progress import Counted

PARAMS = {"W": np.linspace(-1, 1, 2400).reshape(60, 40), "b": np.linspace(0, 1, 40)}
X = np.cos(np.arange(3000.0)).reshape(50, 60)


def loss(params, x):
    return jnp.mean(jnp.tanh(x @ params["W"] + params["b"]) ** 2)


def numbers_of(report):
    """All that two reports of one check have in common."""
    found = report.to_dict()
    return {key: value for key, value in found.items() if key != "seconds"}


@pytest.fixture
def short_spans(monkeypatch):
    monkeypatch.setattr(watch, "SPAN", 1e-4)


@pytest.mark.parametrize("strategy", [pytest.param("dense", marks=pytest.mark.full), "incremental"])
def test_a_check_goes_on_from_its_folder_with_the_same_report(strategy, tmp_path, short_spans, x64):
    expected = purenet.check_grads(loss, PARAMS, X, strategy=strategy)
    folder = tmp_path / "check"
    first = purenet.check_grads(loss, PARAMS, X, strategy=strategy, checkpoint=folder)
    kept = sorted(folder.iterdir())
    assert len(kept) > 5
    for file in kept[::2]:  # as if it had been killed before
        file.unlink()
    again = purenet.check_grads(loss, PARAMS, X, strategy=strategy, checkpoint=folder)
    assert numbers_of(first) == numbers_of(again)
    assert sorted(folder.iterdir()) == kept
    for leaf, other in zip(expected.leaves, again.leaves, strict=True):
        np.testing.assert_array_equal(leaf.values.by_differences, other.values.by_differences)


def test_what_is_kept_of_another_loss_is_not_taken(tmp_path, x64):
    purenet.check_grads(loss, PARAMS, X, checkpoint=tmp_path)
    assert purenet.check_grads(lambda p, x: 2 * loss(p, x), PARAMS, X, checkpoint=tmp_path).ok
    assert purenet.check_grads(loss, PARAMS, X + 1, checkpoint=tmp_path).ok


def test_what_is_damaged_is_computed_anew(tmp_path, x64):
    first = purenet.check_grads(loss, PARAMS, X, checkpoint=tmp_path)
    for file in tmp_path.iterdir():
        file.write_bytes(file.read_bytes()[:100])
    assert numbers_of(purenet.check_grads(loss, PARAMS, X, checkpoint=tmp_path)) == numbers_of(
        first
    )


def test_a_file_is_no_folder(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(ValueError, match=r"got checkpoint='.*file', which is a file; wanted a fol"):
        purenet.check_grads(loss, PARAMS, X, checkpoint=tmp_path / "file")


def test_a_black_box_is_not_called_again_where_its_values_are_kept(tmp_path):
    calls = []

    def simulated(x):
        calls.append(x)
        return float(np.sum(np.sin(x)))

    x = np.arange(5.0)
    first = purenet.check_grads(simulated, x, gradient=np.cos, checkpoint=tmp_path)
    before = len(calls)
    again = purenet.check_grads(simulated, x, gradient=np.cos, checkpoint=tmp_path)
    assert len(calls) - before <= 4  # traced, and at the base point
    assert numbers_of(first) == numbers_of(again)


KILLED = """
import sys
import numpy as np
import purenet
from purenet.fd import watch
from tests.check.test_long import PARAMS, X, loss
watch.SPAN = 1e-4
print("begun", flush=True)
report = purenet.compare_grads(loss, PARAMS, X, strategy="dense", checkpoint=sys.argv[1])
print(report.to_json())
"""


@pytest.mark.full
def test_kill_9_at_random_moments(tmp_path):
    def started(folder):
        command = [sys.executable, "-c", KILLED, str(folder)]
        return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)

    def reported(process):
        text = process.communicate()[0].removeprefix("begun\n")
        return [line for line in text.splitlines() if '"seconds"' not in line]

    expected = reported(started(tmp_path / "whole"))
    folder, draws, kept = tmp_path / "killed", np.random.default_rng(0), []
    for _ in range(20):
        process = started(folder)
        process.stdout.readline()
        time.sleep(draws.uniform(0.0, 3.0))
        process.send_signal(signal.SIGKILL)
        process.communicate()
        kept.append(len(list(folder.glob("*.npz"))) if folder.exists() else 0)
    assert kept == sorted(kept)
    assert kept[-1] > 0
    assert reported(started(folder)) == expected


def test_ctrl_c_gives_what_was_compared_until_then(monkeypatch, x64):
    bounded = exhaustive.bounded

    def interrupted(evaluator, leaf, *rest):
        if leaf == 1:
            raise KeyboardInterrupt
        return bounded(evaluator, leaf, *rest)

    monkeypatch.setattr(exhaustive, "bounded", interrupted)
    report = purenet.compare_grads(loss, PARAMS, X)
    assert report.partial
    assert [leaf.verdict for leaf in report.leaves] == ["agrees", "interrupted"]
    assert str(report).startswith(
        "loss: undecided: interrupted when 1 of 2 parameters had been compared\n"
    )
    with pytest.raises(KeyboardInterrupt, match="1 of 2 parameters"):
        purenet.check_grads(loss, PARAMS, X)


def test_ctrl_c_before_anything_was_compared(monkeypatch, x64):
    def interrupted(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(exhaustive, "bounded", interrupted)
    report = purenet.compare_grads(loss, PARAMS, X)
    assert (report.partial, report.verdict, report.compared) == (True, "undecided", 0)


def test_progress_is_plain_lines_where_it_is_piped(capsys, monkeypatch):
    now = iter(np.arange(0.0, 100.0, 4.0))
    monkeypatch.setattr("purenet.progress.time.monotonic", lambda: next(now))
    shown = Counted()
    shown.expect("derivatives", 1_000, 10)
    for _ in range(5):
        shown.advance(2_000)
    shown.close()
    lines = capsys.readouterr().err.splitlines()
    assert lines[0] == "derivatives: 200 of 1,000, 50/s, about 16 s left"
    assert lines[1].startswith("derivatives: 800 of 1,000")
    assert len(lines) == 2  # the first after two seconds, then one in ten


def test_progress_is_off_in_pytest_unless_asked_for(capsys):
    purenet.check_grads(loss, PARAMS, X)
    assert capsys.readouterr().err == ""
    assert "PYTEST_CURRENT_TEST" in os.environ
    purenet.check_grads(loss, PARAMS, X, progress=True)  # done before there is anything to show


def test_the_devices_of_a_mesh_share_the_work():
    mesh = jax.make_mesh((1,), ("x",))
    assert purenet.check_grads(loss, PARAMS, X, mesh=mesh, strategy="dense").ok
    assert purenet.check_grads(loss, PARAMS, X, mesh=mesh, strategy="incremental").ok


def test_what_is_no_mesh_is_refused():
    with pytest.raises(
        TypeError, match=r"got a mesh of type list; wanted a jax.sharding.Mesh; pass"
    ):
        purenet.check_grads(loss, PARAMS, X, mesh=jax.devices())
    with pytest.raises(ValueError, match=r"got mesh for <lambda>, which is called as it is, in Py"):
        purenet.check_grads(
            lambda x: float(np.sum(x)), X, gradient=np.ones_like, mesh=jax.make_mesh((1,), ("x",))
        )


@pytest.mark.parametrize("strategy", ["dense", "incremental"])
def test_a_chunk_that_does_not_fit_is_taken_in_smaller_ones(strategy, monkeypatch, x64):
    expected = fd.grad(loss, strategy=strategy)(PARAMS, X)
    module = {"dense": dense, "incremental": cones}[strategy]
    make, refused = module.compiled, []

    def limited(*arguments):
        lanes = arguments[2] if strategy == "dense" else arguments[1].lanes
        if lanes > 8:
            refused.append(lanes)
            raise jax.errors.JaxRuntimeError("RESOURCE_EXHAUSTED: Out of memory allocating bytes")
        return make(*arguments)

    monkeypatch.setattr(module, "compiled", limited)
    found = fd.grad(loss, strategy=strategy)(PARAMS, X)
    assert refused
    for leaf, other in zip(found.values(), expected.values(), strict=True):
        np.testing.assert_allclose(leaf, other, rtol=0, atol=1e-9)
