"""fit: the steps of train_step on the batches of data.batches, cut anywhere, interrupted."""

import signal
import subprocess
import sys
import threading

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from purenet import data, train
from purenet.train import run
from tests.sampling import sample
from tests.train.problem import (
    KEY,
    LOSS,
    MODEL,
    assert_same_bits,
    dropout_loss,
    params,
    rows,
)

X, T = rows(40)
OPTIMIZER = optax.adam(optax.cosine_decay_schedule(0.02, 50))


def fitted(loss=LOSS, optimizer=OPTIMIZER, epochs=3, batch_size=8, state=None, **options):
    if state is None:
        state = train.init(params(), optimizer, KEY)
    return train.fit(
        loss, optimizer, state, (X, T), epochs=epochs, batch_size=batch_size, **options
    )


@pytest.mark.parametrize("batch_size", sample([7, 8, 40, 1], every=4))
@pytest.mark.parametrize("loss", sample([dropout_loss, LOSS], every=2))
def test_fit_takes_the_steps_of_train_step_on_the_batches_of_data(loss, batch_size, x64):
    found = fitted(loss, batch_size=batch_size, epochs=2)
    state, losses = train.init(params(), OPTIMIZER, KEY), []
    step = train.train_step(loss, OPTIMIZER)
    for epoch in range(2):
        for batch in data.batches(KEY, epoch, 40, batch_size):
            state, value = step(state, X[batch], T[batch])
            losses.append(float(value))
    np.testing.assert_allclose(found.history.loss, losses, rtol=1e-10)
    np.testing.assert_array_equal(found.history.step, np.arange(len(losses)))
    jax.tree.map(
        lambda a, b: np.testing.assert_allclose(a, b, rtol=1e-8, atol=1e-12),
        found.state.params,
        state.params,
    )
    assert int(found.state.step) == len(losses)
    assert not found.interrupted


def test_neither_the_state_nor_the_parameters_nor_the_data_are_used_up():
    mine = params()
    state = train.init(mine, OPTIMIZER, KEY)
    before = jax.tree.map(jnp.copy, state)
    device_x = jnp.asarray(X)
    train.fit(LOSS, OPTIMIZER, state, (device_x, T), epochs=1, batch_size=8)
    assert_same_bits(state, before)
    assert_same_bits(mine, params())
    assert not device_x.is_deleted()


@pytest.mark.full
@pytest.mark.parametrize("lengths", [(1, 1), (3, 3), (256, 256), (2, 7)])
@pytest.mark.parametrize("batch_size", [8, 7])
def test_where_a_run_is_cut_changes_no_bit(lengths, batch_size, monkeypatch):
    whole = fitted(dropout_loss, batch_size=batch_size)
    lengths = iter(lengths * 100)
    monkeypatch.setattr(run, "_next_length", lambda length, seconds: next(lengths))
    cut = fitted(dropout_loss, batch_size=batch_size)
    assert_same_bits(whole, cut)


@pytest.mark.parametrize("loss", [LOSS, dropout_loss], ids=["plain", "dropout"])
def test_a_state_goes_on_where_it_stopped(loss):
    whole = fitted(loss, epochs=4)
    half = fitted(loss, epochs=2)
    rest = fitted(loss, epochs=4, state=half.state)
    assert_same_bits(whole.state, rest.state)
    np.testing.assert_array_equal(rest.history.step, np.arange(10, 20))
    np.testing.assert_array_equal(rest.history.loss, whole.history.loss[10:])
    done = fitted(loss, epochs=4, state=rest.state)
    assert_same_bits(done.state, rest.state)
    assert done.history.loss.shape == (0,)


@pytest.mark.full
def test_validation_and_metrics_after_every_epoch():
    x, t = rows(11, seed=1)
    of_accuracy = train.accuracy(MODEL)
    found = fitted(validation=(x, t), metrics={"accuracy": of_accuracy}, epochs=3, batch_size=7)
    np.testing.assert_array_equal(found.history.validation_step, [6, 12, 18])
    state = found.state.params
    assert found.history.validation_loss[-1] == pytest.approx(float(LOSS(state, x, t)), rel=1e-6)
    assert found.history.metrics["accuracy"][-1] == pytest.approx(float(of_accuracy(state, x, t)))
    assert found.history.metrics["accuracy"].shape == found.history.validation_loss.shape == (3,)
    assert_same_bits(found.state, fitted(epochs=3, batch_size=7).state)


