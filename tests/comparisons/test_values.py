"""Values as short text: digits enough to tell elements apart, lines that fit, zeros that are 0."""

import hypothesis.extra.numpy as hnp
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from comparisons.values import text

DW = np.array([[0.21924763, 0.14356247, -0.36281009], [0.32887144, 0.2153437, -0.54421514]])
TRACE = np.array([[2.062020953321506, 2.0620083894906935], [2.062060757760379, 2.061968585355599]])


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (0.92806853663411326, "0.928068536634"),
        (107, "107"),
        (107.0, "107"),
        (-6.99977, "-6.99977"),
        (1e-17, "1e-17"),
        (float("nan"), "nan"),
        (True, "True"),
        (np.bool_(False), "False"),
        (jnp.array([[0.5]]), "0.5"),
        (None, "–"),
        ("IndexError", "IndexError"),
        (["W1", "b1"], "W1, b1"),
        ([1, [2, 3]], "[1, [2, 3]]"),
        ({"W": 1}, "{'W': 1}"),
        (np.zeros((0, 3)), "empty, shape (0, 3)"),
    ],
)
def test_what_is_no_array_of_several_numbers_is_one_short_text(value, shown):
    assert text(value, 30) == shown


def test_a_matrix_stands_in_aligned_columns_of_five_digits():
    assert text(DW, 24) == "0.21925 0.14356 -0.36281\n0.32887 0.21534 -0.54422"


def test_a_narrow_column_takes_digits_away_before_it_takes_elements():
    assert text(DW, 23) == "0.2192 0.1436 -0.3628\n0.3289 0.2153 -0.5442"
    assert text(DW, 18) == "0.219 0.144 -0.363\n0.329 0.215 -0.544"


def test_elements_that_would_look_alike_get_more_digits():
    assert text(TRACE, 24) == "2.06202 2.06201\n2.06206 2.06197"


def test_exact_zeros_are_0_and_what_is_nearly_zero_is_not():
    assert text([[0.0, 0.25], [-0.0, 1e-17]], 30) == "0 0.25000\n0 1.0e-17"
    assert text(np.zeros((2, 3)), 30) == "0 0 0\n0 0 0"


def test_a_vector_runs_over_lines():
    assert text([101.5, 107.5, 107.25, 108.5], 14) == "101.50 107.50\n107.25 108.50"


def test_a_vector_gives_up_a_digit_to_stay_on_one_line_unless_its_elements_then_look_alike():
    assert text([0.82534, -0.73739, -0.65364], 23) == "0.8253 -0.7374 -0.6536"
    assert text([0.82534, 0.82533, -0.65364], 23) == " 0.82534 0.82533\n-0.65364"


def test_decimals_that_are_exactly_zero_are_left_out():
    assert text([101.0, 107.0], 30) == "101 107"
    assert text([10.5, 10.5], 30) == "10.5 10.5"
    assert text([1.0 - 2**-52, 2.0], 30) == "1.0000 2.0000"


def test_very_small_and_very_large_elements_are_in_scientific_notation():
    assert text([1.5e-7, 2.5e-7], 30) == "1.5000e-07 2.5000e-07"
    assert text([1.5e7, 2.25e7], 30) == "1.5000e+07 2.2500e+07"


def test_what_is_not_finite_is_named_among_the_numbers():
    assert text([float("nan"), 1.5, float("-inf")], 30) == "nan 1.5 -inf"


def test_an_array_that_does_not_fit_keeps_its_ends_and_names_its_shape():
    shown = text(np.arange(3200.0).reshape(64, 50), 24).splitlines()
    assert shown[0] == "shape (64, 50)"
    assert [line.split() for line in shown[1:]] == [
        ["0", "1", "…", "49"],
        ["…"],
        ["3150", "3151", "…", "3199"],
    ]
    assert text(np.linspace(2.3, 2.2, 100), 23) == "shape (100,)\n2.300 2.299 … 2.200"


@settings(deadline=None, max_examples=150)
@given(
    hnp.arrays(
        np.float64,
        hnp.array_shapes(min_dims=1, max_dims=3, max_side=12),
        elements=st.floats(-1e9, 1e9),
    ),
    st.integers(23, 40),
)
def test_any_array_fits_the_width_of_a_column_at_80_to_120(array, width):
    lines = text(array, width).splitlines()
    assert max(map(len, lines)) <= width
    assert len(lines) <= 6
