"""Generators of random numbers in the same state, also of classes that are not made by copying."""

import random

import numpy as np
import pytest
from purenet.purity.shells import same_generator


class Named(random.Random):
    def __init__(self, name):
        super().__init__(0)
        self.name = name


@pytest.mark.parametrize("generator", [random.Random(3), Named("x")])
def test_pythons(generator):
    made = same_generator(generator)
    assert made is not generator
    assert made.random() == generator.random()
    assert vars(made) == vars(generator)


def test_numpys():
    for generator in (np.random.default_rng(0), np.random.RandomState(0)):
        assert same_generator(generator).normal() == generator.normal()
    bits = np.random.PCG64(0)
    assert same_generator(bits).random_raw() == bits.random_raw()


def test_the_systems_has_no_state_to_copy():
    system = random.SystemRandom()
    assert same_generator(system) is system
