"""Richardson extrapolation: exact on polynomials, and honest about what it leaves."""

import numpy as np
import pytest

from purenet.fd.extrapolation import Rung, best_extrapolation


def anything(one):
    return np.ones(one.value.shape, bool)


NONE = (2.0**-53, np.zeros((1, 1)), anything)


def rungs(f, x, exponents):
    found = {}
    for e in exponents:
        h = 2.0**e
        found[e] = Rung(np.array([[h]]), np.array([[f(x + h)]]), np.array([[f(x - h)]]))
    return found


def test_an_odd_polynomial_of_degree_five_needs_three_steps():
    def f(x):
        return x**5 - 2 * x**3 + x

    best = best_extrapolation(rungs(f, 0.0, (0, -1, -2)), np.array([f(0.0)]), *NONE)
    assert float(best.value[0, 0]) == pytest.approx(1.0, abs=1e-15)


@pytest.mark.parametrize("x", [0.3, 1.1, 2.2])
def test_the_truncation_bounds_what_larger_steps_leave(x):
    for top in (0, -1, -2, -3):
        with np.errstate(all="ignore"):
            best = best_extrapolation(
                rungs(np.sin, x, range(top, top - 4, -1)), np.array([np.sin(x)]), *NONE
            )
        wrong = abs(float(best.value[0, 0]) - np.cos(x))
        assert wrong <= 4 * float(best.truncation[0, 0]) + 1e-15 * float(best.gain[0, 0])


SLOW = {  # over these steps their orders fall off slowly
    "a pole nearby": (lambda x: 1 / (x - 1), 0.7, -1 / 0.3**2),
    "a root nearby": (np.sqrt, 0.3, 0.5 / np.sqrt(0.3)),
    "Runge's": (lambda x: 1 / (1 + 25 * x**2), 0.3, -15 / 3.25**2),
    "fast": (lambda x: np.sin(20 * x), 0.3, 20 * np.cos(6.0)),
}


@pytest.mark.parametrize("top", [-2, -3, -4, -5])
@pytest.mark.parametrize("name", SLOW)
def test_truncation_and_noise_bound_the_error_where_orders_fall_slowly(name, top):
    f, x, slope = SLOW[name]
    best = best_extrapolation(rungs(f, x, range(top, top - 4, -1)), np.array([f(x)]), *NONE)
    wrong = abs(float(best.value[0, 0]) - slope)
    assert wrong <= float((best.truncation + best.noise * best.gain)[0, 0])


def test_fewer_than_three_steps_settle_nothing():
    best = best_extrapolation(rungs(np.sin, 1.0, (0, -1)), np.array([np.sin(1.0)]), *NONE)
    assert np.isnan(best.value).all()


def test_a_gap_in_the_ladder_is_not_bridged():
    best = best_extrapolation(rungs(np.sin, 1.0, (0, -1, -4, -5)), np.array([np.sin(1.0)]), *NONE)
    assert np.isnan(best.value).all()


def test_noise_makes_for_larger_steps():
    ladder = rungs(np.sin, 1.0, range(-2, -14, -1))
    base = np.array([np.sin(1.0)])
    with np.errstate(all="ignore"):
        quiet = best_extrapolation(ladder, base, *NONE)
        noisy = best_extrapolation(ladder, base, 2.0**-53, np.full((1, 1), 1e-6), anything)
    assert noisy.gain[0, 0] < quiet.gain[0, 0]


def test_what_is_known_otherwise_chooses_among_extrapolations():
    ladder = rungs(np.sin, 1.0, range(-2, -14, -1))
    base = np.array([np.sin(1.0)])
    with np.errstate(all="ignore"):
        free = best_extrapolation(ladder, base, *NONE)
        told = best_extrapolation(ladder, base, *NONE[:2], lambda one: one.exponent <= -6)
        nothing = best_extrapolation(ladder, base, *NONE[:2], lambda one: one.exponent < -99)
    assert int(free.exponent[0, 0]) > -6
    assert int(told.exponent[0, 0]) == -6
    assert nothing == free
