"""The V-curve: every dtype and order, and an automatic step near the best one tried."""

import pytest

from comparisons.measures import v_curve


@pytest.mark.full
def test_the_v_curve_marks_a_step_near_the_best(tmp_path):
    found = v_curve.errors()
    assert [(c.dtype, c.order) for c in found] == [
        (dtype, order) for dtype in ("float64", "float32") for order in (2, 4, 6, 8)
    ]
    for curve in found:
        assert curve.errors.max() / curve.errors.min() > 1e3
        assert curve.chosen_error <= 300 * curve.errors.min()
    v_curve.draw(found, tmp_path / "v.png")
    assert (tmp_path / "v.png").stat().st_size > 10_000
