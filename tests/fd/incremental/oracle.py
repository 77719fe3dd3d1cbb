"""The dense evaluation as the oracle of the incremental one, coordinate by coordinate."""

import math

import jax
import jax.numpy as jnp
import numpy as np

from purenet import jaxprs
from purenet.fd.dense import Dense
from purenet.fd.incremental import Incremental
from purenet.fd.incremental.choice import plans

POINTS = np.array([-1.0, 0.5, 2.0])  # no small steps: what is wrong is to show


def evaluators(f, *leaves, max_memory=2**28):
    """The incremental and the dense evaluator of ``f(*leaves)``."""
    traced = jaxprs.trace(lambda xs: f(*xs), leaves)
    options = {"replay": jaxprs.DOUBLE, "max_memory": max_memory}
    return Incremental(traced, leaves, always=True, **options), Dense(traced, leaves, **options)


def assert_incremental_is_dense(f, *leaves, step=0.25, rtol=1e-11, every_plan=True):
    """Both give the same outputs at every displaced coordinate of every leaf.

    With ``every_plan`` also by the plans that would not have been chosen, and by chunks that do
    not divide the coordinates.
    """
    with jax.enable_x64(True):
        leaves = [jnp.asarray(x) for x in leaves]
        incremental, dense = evaluators(f, *leaves)
        for leaf, x in enumerate(leaves):
            steps = np.full(x.size * (2 if jnp.iscomplexobj(x) else 1), step)
            expected = dense.along_leaf(leaf, steps, POINTS)
            assert_same(incremental.along_leaf(leaf, steps, POINTS), expected, rtol)
            if not every_plan or not incremental._inlined.cones[leaf].outputs:
                continue
            for number, plan in enumerate(plans(x.shape)):
                share = (1.0, 0.6)[number % 2]
                plan = plan._replace(lanes=max(1, math.ceil(plan.lanes * share)))
                rounds = range(plan.rounds)
                found = incremental._displaced(leaf, plan, steps, POINTS[:, None], rounds)
                assert_same(found, expected, rtol)


def assert_same(found, expected, rtol):
    """Equal to rounding relative to the largest finite element of each output."""
    for one, other in zip(found, expected, strict=True):
        assert one.shape == other.shape
        assert one.dtype == other.dtype
        finite = np.where(np.isfinite(other), np.abs(other), 0)
        scale = float(np.max(finite, initial=1e-300))
        np.testing.assert_allclose(one, other, rtol=rtol, atol=rtol * scale)
