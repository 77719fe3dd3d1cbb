"""The step: optax's own, donated, compiled once, with a key of its own where the loss takes one."""

import functools

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from purenet import nn, train
from tests.sampling import sample
from tests.train.problem import KEY, LOSS, assert_same_bits, dropout_loss, params, rows

BATCH = tuple(map(jnp.asarray, rows(8)))


def by_hand(loss, optimizer, params, steps):
    """What optax's own documentation writes."""
    opt_state, values = optimizer.init(params), []
    for _ in range(steps):
        value, grads = jax.value_and_grad(loss)(params, *BATCH)
        updates, opt_state = optimizer.update(grads, opt_state, params)
        params = optax.apply_updates(params, updates)
        values.append(value)
    return params, values


@pytest.mark.parametrize(
    "optimizer",
    sample(
        [
            optax.sgd(0.1),
            optax.chain(optax.clip_by_global_norm(0.1), optax.adamw(1e-2)),
            optax.sgd(optax.exponential_decay(0.5, 2, 0.5), momentum=0.9),
        ],
        every=3,
    ),
    ids=["sgd", "chain", "schedule"],
)
def test_the_steps_are_those_that_optax_takes_by_hand(optimizer, x64):
    expected, losses = by_hand(LOSS, optimizer, params(), 5)
    state = train.init(params(), optimizer, KEY)
    step = train.train_step(LOSS, optimizer)
    for loss in losses:
        state, value = step(state, *BATCH)
        assert float(value) == pytest.approx(float(loss), rel=1e-13)
    jax.tree.map(lambda a, b: np.testing.assert_allclose(a, b, rtol=1e-12), state.params, expected)
    assert int(state.step) == 5


@pytest.mark.full
@pytest.mark.parametrize(
    "optimizer",
    sample(
        [
            optax.lbfgs(),
            optax.polyak_sgd(),
            optax.chain(optax.sgd(0.1), optax.contrib.reduce_on_plateau()),
            optax.contrib.sam(optax.sgd(0.1), optax.sgd(0.05)),
        ],
        every=4,
    ),
    ids=["lbfgs", "polyak", "plateau", "sam"],
)
def test_optimizers_that_want_the_loss_get_it(optimizer):
    state = train.init(params(), optimizer, KEY)
    step = train.train_step(LOSS, optimizer)
    state, first = step(state, *BATCH)
    for _ in range(9):
        state, value = step(state, *BATCH)
    assert float(value) < float(first)


def test_a_step_uses_its_state_up_and_nothing_else():
    mine = params()
    before = jax.tree.map(np.asarray, mine)
    optimizer = optax.adam(0.01)
    state = train.init(mine, optimizer, KEY)
    after, _ = train.train_step(LOSS, optimizer)(state, *BATCH)
    assert state.params["W1"].is_deleted()
    assert not BATCH[0].is_deleted()
    assert_same_bits(mine, before)
    assert_same_bits(after.key, KEY)  # the caller's own key is still there to be read


def test_the_same_loss_and_optimizer_are_compiled_once():
    traced = []

    def loss(params, x, t):
        traced.append(1)
        return LOSS(params, x, t)

    optimizer = optax.sgd(0.1)
    state = train.init(params(), optimizer, KEY)
    state, _ = train.train_step(loss, optimizer)(state, *BATCH)
    count = len(traced)
    for _ in range(3):
        state, _ = train.train_step(loss, optimizer)(state, *BATCH)
    assert len(traced) == count


def test_a_loss_with_a_key_gets_another_one_at_every_step_and_the_same_in_another_run():
    def loss(params, x, *, key):
        return jax.random.uniform(key) + 0 * params["w"]

    def losses(key):
        state = train.init({"w": 0.0}, optax.sgd(0.1), key)
        step, values = train.train_step(loss, optax.sgd(0.1)), []
        for _ in range(4):
            state, value = step(state, jnp.zeros(1))
            values.append(float(value))
        return values

    assert len(set(losses(KEY))) == 4
    assert losses(KEY) == losses(KEY)
    assert losses(KEY) != losses(jax.random.key(8))
    folded = [float(jax.random.uniform(jax.random.fold_in(KEY, step))) for step in range(4)]
    assert losses(KEY) == pytest.approx(folded)


@pytest.mark.full
def test_dropout_trains_by_key():
    optimizer = optax.sgd(0.1)
    state = train.init(params(), optimizer, KEY)
    _, dropped = train.train_step(dropout_loss, optimizer)(state, *BATCH)
    assert float(dropped) != pytest.approx(float(LOSS(params(), *BATCH)), rel=1e-3)


