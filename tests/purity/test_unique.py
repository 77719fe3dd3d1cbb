"""Generators and open files: to hold one is no use of it, to draw from one is."""

import pytest
from purenet.purity.unique import ConsumedError, Unique

USES = {
    "next": next,
    "loop": list,
    "with": lambda unique: unique.__enter__(),
    "method": lambda unique: unique.read(),
}


@pytest.mark.parametrize("use", USES)
def test_each_use_is_told(use):
    generator = (i for i in range(3))
    with pytest.raises(ConsumedError, match="a generator cannot be copied") as raised:
        USES[use](Unique(generator))
    assert raised.value.thing is generator
    assert next(generator) == 0


def test_questions_are_no_use():
    unique = Unique(i for i in range(3))
    assert not hasattr(unique, "__wrapped__")
    assert repr(unique)
    assert unique is not None
    assert bool(unique)
