"""Accuracy: counted by hand."""

import jax.numpy as jnp
import numpy as np
import pytest

from purenet import nn, train
from tests.train.problem import MODEL, params, rows


def test_accuracy_is_the_share_that_numpy_counts():
    x, t = rows(30)
    logits = np.asarray(MODEL.apply(params(), x))
    expected = np.mean(logits.argmax(axis=1) == t)
    of = train.accuracy(MODEL)
    assert float(of(params(), x, t)) == pytest.approx(expected)
    assert float(of(params(), x, jnp.eye(3)[t])) == pytest.approx(expected)


def test_targets_of_another_shape_are_refused():
    x, t = rows(30)
    with pytest.raises(ValueError, match=r"got targets of shape \(29,\) for logits of shape"):
        train.accuracy(MODEL)(params(), x, t[:29])


def test_accuracy_is_of_a_model(unchecked):
    with pytest.raises(
        TypeError, match=r"got a model of type function; wanted a purenet\.nn\.Model"
    ):
        train.accuracy(nn.linear)
