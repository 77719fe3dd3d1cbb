"""Stencils: textbook weights, exact on polynomials, and computed, not typed in."""

from fractions import Fraction

import numpy as np
import pytest

from purenet.fd.stencils import METHODS, ORDERS, derivative_weights, extrapolation_weights, stencil


def test_the_central_stencil_of_order_eight_is_fornbergs():
    weights = dict(zip(stencil("central", 8).offsets, stencil("central", 8).weights, strict=True))
    expected = {1: 4 / 5, 2: -1 / 5, 3: 4 / 105, 4: -1 / 280}
    assert weights == pytest.approx(expected | {-k: -w for k, w in expected.items()})


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("order", ORDERS)
def test_polynomials_up_to_the_order_are_exact_and_the_next_is_not(method, order):
    offsets, weights, _ = stencil(method, order)
    for degree in range(order + 1):
        assert np.dot(weights, np.array(offsets, float) ** degree) == pytest.approx(
            float(degree == 1), abs=1e-9 * 10.0 ** (degree / 2)
        )
    error = np.dot(weights, np.array(offsets, float) ** (order + 1))
    assert abs(error) > 0.5


def test_weights_of_any_offsets():
    assert derivative_weights([Fraction(0), Fraction(1, 2)]) == [Fraction(-2), Fraction(2)]


@pytest.mark.parametrize("length", range(1, 8))
def test_extrapolation_is_exact_on_even_polynomials(length):
    weights = extrapolation_weights(length)
    for power in range(length):
        total = sum(w * Fraction(1, 4**k) ** power for k, w in enumerate(weights))
        assert total == (power == 0)