def test_a_partial_and_a_jitted_loss_are_losses():
    def scaled(scale, params, x, t):
        return scale * LOSS(params, x, t)

    for loss in (functools.partial(scaled, 2.0), jax.jit(functools.partial(scaled, 2.0))):
        state = train.init(params(), optax.sgd(0.1), KEY)
        _, value = train.train_step(loss, optax.sgd(0.1))(state, *BATCH)
        assert float(value) == pytest.approx(2 * float(LOSS(params(), *BATCH)))


@pytest.mark.full
def test_half_precision_parameters_stay_so():
    for dtype in (jnp.float16, jnp.bfloat16):
        optimizer = optax.sgd(optax.linear_schedule(0.1, 0.01, 10), momentum=0.9)
        state = train.init(params(dtype), optimizer, KEY)
        batch = (BATCH[0].astype(dtype), BATCH[1])
        state, value = train.train_step(LOSS, optimizer)(state, *batch)
        assert state.params["W1"].dtype == value.dtype == dtype


def stepped(loss, params):
    optimizer = optax.sgd(0.1)
    return train.train_step(loss, optimizer)(train.init(params, optimizer, KEY), *BATCH)


def test_a_loss_that_is_not_scalar_is_refused():
    with pytest.raises(ValueError, match=r"got a loss of shape \(8, 3\); wanted a scalar, .*mean"):
        stepped(lambda params, x, t: nn.linear(x, params["W"]), {"W": jnp.ones((6, 3))})


def test_a_loss_with_auxiliary_values_is_refused():
    with pytest.raises(TypeError, match="got a loss that returns a tuple; wanted one number"):
        stepped(lambda params, x, t: (LOSS(params, x, t), x), params())


@pytest.mark.parametrize("dtype", [jnp.int32, jnp.complex64])
def test_a_loss_that_is_no_real_number_is_refused(dtype):
    with pytest.raises(TypeError, match=f"got a loss of dtype {jnp.dtype(dtype)}; wanted a real"):
        stepped(lambda params, x, t: params["w"].astype(dtype), {"w": jnp.ones(())})


def test_integer_parameters_of_a_state_made_by_hand_are_refused():
    state = train.TrainState({"w": jnp.ones((), int)}, (), jnp.zeros((), jnp.int32), KEY)
    with pytest.raises(TypeError, match=r"got params\['w'\] of dtype int32; wanted a floating"):
        train.train_step(lambda params, x, t: 0.0, optax.sgd(0.1))(state, *BATCH)


def test_what_is_no_loss_or_cannot_be_remembered_is_refused(unchecked):
    with pytest.raises(TypeError, match="got a loss of type float; wanted a function of"):
        train.train_step(0.5, optax.sgd(0.1))

    class Unhashable(dict):
        def __call__(self):
            return 0.0

    with pytest.raises(TypeError, match=r"of type Unhashable, which cannot be hashed; .* wrap it"):
        train.train_step(Unhashable(), optax.sgd(0.1))


@pytest.mark.parametrize(
    ("made_with", "passed", "message"),
    [
        (
            optax.adam(0.1),
            optax.sgd(0.1),
            r"with opt_state\[0\].count of shape \(\) where .* nothing",
        ),
        (optax.sgd(0.1), optax.adam(0.1), r"with nothing where .* opt_state\[0\].count of shape"),
    ],
)
def test_a_state_of_another_optimizer_is_refused(made_with, passed, message):
    state = train.init(params(), made_with, KEY)
    with pytest.raises(ValueError, match=f"got a state {message}.*; pass that, or begin anew"):
        train.train_step(LOSS, passed)(state, *BATCH)
    with pytest.raises(ValueError, match=f"got a state {message}"):
        train.fit(LOSS, passed, state, BATCH, epochs=1, batch_size=4)


@pytest.mark.parametrize("state", [{"params": 1.0}, None, ()])
def test_what_is_no_state_is_refused(state):
    message = r"got a state of type (dict|NoneType|tuple); wanted a TrainState; pass train\.init"
    with pytest.raises(TypeError, match=message):
        train.train_step(LOSS, optax.sgd(0.1))(state, *BATCH)


def test_what_is_no_mesh_is_refused(unchecked):
    with pytest.raises(TypeError, match=r"got a mesh of type int; wanted a jax\.sharding\.Mesh"):
        train.train_step(LOSS, optax.sgd(0.1), mesh=4)
