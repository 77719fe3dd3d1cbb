"""Options: defaults, and the same meaning wherever they are given."""

import pytest

from purenet import fd
from purenet.fd.options import Options, checked


def test_defaults():
    assert checked() == Options()
    assert checked().double
    assert not checked(precision="native").double


@pytest.mark.parametrize(
    "transform", [fd.grad, fd.value_and_grad, fd.jacobian, fd.hessian, fd.estimate]
)
def test_options_are_checked_when_a_transformation_is_made_not_when_it_is_called(transform):
    with pytest.raises(
        TypeError, match="got the unknown option 'stepp'; wanted one of step, order"
    ):
        transform(abs, stepp=1)
    with pytest.raises(
        ValueError, match="got workers=0; wanted a positive whole number of threads"
    ):
        transform(abs, workers=0)


def test_jvp_takes_the_same_options():
    with pytest.raises(ValueError, match="got precision='half'; wanted one of 'double', 'native'"):
        fd.jvp(abs, (1.0,), (1.0,), precision="half")
