"""The ladder: few evaluations where f is smooth, more where it is in doubt, and when it stops."""

import numpy as np
import pytest

from purenet.fd.ladder import Ladder
from purenet.fd.settlement import heights


def ladder(f, x, scale=None):
    x = np.atleast_1d(np.asarray(x, float))
    scale = 2.0 ** np.round(np.log2(np.abs(x))) if scale is None else np.full(x.shape, scale)

    def values(coordinates, steps, points):
        here = x[coordinates][:, None]
        total = f(here + steps[:, None] * points) - f(here) + np.sum(f(x))
        return total[:, :, None]

    return Ladder(values, x, scale, np.array([np.sum(f(x))]))


def test_ten_evaluations_settle_a_smooth_coordinate():
    with np.errstate(all="ignore"):
        found = ladder(np.exp, 1.3)
        now = found.settle()
    assert found.evaluations == 10
    assert now.agrees.all()
    assert float(now.best.value[0, 0]) == pytest.approx(np.exp(1.3), rel=1e-13)


def test_steps_far_too_large_for_an_oscillation_are_found_out():
    with np.errstate(all="ignore"):
        found = ladder(np.sin, 1000.0)
        now = found.settle()
    assert now.agrees.all()
    assert float(now.best.value[0, 0]) == pytest.approx(np.cos(1000.0), rel=1e-11)
    assert found.evaluations > 10


def test_steps_far_too_small_are_raised():
    with np.errstate(all="ignore"):
        found = ladder(np.cos, 0.5, scale=2.0**-20)
        now = found.settle()
    assert max(found.rungs) > heights(np.dtype(float)).first
    assert float(now.best.value[0, 0]) == pytest.approx(-np.sin(0.5), rel=1e-9)


def test_they_are_raised_as_far_as_a_tiny_number_needs():
    with np.errstate(all="ignore"):
        now = ladder(np.exp, 1e-12).settle()
    assert float(now.best.value[0, 0]) == pytest.approx(1.0, rel=1e-11)
    assert float(now.round_off[0, 0]) < 1e-11


def test_outside_the_domain_only_smaller_steps_count():
    with np.errstate(all="ignore"):
        found = ladder(np.log, 0.01, scale=1.0)
        now = found.settle()
    assert now.agrees.all()
    assert float(now.best.value[0, 0]) == pytest.approx(100.0, rel=1e-10)


def test_coordinates_settle_each_for_itself():
    with np.errstate(all="ignore"):
        found = ladder(np.sin, [1.0, 200.0])
        now = found.settle()
    np.testing.assert_allclose(now.best.value[:, 0], np.cos([1.0, 200.0]), rtol=1e-9)
    rows = np.isfinite([rung.plus[:, 0] for rung in found.rungs.values()])
    assert rows[:, 0].sum() < rows[:, 1].sum()


def test_it_gives_up_in_the_end():
    draws = np.random.default_rng(0)
    with np.errstate(all="ignore"):
        found = ladder(lambda x: draws.normal(size=np.shape(x)), 1.0)
        now = found.settle()
    assert not now.agrees.any()
    assert found.evaluations < 100


@pytest.mark.parametrize("x", [1.7, -2.4, 1234.4])
def test_stairs_are_flat_however_far_the_steps_reach(x):
    with np.errstate(all="ignore"):
        now = ladder(np.floor, x).settle()
    assert now.agrees.all()
    assert float(now.best.value[0, 0]) == 0.0
