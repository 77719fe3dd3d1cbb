"""Global generators, and values that do not repeat."""

import random
import time

import jax.numpy as jnp
import numpy as np

from purenet.purity import audit
from tests.purity.found import found, line, places

p = np.ones(3)


def test_numpys_global_generator():
    def loss(p):
        return float((p * np.random.rand(3)).sum())  # noqa: NPY002 - the draw

    state = np.random.get_state()[1].copy()  # noqa: NPY002
    assert found(loss, p) == {("global-random", "numpy.random")}
    np.testing.assert_array_equal(np.random.get_state()[1], state)  # noqa: NPY002


def test_pythons_global_generator():
    def loss(p):
        return float(p.sum()) * random.random()  # the draw

    # the checkers of these tests' annotations draw from it as well, so that it also does not repeat
    assert ("global-random", "random") in found(loss, p)
    assert places(loss, p)["global-random"] == line(loss, "# the draw")


def test_a_generator_made_inside_from_a_seed():
    assert audit(lambda p: float((p * np.random.default_rng(0).random(3)).sum()), p).ok


def test_values_that_do_not_repeat():
    def timed(p):
        return float(p.sum()) * time.perf_counter_ns()

    assert found(timed, p) == {("nondeterministic", "timed")}
    assert places(timed, p) == {"nondeterministic": line(timed, "def timed")}
    unseeded = random.SystemRandom()
    assert ("nondeterministic", "<lambda>") in found(lambda p: p * unseeded.random(), 1.0)


def test_time_that_is_read_and_not_used():
    def loss(p):
        start = time.perf_counter_ns()
        return jnp.sum(p**2) + 0.0 * (start > 0)

    assert audit(loss, jnp.ones(3)).ok
