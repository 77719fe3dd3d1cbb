"""Losses of other people's libraries: nothing to find, wherever their packages lie."""

import os
import subprocess
import sys
import sysconfig
import venv
from pathlib import Path

import jax.numpy as jnp
import pytest

from purenet import audit
from tests.clients.losses import LOSSES, is_installed, x

ROOT = Path(__file__).parents[2]


@pytest.mark.full
@pytest.mark.parametrize("made", LOSSES, ids=lambda made: made.__name__)
def test_nothing_is_found(made):
    if not is_installed(made):
        pytest.skip("not installed")
    loss, args = made()
    report = audit(loss, *args)
    assert report.ok, str(report)


def test_statistics_that_a_module_keeps_in_itself_are_found():
    nnx = pytest.importorskip("flax.nnx")
    norm = nnx.BatchNorm(3, rngs=nnx.Rngs(0))
    (finding,) = audit(lambda norm: jnp.mean(norm(x) ** 3), norm).findings
    assert (finding.kind, finding.subjects) == ("mutates-argument", ("norm.mean", "norm.var"))
    norm.eval()
    assert audit(lambda norm: jnp.mean(norm(x) ** 3), norm).ok


@pytest.mark.full
def test_nothing_is_found_where_the_packages_lie_in_another_folder_than_the_interpreter_s(tmp_path):
    venv.create(tmp_path / "bare", with_pip=False, symlinks=True)
    python = tmp_path / "bare" / "bin" / Path(sys.executable).name
    path = os.pathsep.join([str(ROOT), sysconfig.get_path("purelib")])
    run = subprocess.run(
        [python, "-m", "tests.clients.losses"],
        env={**os.environ, "PYTHONPATH": path}, cwd=ROOT,
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    verdicts = [line.split()[1] for line in run.stdout.splitlines()]
    assert len(verdicts) == len(list(filter(is_installed, LOSSES)))
    assert set(verdicts) == {"ok"}
