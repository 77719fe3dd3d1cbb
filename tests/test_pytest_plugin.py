"""The pytest plugin, as a suite of its own runs it."""

import pytest

pytest_plugins = ["pytester"]

SUITE = """
import pytest

def wrong():
    import jax, jax.numpy as jnp
    f = jax.custom_vjp(lambda w: jnp.sum(w**2))
    f.defvjp(lambda w: (jnp.sum(w**2), w), lambda w, g: (2.1 * w * g,))
    return f

def test_right(check_grads):
    import jax.numpy as jnp
    assert check_grads(lambda w: jnp.sum(w**3), jnp.ones(3)).ok

@pytest.mark.check_grads(modes=("rev",))
def test_marked(check_grads):
    import jax.numpy as jnp
    report = check_grads(lambda w: jnp.sum(w**3), jnp.ones(3))
    assert [leaf.mode for leaf in report.leaves] == ["rev"]

def test_wrong(check_grads):
    import jax.numpy as jnp
    check_grads(wrong(), jnp.ones(3))
"""


@pytest.fixture
def suite(pytester):
    pytester.makepyfile(SUITE)
    return pytester


def test_the_fixture_the_marker_and_the_summary(suite):
    result = suite.runpytest_subprocess("--strict-markers")
    result.assert_outcomes(passed=2, failed=1)
    result.stdout.fnmatch_lines(
        [
            "*GradientMismatch: <lambda>: jax disagrees at 3 of 3 derivatives",
            "gradients: 3 checked, 19 derivatives compared: 2 right, 1 wrong, 0 undecided; worst * "
            "bounds apart at w[[]*test_wrong*",
        ]
    )


EXPECTED = (
    SUITE
    + """
from purenet import GradientMismatch

@pytest.mark.xfail(strict=True)
def test_known_to_be_wrong(check_grads):
    import jax.numpy as jnp
    check_grads(wrong(), jnp.ones(3))

def test_wrong_is_wanted(check_grads):
    import jax.numpy as jnp
    with pytest.raises(GradientMismatch):
        check_grads(wrong(), jnp.ones(3))
"""
)


@pytest.mark.full
def test_what_a_test_expects_to_be_refused_counts_as_that(pytester):
    pytester.makepyfile(EXPECTED)
    result = pytester.runpytest_subprocess()
    result.assert_outcomes(passed=3, failed=1, xfailed=1)
    result.stdout.fnmatch_lines(
        ["gradients: 5 checked, *: 2 right, 1 wrong, 0 undecided, 2 refused as expected; worst *"]
    )


REFUSED = """
import jax.numpy as jnp
import pytest
from purenet import fd

def test_option(check_grads):
    check_grads(jnp.sum, jnp.ones(3), bugdet=1.0)

def test_argument():
    fd.grad(jnp.sum)(jnp.arange(3))

def test_output():
    fd.grad(lambda w: None)(jnp.ones(3))

@pytest.mark.check_grads(1.0)
def test_marker(check_grads):
    pass
"""


def test_a_refusal_shows_the_line_that_called(pytester):
    pytester.makepyfile(REFUSED)
    result = pytester.runpytest_subprocess("-p", "no:randomly")
    result.assert_outcomes(failed=3, errors=1)
    result.stdout.fnmatch_lines_random(
        [
            ">       check_grads(jnp.sum, jnp.ones(3), bugdet=1.0)",
            "E       TypeError: got the unknown option 'bugdet'; wanted one of *",
            ">       fd.grad(jnp.sum)(jnp.arange(3))",
            "E       TypeError: got a of dtype int32; wanted a floating-point dtype, *",
            "E       TypeError: got a function that returns None; wanted *; return the loss",
            "got @pytest.mark.check_grads with 1.0; wanted options of purenet.check_grads by *",
        ]
    )
    result.stdout.no_fnmatch_line("*purenet/*.py:*")
    result.stdout.no_fnmatch_line("*raise TypeError(*")


@pytest.mark.full
def test_a_refusal_shows_every_line_where_that_is_asked_for(pytester):
    pytester.makepyfile(REFUSED)
    result = pytester.runpytest_subprocess("--full-trace")
    result.stdout.fnmatch_lines_random(["*purenet/check/compare.py:*", "*purenet/trees.py:*"])


@pytest.mark.full
def test_the_reports_of_a_run_in_one_file(suite):
    result = suite.runpytest_subprocess("--gradient-report=report.html")
    result.stdout.fnmatch_lines(["gradient report: report.html"])
    document = (suite.path / "report.html").read_text()
    assert document.count("<section") == 3
    assert document.index("test_wrong") < document.index("test_right")
    assert document.count("<style>") == 1


def test_a_file_that_cannot_be_written_is_refused_before_the_run(suite):
    result = suite.runpytest_subprocess("--gradient-report=nowhere/report.html")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(["*got --gradient-report=nowhere/report.html*wanted a file*"])


@pytest.mark.full
def test_a_full_disk_is_one_line_and_leaves_the_old_report(suite):
    (suite.path / "report.html").write_text("old")
    suite.makeconftest(
        "import os, pytest\n"
        "@pytest.hookimpl(tryfirst=True)\n"
        "def pytest_terminal_summary():\n"
        "    def full(handle):\n"
        "        raise OSError(28, 'No space left on device')\n"
        "    os.fsync = full\n"
    )
    result = suite.runpytest_subprocess("--gradient-report=report.html")
    result.stdout.fnmatch_lines(
        ["gradient report: got report.html, but writing it failed: No space left on device; *"]
    )
    result.assert_outcomes(passed=2, failed=1)
    assert (suite.path / "report.html").read_text() == "old"


@pytest.mark.full
def test_a_suite_that_does_not_use_it_never_imports_jax(pytester):
    pytester.makepyfile("import sys\ndef test_no_jax():\n    assert 'jax' not in sys.modules\n")
    result = pytester.runpytest_subprocess()
    result.assert_outcomes(passed=1)
    result.stdout.no_fnmatch_line("*gradients:*")
