"""The digits as they ship: all of them, scaled, split by a seed."""

import sys

import numpy as np
import pytest

from purenet import data


def test_digits_are_1797_images_scaled_to_one():
    digits = data.digits()
    assert digits.x_train.shape == (1437, 64)
    assert digits.x_test.shape == (360, 64)
    assert digits.x_train.dtype == np.float64
    assert (digits.x_train.min(), digits.x_train.max()) == (0.0, 1.0)
    assert set(digits.t_train) == set(digits.t_test) == set(range(10))


def test_digits_are_split_without_overlap_and_by_seed():
    one, same, other = data.digits(), data.digits(), data.digits(seed=1)
    np.testing.assert_array_equal(one.x_train, same.x_train)
    assert not np.array_equal(one.t_train, other.t_train)
    rows = {row.tobytes() for row in one.x_train} & {row.tobytes() for row in one.x_test}
    assert not rows


@pytest.mark.parametrize("test", [0, 1797, -1, 3.5])
def test_digits_need_something_on_either_side(test):
    with pytest.raises(ValueError, match=f"got test={test}; wanted between 1 and 1796"):
        data.digits(test=test)


def test_a_seed_is_a_whole_number():
    with pytest.raises(ValueError, match="got seed='a'; wanted a whole number from 0; leave seed"):
        data.digits(seed="a")  # pyright: ignore


def test_digits_without_scikit_learn_say_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "sklearn.datasets", None)
    with pytest.raises(ModuleNotFoundError, match=r"pip install 'purenet\[compare\]'"):
        data.digits()
