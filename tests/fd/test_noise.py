"""The noise of a function, measured from its values."""

import jax.numpy as jnp
import numpy as np
import pytest

from purenet.fd.noise import POINTS, is_too_fine, measured_noise, noise_of
from purenet.fd.options import checked
from purenet.fd.point import Point
from purenet.fd.setup import prepare


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


@pytest.mark.parametrize(
    ("f", "x", "least", "most"),
    [
        (jnp.sin, 1e9, 0, 1e-11),
        (jnp.log1p, -0.999999999, 0, 1e-10),
        (jnp.arccosh, 1.000000001, 0, 1e-15),
        (lambda x: jnp.sin(1e9 * x), 1.1, 1e-8, 1e-6),
    ],
    ids=["far out", "by a pole", "by an edge", "a phase"],
)
def test_neither_curvature_nor_the_rounding_of_a_step_is_noise(f, x, least, most, x64):
    evaluator = prepare(Point.of(f, (x,), {}, argnums=0), checked(), whole_leaves=True).evaluator
    assert least <= evaluator.noise()[0] <= most
