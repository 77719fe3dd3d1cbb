"""What is asked of validation before anything is trained."""

import jax
import jax.numpy as jnp
import optax
import pytest

from purenet import train
from tests.train.problem import KEY, LOSS, params, rows

X, T = rows(10)


def fitted(loss=LOSS, **options):
    state = train.init(params(), optax.sgd(0.1), KEY)
    return train.fit(loss, optax.sgd(0.1), state, (X, T), epochs=1, batch_size=5, **options)


def needs_key(params, x, t, *, key):
    return LOSS(params, x, t) + 0 * jax.random.uniform(key)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"metrics": {"a": LOSS}}, "got metrics a and no validation; wanted data to take them on"),
        ({"validation": (X, T[:3])}, "got validation of 10, 3 rows; wanted as many in each"),
        ({"validation": (X[:0], T[:0])}, "got validation of 0 rows; wanted 1 or more"),
        (
            {"loss": needs_key, "validation": (X, T)},
            "got validation and a loss whose key has no default; .* write key=None",
        ),
        (
            {"validation": (X, T), "metrics": {"rows": lambda p, x, t: x[:, 0]}},
            r"got metrics\['rows'\] of shape \(10,\); wanted a scalar",
        ),
    ],
    ids=["no data", "lengths", "empty", "key", "not scalar"],
)
def test_what_cannot_be_validated_is_refused(options, message):
    with pytest.raises(ValueError, match=message):
        fitted(**options)


@pytest.mark.parametrize("metrics", [{"a": 3.0}, [LOSS]])
def test_metrics_are_functions_by_name(metrics, unchecked):
    with pytest.raises(TypeError, match=r"got metrics .*; wanted functions of .* by name; pass"):
        fitted(validation=(X, T), metrics=metrics)


def test_a_loss_that_needs_its_key_trains_without_validation():
    assert fitted(needs_key).history.loss.shape == (2,)


def test_a_count_is_no_metric_but_its_share_is():
    def hits(params, x, t):
        return jnp.sum(t == 0)

    with pytest.raises(TypeError, match=r"got metrics\['hits'\] of dtype int32; wanted a real"):
        fitted(validation=(X, T), metrics={"hits": hits})
