"""Losses with flax: modules of linen and of nnx; a mistake planted in one."""

import jax
import jax.numpy as jnp
import pytest

from purenet import check_grads, compare_grads
from tests.clients.losses import flax_linen, flax_nnx

pytest.importorskip("flax")


@pytest.mark.parametrize("made", [flax_nnx, pytest.param(flax_linen, marks=pytest.mark.full)])
def test_a_module(made):
    loss, args = made()
    # a bias before batch normalisation has no derivative but round-off
    report = check_grads(loss, *args, allow_undecided=True)
    assert report.compared > 20


def test_a_mistake_in_one_layer():
    loss, (state,) = flax_nnx()
    wrong = jax.tree.map_with_path(
        lambda path, g: jnp.roll(g, 1, axis=0) if "last" in str(path) and g.ndim == 2 else g,
        jax.grad(loss)(state),
    )
    report = compare_grads(loss, state, gradient=wrong)
    assert [leaf.path for leaf in report.leaves if not leaf.ok] == ["state['last']['kernel'].value"]
