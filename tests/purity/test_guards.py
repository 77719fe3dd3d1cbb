"""Calls are undone to the end, and end in time."""

import sys

import numpy as np
import pytest

from purenet.purity import audit
from purenet.purity.guards import DeadlineError, undone, within


def forever(is_careful):
    while True:
        try:
            x = 1.0
        except Exception:  # what a careful loop catches
            assert is_careful
    return x


@pytest.mark.parametrize("is_careful", [True, False])
def test_a_loop_without_end_is_ended(is_careful):
    before = sys.gettrace()
    with pytest.raises(DeadlineError, match=r"more than 0\.01 CPU seconds"):
        within(0.01, lambda: forever(is_careful))
    assert sys.gettrace() is before


def test_what_ends_in_time_is_left_alone():
    assert within(60.0, lambda: sum(range(10))) == 45


def test_a_loop_that_ends_at_the_numbers_given():
    def decay(p):
        x = 1.0
        while x > 0.5:
            x *= float(p[0])
        return x

    assert audit(decay, np.array([0.9])).ok  # at 1.25 it has no end


@pytest.mark.parametrize("moments", range(3))
def test_what_is_undone_is_undone_to_its_end_whenever_ctrl_c_comes(moments):
    left = iter([KeyboardInterrupt] * moments)
    undid = []

    def undo():
        for error in left:
            raise error
        undid.append(True)

    if moments:
        with pytest.raises(KeyboardInterrupt):
            undone(lambda: None, undo)
    else:
        undone(lambda: None, undo)
    assert undid == [True]