def test_nothing_is_dropped_out_in_validation():
    found = fitted(dropout_loss, validation=(X, T), epochs=1)
    value = float(LOSS(found.state.params, X, T))
    assert found.history.validation_loss[0] == pytest.approx(value, rel=1e-6)


@pytest.mark.full
def test_no_tracer_leaks_and_no_key_is_used_twice():
    with jax.checking_leaks(), jax.debug_key_reuse(True):
        fitted(dropout_loss, epochs=1, validation=(X, T))
        optimizer = optax.sgd(0.1)
        state = train.init(params(), optimizer, KEY)
        train.train_step(dropout_loss, optimizer)(state, jnp.asarray(X), jnp.asarray(T))


def test_a_second_fit_compiles_nothing(compilations):
    fitted()
    compilations()
    fitted(epochs=5)
    assert compilations() == 0


@pytest.mark.full
def test_optimizers_in_their_kinds():
    kinds = [
        optax.lbfgs(),
        optax.MultiSteps(optax.adam(0.01), 2),
        optax.inject_hyperparams(optax.sgd)(optax.linear_schedule(0.1, 0.01, 10)),
        optax.noisy_sgd(0.01, key=jax.random.key(1)),
        optax.multi_transform(
            {"a": optax.adam(0.01), "b": optax.set_to_zero()},
            {"W1": "a", "b1": "b", "W2": "a", "b2": "b"},
        ),
    ]
    for optimizer in kinds:
        found = fitted(optimizer=optimizer, epochs=4)
        assert found.history.loss[-5:].mean() < found.history.loss[:5].mean()


def test_rows_of_any_rank_and_any_number_of_arrays():
    images = np.random.default_rng(0).normal(size=(12, 2, 3)).astype(np.float32)
    weights = np.linspace(0, 1, 12, dtype=np.float32)

    def loss(params, x, t, weight):
        return jnp.mean(weight * (jnp.einsum("nij,ij->n", x, params["W"]) - t) ** 2)

    state = train.init({"W": jnp.zeros((2, 3))}, OPTIMIZER, KEY)
    found = train.fit(
        loss, OPTIMIZER, state, (images, images.sum((1, 2)), weights), epochs=30, batch_size=5
    )
    assert found.history.loss[-1] < found.history.loss[0]


def test_ctrl_c_ends_with_the_state_so_far():
    calls = []

    def interrupt_after_some(length, seconds):
        calls.append(length)
        if len(calls) == 4:
            signal.raise_signal(signal.SIGINT)
        return 2

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(run, "_next_length", interrupt_after_some)
        stopped = fitted(dropout_loss, epochs=6)
    assert stopped.interrupted
    assert 0 < int(stopped.state.step) == len(stopped.history.loss) < 30
    rest = fitted(dropout_loss, epochs=6, state=stopped.state)
    assert_same_bits(rest.state, fitted(dropout_loss, epochs=6).state)


@pytest.mark.full
def test_ctrl_c_at_any_moment_of_a_process():
    program = """
import sys, jax, optax, numpy as np
from purenet import train
from tests.train.problem import KEY, LOSS, params, rows
x, t = rows(400)
state = train.init(params(), optax.sgd(0.1), KEY)
print("started", flush=True)
fit = train.fit(LOSS, optax.sgd(0.1), state, (x, t), epochs=10**6, batch_size=8)
assert fit.interrupted and int(fit.state.step) == len(fit.history.loss) > 0
assert np.isfinite(np.asarray(fit.state.params["W1"])).all()
print("ended")
"""
    process = subprocess.Popen(
        [sys.executable, "-c", program], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    try:
        assert process.stdout is not None
        assert process.stdout.readline() == "started\n"
        threading.Event().wait(4.0)
        process.send_signal(signal.SIGINT)
        output, errors = process.communicate(timeout=60)
    finally:
        process.kill()
    assert (output, process.returncode) == ("ended\n", 0)
    assert errors == ""  # no bar where the output is no terminal
