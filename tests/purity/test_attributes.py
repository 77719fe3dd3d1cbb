"""Attributes are read, and no code of the object runs."""

from purenet.purity.attributes import declared, own_attributes


class Loud:
    __slots__ = ("__dict__", "__hidden", "slot")

    def __init__(self):
        self.__hidden, self.slot, self.plain = 1, 2, 3

    def __getattr__(self, name):
        raise RuntimeError(name)

    @property
    def broken(self):
        raise RuntimeError("broken")


def test_dictionaries_and_slots():
    assert own_attributes(Loud()) == {"_Loud__hidden": 1, "slot": 2, "plain": 3}
    assert own_attributes(3) == {}


def test_what_is_declared_and_what_would_be_made_up():
    assert declared(Loud(), "plain") == 3
    assert declared(Loud(), "__wrapped__") is None
    assert declared(Loud(), "broken") is None
