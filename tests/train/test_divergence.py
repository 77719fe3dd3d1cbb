"""NaN and infinity: at the step where they began, by the leaf they began in."""

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from purenet import data, train
from tests.train.problem import KEY, LOSS, assert_same_bits, params, rows

X, T = rows(40)


def diverged(loss, optimizer, params, arrays=(X, T), epochs=20, batch_size=8):
    state = train.init(params, optimizer, KEY)
    with pytest.raises(train.DivergenceError) as caught:
        train.fit(loss, optimizer, state, arrays, epochs=epochs, batch_size=batch_size)
    return caught.value


@pytest.mark.full
def test_a_nan_in_the_data_is_reported_at_the_step_that_meets_it():
    x = X.copy()
    x[5, 1] = np.nan
    first = next(i for i, batch in enumerate(data.batches(KEY, 0, 40, 8)) if 5 in batch)
    assert first > 0
    error = diverged(LOSS, optax.adam(0.01), params(), (x, T))
    assert error.step == first
    assert error.paths == ("data[0]",)
    assert str(error).startswith(f"got NaN in data[0] at step {first} (epoch 0, batch {first})")
    assert str(error).endswith("wanted finite numbers; take the rows it is in out of the data")
    assert len(error.history.loss) == first


def test_a_gradient_that_is_infinite_names_its_leaf_while_the_loss_is_fine():
    def loss(params, x, t):
        return jnp.sqrt(params["layer"]["v"]) + params["w"]  # sqrt has no derivative at 0

    start = {"layer": {"v": jnp.asarray(0.0)}, "w": jnp.asarray(1.0)}
    error = diverged(loss, optax.sgd(0.1), start)
    assert error.paths == ("params['layer']['v']",)
    assert str(error).startswith(
        "got infinity in the gradient by params['layer']['v'] at step 0 (epoch 0, batch 0), where "
        "the loss was 1; wanted finite numbers; lower the learning rate"
    )


@pytest.mark.full
@pytest.mark.parametrize("bad_step", [1, 7, 23, 64])
def test_the_step_is_found_wherever_in_a_call_it_is(bad_step):
    def loss(params, x):
        """Counts the steps by its own gradient; that by W1 is infinite from one of them on."""
        factor = jnp.where(params["count"] > bad_step - 0.5, jnp.inf, 0.0)
        return factor * (params["W1"] + 1.0) - params["count"]

    start = {"W1": jnp.ones(()), "count": jnp.zeros(())}
    error = diverged(loss, optax.sgd(1.0), start, (X[:8],), epochs=100)
    assert error.step == bad_step
    assert error.paths == ("params['W1']",)
    assert float(error.state.params["count"]) == bad_step
    assert len(error.history.loss) == bad_step
    assert f"at step {bad_step} (epoch {bad_step}, batch 0)" in str(error)


def test_the_state_before_is_that_of_a_run_that_ended_there():
    def steep(params, x, t):
        return jnp.sum(params["w"] ** 2)

    start = {"w": jnp.ones(3)}
    error = diverged(steep, optax.sgd(10.0), start, epochs=100)
    ended = train.init(start, optax.sgd(10.0), KEY)
    step = train.train_step(steep, optax.sgd(10.0))
    for _ in range(error.step):
        ended, value = step(ended, jnp.asarray(X[:8]), jnp.asarray(T[:8]))
        assert np.isfinite(float(value))
    assert_same_bits(ended.params, error.state.params)
    assert "(the least, 3, was at step 0)" in str(error)
    assert "lower the learning rate" in str(error)


def test_float16_adam_with_an_eps_of_zero_is_told_from_a_bad_gradient():
    start = {"w": jnp.ones(2, jnp.float16), "v": jnp.ones(2, jnp.float16)}
    error = diverged(lambda p, x, t: jnp.sum(p["w"]) + 0 * p["v"].sum(), optax.adam(1e-3), start)
    assert error.paths == ("params['v']",)
    assert "NaN after the step, its gradient being finite, in params['v'] at step 0" in str(error)
    assert "raise the optimizer's eps: in float16, 1e-8 is zero" in str(error)


@pytest.mark.full
def test_parameters_that_are_nan_from_the_start():
    start = params()
    start["b1"] = start["b1"].at[0].set(jnp.nan)
    error = diverged(LOSS, optax.sgd(0.1), start)
    assert error.paths == ("params['b1']",)
    assert "got NaN before the step in params['b1'] at step 0" in str(error)


def test_a_loss_alone_that_is_infinite():
    error = diverged(lambda p, x, t: jnp.inf + 0 * p["w"], optax.sgd(0.1), {"w": jnp.ones(())})
    assert (error.step, error.paths) == (0, ("params['w']",))
    assert "got a loss that is not finite, with params['w'] as large as 1, at step 0" in str(error)


def test_many_leaves_are_counted_not_listed():
    start = {f"W{i}": jnp.ones(2) for i in range(9)}
    error = diverged(
        lambda p, x, t: sum(jnp.sum(w) for w in p.values()) * jnp.nan, optax.sgd(0.1), start
    )
    assert len(error.paths) == 9
    assert "params['W3'] and 5 more" in str(error)


@pytest.mark.full
@pytest.mark.parametrize(
    "optimizer",
    [optax.apply_if_finite(optax.sgd(0.1), 1000), optax.chain(optax.zero_nans(), optax.sgd(0.1))],
    ids=["apply_if_finite", "zero_nans"],
)
def test_an_optimizer_that_skips_nan_goes_on(optimizer):
    x = X.copy()
    x[5] = np.nan
    state = train.init(params(), optimizer, KEY)
    found = train.fit(LOSS, optimizer, state, (x, T), epochs=2, batch_size=8)
    assert np.isnan(found.history.loss).sum() == 2
    assert all(bool(jnp.isfinite(leaf).all()) for leaf in jax.tree.leaves(found.state.params))
