"""A fast oscillation, told from noise, from curvature and from terms that round and cancel."""

import numpy as np
import pytest

from tests.fd.test_irregular import examined


@pytest.mark.parametrize(
    ("f", "x", "exact"),
    [
        (np.sin, 1e10, np.cos(1e10)),
        (lambda x: x + 1e-3 * np.sin(1e10 * x), 1.0, 1 + 1e7 * np.cos(1e10)),
        (lambda x: 1 + 1e-8 * np.sin(1e9 * x), 0.7, 10 * np.cos(7e8)),
    ],
    ids=["alone", "on a slope", "of few digits"],
)
def test_an_oscillation_is_not_taken_for_noise(f, x, exact):
    _, now, found = examined(f, x, 2.0 ** np.round(np.log2(x)))
    assert found == []
    assert float(now.best.value[0, 0]) == pytest.approx(exact, rel=1e-4)


@pytest.mark.parametrize("x", [1e12, 1e13, 1e14])
def test_one_that_takes_all_digits_is_undecided_rather_than_flat(x):
    _, _, (found,) = examined(np.sin, x, 2.0 ** np.round(np.log2(x)))
    assert found.kind == "unsettled"


def test_what_curves_is_no_oscillation():
    _, now, found = examined(np.square, 0.0)
    assert found == []
    assert now.agrees.all()


def test_a_sawtooth_is_no_oscillation():
    # between two jumps of the cosine the slope is that of 1 / x^2, -1000; the derivative is -8.3e-5
    _, now, _ = examined(lambda x: (1 - np.cos(x)) / x**2, 1e-3, 2.0**-10)
    assert np.abs(now.best.value + 8.3e-5).max() < 1e-3
