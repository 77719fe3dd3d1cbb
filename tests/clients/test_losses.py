"""Losses as people write them: the right gradient passes, a mistake is found, nothing is audited.

One of each library runs always, the others, and all mistakes, in the full run.
"""

import os
import re
import subprocess
import sys
import sysconfig
import venv
from pathlib import Path

import jax
import jax.numpy as jnp
import pytest

from purenet import audit, compare_grads
from tests.clients.case import X
from tests.clients.losses import LIBRARIES, is_installed, makers

ROOT = Path(__file__).parents[2]

NEED_ORMQR = ("lineax.least_squares", "optimistix.least_squares")


def marked(name: str, seen: set[str]):
    """A loss's name: the first of each library as it is, the others marked full."""
    library = LIBRARIES[name.split(".")[0]]
    marks = [pytest.mark.full] if library in seen else []
    if not is_installed(name):
        marks.append(pytest.mark.skip(reason=f"{library} is not installed"))
    if name in NEED_ORMQR and not hasattr(jax.lax.linalg, "ormqr"):
        marks.append(pytest.mark.skip(reason="lineax's QR needs a newer JAX"))
    seen.add(library)
    return pytest.param(name, marks=marks)


# of the libraries themselves: JAXopt is no longer maintained, JAX MD and TFP name what JAX renames
WARNINGS = ("ignore::DeprecationWarning", "ignore:Explicitly requested dtype:UserWarning")
warned = pytest.mark.filterwarnings(*WARNINGS)
MAKERS, SEEN = makers(), set()
NAMES = [marked(name, SEEN) for name in MAKERS]


@warned
@pytest.mark.parametrize("name", NAMES)
def test_a_loss(name):
    case = MAKERS[name]()
    report = compare_grads(case.loss, *case.args, has_aux=case.has_aux)
    assert report.verdict == case.verdict, str(report)
    found = audit(case.loss, *case.args)
    assert found.ok, str(found)


@pytest.mark.full
@warned
@pytest.mark.parametrize("name", NAMES)
def test_its_mistake_is_found_where_it_is(name):
    case = MAKERS[name]()
    report = compare_grads(case.loss, *case.args, gradient=case.mistake, has_aux=case.has_aux)
    assert report.verdict == "disagrees", str(report)
    wrong = [leaf.path for leaf in report.leaves if not leaf.ok]
    assert wrong == [leaf.path for leaf in report.leaves if re.search(case.where, leaf.path)]


def test_statistics_that_a_module_keeps_in_itself_are_found():
    nnx = pytest.importorskip("flax.nnx")
    norm = nnx.BatchNorm(3, rngs=nnx.Rngs(0))
    (finding,) = audit(lambda norm: jnp.mean(norm(X) ** 3), norm).findings
    statistics = [subject.removesuffix(".raw_value") for subject in finding.subjects]  # older Flax
    assert (finding.kind, statistics) == ("mutates-argument", ["norm.mean", "norm.var"])
    norm.eval()
    assert audit(lambda norm: jnp.mean(norm(X) ** 3), norm).ok


@pytest.mark.full
def test_nothing_is_found_where_the_packages_lie_in_another_folder_than_the_interpreter_s(tmp_path):
    venv.create(tmp_path / "bare", with_pip=False, symlinks=True)
    python = tmp_path / "bare" / "bin" / Path(sys.executable).name
    path = os.pathsep.join([str(ROOT), sysconfig.get_path("purelib")])
    libraries = {name.split(".")[0]: name for name in reversed(MAKERS) if is_installed(name)}
    run = subprocess.run(
        [python, "-m", "tests.clients.losses", *libraries.values()],
        env={**os.environ, "PYTHONPATH": path}, cwd=ROOT,
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    verdicts = [line.split()[1] for line in run.stdout.splitlines()]
    assert len(verdicts) == len(libraries)
    assert set(verdicts) == {"ok"}
