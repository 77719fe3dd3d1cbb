"""The noise of a function, measured from its values."""

import numpy as np
import pytest

from purenet.fd.noise import POINTS, is_too_fine, measured_noise, noise_of


@pytest.mark.parametrize("sigma", [1e-10, 1e-6, 1e-2])
def test_the_noise_on_a_smooth_function_is_found_within_a_factor_of_four(sigma):
    draw = np.random.default_rng(0)
    smooth = 3 + np.arange(POINTS) * 1e-12
    values = smooth[None, :, None] + sigma * draw.normal(size=(200, POINTS, 1))
    found = noise_of(values)
    assert np.mean((found > sigma / 4) & (found < 4 * sigma)) > 0.9


def test_a_straight_line_has_no_noise():
    assert noise_of(np.arange(8.0)[None, :, None]) == 0.0


def test_a_staircase_is_too_fine():
    stairs = np.floor(np.arange(8) / 3)[None, :, None]
    assert is_too_fine(stairs).all()
    assert not is_too_fine(np.arange(8.0)[None, :, None]).any()


def test_coarser_spacings_are_tried_until_rounding_shows():
    def values_at(spacing):
        x = 0.7684 + spacing * np.arange(1, POINTS + 1)
        return np.sin(x.astype(np.float32)).astype(float)[None, :, None]

    assert 1e-9 < float(measured_noise(values_at)[0][0, 0]) < 1e-6
