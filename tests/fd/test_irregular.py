"""Kinks, jumps, vertical tangents and edges, told apart from noise; see also test_estimate.py."""

import numpy as np
import pytest

from purenet.fd.irregular import examine
from purenet.fd.ladder import Ladder


def examined(f, x, scale=1.0):
    x = np.array([float(x)])

    def values(coordinates, steps, points):
        return f(x[coordinates][:, None] + steps[:, None] * points)[:, :, None]

    with np.errstate(all="ignore"):
        ladder = Ladder(values, x, np.array([scale]), f(x))
        now, found = examine(ladder, ladder.settle())
    return ladder, now, found


@pytest.mark.parametrize(
    ("f", "kind"),
    [
        (np.abs, "kink"),
        (lambda x: np.where(x > 0, 1.0, 0.0), "jump"),
        (np.cbrt, "vertical"),
        (np.sqrt, "edge"),
    ],
)
def test_each_kind_at_zero(f, kind):
    _, _, (found,) = examined(f, 0.0)
    assert found.kind == kind


def test_a_smooth_point_is_not_looked_into():
    ladder, now, found = examined(np.exp, 0.5)
    assert found == []
    assert now.agrees.all()
    assert ladder.evaluations == 10


@pytest.mark.parametrize("sigma", [1e-12, 1e-8])
def test_noise_is_no_kink_and_widens_what_is_allowed(sigma):
    draws = np.random.default_rng(0)
    ladder, now, found = examined(lambda x: np.exp(x) + sigma * draws.normal(size=x.shape), 0.5)
    assert found == []
    assert now.agrees.all()
    assert 0.1 * sigma < float(ladder.noise[0, 0]) < 10 * sigma


def test_a_kink_under_noise_smaller_than_it_is_still_a_kink():
    draws = np.random.default_rng(0)
    _, _, (found,) = examined(lambda x: np.abs(x) + 1e-13 * draws.normal(size=x.shape), 0.0)
    assert found.kind == "kink"
    assert (found.left, found.right) == pytest.approx((-1, 1), abs=1e-4)


@pytest.mark.parametrize("steep", [1e7, 1e9, 1e11])
def test_a_steep_transition_is_settled_on_a_deeper_ladder(steep):
    _, now, found = examined(lambda x: np.tanh(steep * (x - 1)), 1.0)
    assert found == []
    assert float(now.best.value[0, 0]) == pytest.approx(steep, rel=1e-3)


def test_what_no_ladder_tells_to_a_hundredth_is_not_told():
    _, _, (found,) = examined(np.log1p, -1 + 1e-12)
    assert found.coordinate == 0
