"""The measure of accuracy: its corpus, its tools' counts, and promises that can fail."""

import jax
import mpmath
import numpy as np
import pytest

from comparisons.measures.accuracy import Accuracy
from comparisons.measures.accuracy.corpus import CORPUS, POINTS, Function
from comparisons.measures.accuracy.namespaces import in_jax, in_mpmath, in_numpy
from comparisons.measures.accuracy.table import Cell, Tables, complex_step_errors, measured
from comparisons.measures.accuracy.tools import ESTIMATE, TOOLS

SAMPLE = [f for f in CORPUS if f.name in {"exp", "erf", "sin 50x", "1/(x - 1)", "simple_net"}]


def test_the_corpus_is_large_and_of_every_kind():
    assert len(CORPUS) >= 60
    assert len({f.name for f in CORPUS}) == len(CORPUS)
    assert {f.family for f in CORPUS} == {
        "elementary",
        "special",
        "oscillating",
        "badly scaled",
        "near-singular",
        "vectors",
        "networks",
    }


@pytest.mark.full
@pytest.mark.parametrize("function", CORPUS, ids=lambda f: f.name)
def test_each_expression_is_one_function_in_all_libraries(function, x64):
    for x in function.points(np.float64)[:3]:
        with mpmath.workdps(40):
            exact = float(function.of(in_mpmath, mpmath.mpf(float(x))))
        assert float(function.of(in_numpy, x)) == pytest.approx(exact, rel=1e-12)
        assert float(function.of(in_jax, jax.numpy.asarray(x))) == pytest.approx(exact, rel=1e-12)


def test_points_are_the_same_each_time_and_of_their_dtype():
    for dtype in (np.float64, np.float32):
        points = SAMPLE[0].points(dtype)
        assert points.dtype == dtype
        assert points.shape == (POINTS,)
        np.testing.assert_array_equal(points, SAMPLE[0].points(dtype))


def test_derivatives_are_exact_at_the_float_itself():
    x = np.float32(0.1)
    exact = Function("exp", "", lambda m, x: m.exp(x), 0, 1).derivative(x)
    with mpmath.workdps(40):
        assert abs(exact - mpmath.exp(mpmath.mpf(float(x)))) < mpmath.mpf(10) ** -30


@pytest.fixture(scope="module")
def tables():
    cells, complex_errors = [], []
    for function in SAMPLE:
        with jax.enable_x64(True):
            cells += measured(function, np.float64, TOOLS)
            complex_errors += complex_step_errors(function, function.points(np.float64))
        with jax.enable_x64(False):
            cells += measured(function, np.float32, TOOLS)
    return Tables(cells), complex_errors


@pytest.mark.full
def test_estimate_is_right_to_ten_digits_and_its_bounds_hold(tables):
    tables, _ = tables
    assert tables.largest_error(ESTIMATE, np.float64) < 1e-10
    assert tables.largest_error(ESTIMATE, np.float32) < 1e-10
    assert np.all(tables.bound_ratios() >= 1)
    assert np.median(tables.bound_ratios()) < 100


@pytest.mark.full
def test_peers_are_counted_and_fail_where_they_are_known_to(tables):
    tables, _ = tables
    assert tables.evaluations("scipy approx_derivative") == 3
    assert tables.evaluations("numdifftools") > tables.evaluations(ESTIMATE)
    assert tables.largest_error("jax numerical_jvp", np.float64, "oscillating") > 1e-7
    assert tables.largest_error("scipy.differentiate", np.float64, "elementary") < 1e-10


@pytest.mark.full
def test_the_complex_step_is_right_to_fourteen_digits(tables):
    _, errors = tables
    assert len(errors) > 40
    assert max(errors) < 1e-14


@pytest.mark.full
def test_a_worse_estimate_breaks_its_promises(tables):
    tables, errors = tables
    worse = [
        cell._replace(errors=cell.errors + 1e-9) if cell.tool == ESTIMATE else cell
        for cell in tables.cells
    ]
    assert isinstance(worse[0], Cell)
    broken = [p for p in Accuracy(Tables(worse), [*errors, 1e-13]).promises if not p.holds]
    assert {p.sentence.split(":")[0] for p in broken} >= {
        "float64 input",
        "float32 input is no worse",
        "at least as exact as every peer at 95 % of the points",
        "the bound holds at 99.9 % of the points",
    }
    assert not Accuracy(Tables(worse), errors).holds


@pytest.mark.full
def test_the_record_is_whole(tables):
    accuracy = Accuracy(*tables)
    record = accuracy.record()
    assert len(record["cells"]) == 2 * len(SAMPLE) * len(TOOLS)
    assert {"sentence", "measured", "holds"} == set(record["promises"][0])
