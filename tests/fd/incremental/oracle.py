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


def assert_incremental_is_dense(f, *leaves, step=0.25, rtol=1e-11, other_plans=True):
    """Both give the same outputs at every displaced coordinate of every leaf.

    With ``other_plans`` also by plans that would not have been chosen: one index a round and a run
    of the first axis, and any coordinates together, in chunks that do not divide them.
    """
    with jax.enable_x64(True):
        leaves = [jnp.asarray(x) for x in leaves]
        incremental, dense = evaluators(f, *leaves)
        for leaf, x in enumerate(leaves):
            steps = np.full(x.size * (2 if jnp.iscomplexobj(x) else 1), step)
            expected = dense.along_leaf(leaf, steps, POINTS)
            assert_same(incremental.along_leaf(leaf, steps, POINTS), expected, rtol, incremental)
            if not other_plans or not incremental._cones.output_size(leaf):
                continue
            along_one_axis, *_, along_all = 2 * list(plans(x.shape))
            for plan, share in ((along_one_axis, 1.0), (along_all, 0.6)):
                plan = plan._replace(lanes=max(1, math.ceil(plan.lanes * share)))
                rounds = range(plan.rounds)
                found = incremental._cones.displaced(leaf, plan, steps, POINTS[:, None], rounds)
                assert_same(found, expected, rtol, incremental)


def assert_same(found, expected, rtol, evaluator):
    """Equal to rounding relative to the largest finite element of each output, or of its terms."""
    for which, (one, other) in enumerate(zip(found, expected, strict=True)):
        assert one.shape == other.shape
        assert one.dtype == other.dtype
        finite = np.where(np.isfinite(other), np.abs(other), 0)
        atol = rtol * float(np.max(finite, initial=1e-300))
        if not np.allclose(one, other, rtol=rtol, atol=atol, equal_nan=True):
            atol += evaluator._roundings()[which]
        np.testing.assert_allclose(one, other, rtol=rtol, atol=atol)
