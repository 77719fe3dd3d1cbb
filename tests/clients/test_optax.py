"""Losses with optax: a step of an optimizer inside, a loss over sequences; a mistake planted."""

import jax.numpy as jnp
import pytest

from purenet import check_grads, compare_grads
from tests.clients.losses import optax as adam_inside

optax = pytest.importorskip("optax")

LOGITS = jnp.sin(jnp.arange(24.0)).reshape(1, 6, 4)
PADDED, LABELS = jnp.zeros((1, 6)), jnp.array([[1, 2, 3]])


def ctc(logits):
    return jnp.sum(optax.ctc_loss(logits, PADDED, LABELS, jnp.zeros((1, 3))))


@pytest.mark.full
def test_a_step_of_adam_inside():
    loss, args = adam_inside()
    assert check_grads(loss, *args).ok


@pytest.mark.full
def test_connectionist_temporal_classification():
    assert check_grads(ctc, LOGITS).ok


def test_a_mistake_in_a_library_s_loss():
    def loss(w):
        return jnp.sum(optax.losses.huber_loss(w, jnp.zeros(3), delta=0.5))

    w = jnp.array([0.2, 0.9, -1.4])
    assert check_grads(loss, w).ok
    unclipped = w  # the gradient of the square, beyond delta too
    report = compare_grads(loss, w, gradient=unclipped)
    assert report.leaves[0].disagreeing == 2
