"""The dense evaluation as the oracle of the incremental one, coordinate by coordinate."""

import jax
import jax.numpy as jnp
import numpy as np

from purenet import jaxprs
from purenet.fd.dense import Dense
from purenet.fd.incremental import Incremental

POINTS = np.array([-1.0, 0.5, 2.0])  # no small steps: what is wrong is to show


def assert_incremental_is_dense(f, *leaves, steps=0.25, rtol=1e-11, max_memory=2**28):
    """Both evaluations give the same outputs at every displaced coordinate of every leaf."""
    with jax.enable_x64(True):
        leaves = [jnp.asarray(x) for x in leaves]
        traced = jaxprs.trace(lambda xs: f(*xs), leaves)
        common = {"replay": jaxprs.DOUBLE, "max_memory": max_memory}
        dense = Dense(traced, leaves, **common)
        ours = Incremental(traced, leaves, always=True, **common)
        for leaf, x in enumerate(leaves):
            size = x.size * (2 if jnp.iscomplexobj(x) else 1)
            step = np.full(size, steps)
            expected = dense.along_leaf(leaf, step, POINTS)
            found = ours.along_leaf(leaf, step, POINTS)
            for one, other in zip(found, expected, strict=True):
                assert one.shape == other.shape
                scale = float(
                    np.max(np.abs(np.where(np.isfinite(other), other, 0)), initial=1e-300)
                )
                np.testing.assert_allclose(one, other, rtol=rtol, atol=rtol * scale)


def rules_used(monkeypatch):
    """The names of the operations that go by the dense rule, filled while evaluating."""
    raise NotImplementedError
