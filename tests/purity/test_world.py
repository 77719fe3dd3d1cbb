"""Copies at work: the classes of the caller's own, for the time of a block."""

import numpy as np
import pytest
from purenet.purity.world import World


class Net:
    scale = np.ones(2)

    def loss(self, p):
        return float((p * self.scale).sum())

    @staticmethod
    def twice(p):
        return 2.0 * p


def test_methods_and_data_of_a_class_are_replaced_in_the_block_alone():
    world, other = World({id(Net.scale): np.full(2, 3.0)}), dict(vars(Net))
    net = world.copied(Net())
    with world.at_work():
        assert net.loss(np.ones(2)) == 6.0
        assert type(net) is Net
    assert Net().loss(np.ones(2)) == 2.0
    assert dict(vars(Net)) == other


def test_what_the_block_adds_to_a_class_goes_again():
    world = World()
    world.copied(Net())

    def block():
        with world.at_work():
            Net.added, Net.scale = 1, None
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        block()
    assert not hasattr(Net, "added")
    np.testing.assert_array_equal(Net.scale, np.ones(2))


def test_another_value_in_a_place():
    config, rate = {"rate": [0.1]}, 0.2

    def loss(p, default=0.3):
        return p * config["rate"][0] * rate * default

    world = World()
    world.put(config["rate"], 0, 1.0)
    world.put(loss, "rate", 1.0)
    world.put(loss, "default", 1.0)
    assert world.copied(loss)(2.0) == 2.0
    assert loss(2.0) == pytest.approx(2.0 * 0.1 * 0.2 * 0.3)
