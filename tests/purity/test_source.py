"""Names, places and owners of code."""

import functools

import jax
import numpy as np

from purenet.purity.source import (
    attribute_names,
    is_library,
    is_library_class,
    mentioned,
    where_defined,
    where_named,
)
from tests.purity.found import line

rate = 0.1


def of_three(p, scale=2.0):
    return p * scale * rate + np.e


class Model:
    def __init__(self):
        self.W = np.ones(1)

    def loss(self, W):
        del W  # a name of its own
        return self.W.sum()  # read

    def step(self):
        self.W = self.W * 0.5  # stored


def test_names_that_code_reads():
    assert mentioned(of_three.__code__) == ("rate", "np")
    assert attribute_names(of_three.__code__) == {"rate", "np", "e"}


def test_reads_and_stores_of_an_attribute_not_of_a_variable_of_its_name():
    functions = [Model.__init__, Model.loss, Model.step]
    assert where_named(functions, "self.W", stored=False) == line(Model, "# read")
    assert where_named(functions, "self.W", stored=True) == line(Model, "# stored")
    assert where_named(functions[:1], "self.W", stored=True) == line(Model, "np.ones(1)")


def test_where_a_function_begins():
    at = line(of_three, "def of_three")
    assert where_defined(functools.partial(of_three, 1.0)) == at
    assert where_defined(jax.jit(of_three)) == at
    assert where_defined(Model().loss) == line(Model, "def loss")
    assert where_defined(np.sin) == ""


def test_whose_code_it_is():
    assert all(map(is_library, ("os", "numpy.linalg", "jax._src.core", "haiku", "purenet.nn")))
    assert not any(map(is_library, (__name__, "__main__", "comparisons", "a_script", None)))
    assert is_library_class(functools.partial)
    assert not is_library_class(Model)
