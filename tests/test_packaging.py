"""The package as users get it: built, installed beside nothing but what it needs, and tried."""

import os
import subprocess
import venv
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
pytestmark = pytest.mark.full

PROGRAM = """
import sys
import jax.numpy as jnp
import purenet
from purenet import data, fd, nn, train

assert "site-packages" in purenet.__file__
assert purenet.__version__

def loss(w):
    return jnp.sum(jnp.sin(w) ** 2)

w = jnp.array([0.1, 0.2])
report = purenet.check_grads(loss, w)
print(report), report.__rich__(), report._repr_html_()
assert not purenet.audit(lambda p: loss(w), w).ok
for call in (data.digits, report.plot):
    try:
        call()
    except ModuleNotFoundError as error:
        assert "wanted it installed; run pip install 'purenet[compare]'" in str(error)
assert not {"optax", "sklearn", "matplotlib", "orbax", "torch"} & set(sys.modules)
"""
SUITE = """
import sys

def test_of_nothing():
    assert "jax" not in sys.modules

def test_of_a_gradient(check_grads):
    import jax.numpy as jnp
    assert check_grads(jnp.sin, 0.3).ok
"""


def run(*command, **options):
    # PYTHONPATH would put this tree before what is installed
    environment = {k: v for k, v in os.environ.items() if not k.startswith("PYTHON")}
    done = subprocess.run(
        list(map(str, command)), env=environment, capture_output=True, text=True, check=False,
        **options,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
    return done.stdout


@pytest.fixture(scope="module")
def dist(tmp_path_factory):
    """The folder with the source distribution, and the wheel that is built from it."""
    folder = tmp_path_factory.mktemp("built")
    venv.create(folder / "tools", with_pip=True)
    python = folder / "tools" / "bin" / "python"
    run(python, "-m", "pip", "install", "--quiet", "build")
    run(python, "-m", "build", ROOT, "--outdir", folder / "dist")
    return folder / "dist"


@pytest.fixture(scope="module")
def python(dist, tmp_path_factory):
    """An interpreter with the wheel and pytest, and no extra."""
    folder = tmp_path_factory.mktemp("fresh")
    venv.create(folder, with_pip=True)
    (wheel,) = dist.glob("*.whl")
    run(folder / "bin" / "python", "-m", "pip", "install", "--quiet", wheel, "pytest")
    return folder / "bin" / "python"


def test_the_wheel_holds_the_package_alone_and_its_types(dist):
    (wheel,) = dist.glob("*.whl")
    names = zipfile.ZipFile(wheel).namelist()
    assert "purenet/py.typed" in names
    assert {name.split("/")[0].split("-")[0] for name in names} == {"purenet"}
    sources = {str(path.relative_to(ROOT)) for path in ROOT.glob("purenet/**/*.py")}
    assert sources == {name for name in names if name.endswith(".py")}


def test_it_works_without_extras(python, tmp_path):
    assert "agrees at all 2 derivatives" in run(python, "-c", PROGRAM, cwd=tmp_path)


def test_the_plugin_is_there_and_in_nobodys_way(python, tmp_path):
    (tmp_path / "test_suite.py").write_text(SUITE)
    output = run(python, "-W", "error", "-m", "pytest", "-W", "error", cwd=tmp_path)
    assert "purenet-" in output
    assert "2 passed" in output
    assert "gradients: 1 checked" in output
    (tmp_path / "test_suite.py").write_text("def test_of_nothing():\n    pass\n")
    assert "gradients:" not in run(python, "-m", "pytest", cwd=tmp_path)
