"""The state before the first step: everything copied, everything checked."""

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from purenet import train
from tests.train.problem import KEY, assert_same_bits, params


def test_a_state_has_the_parameters_the_optimizers_state_step_zero_and_the_key():
    optimizer = optax.adam(0.01)
    state = train.init(params(), optimizer, KEY)
    assert_same_bits(state.params, params())
    assert_same_bits(state.opt_state, optimizer.init(params()))
    assert (int(state.step), state.step.dtype) == (0, jnp.int32)
    assert_same_bits(state.key, KEY)
    assert len(jax.tree.leaves(state)) == 4 + (1 + 8) + 1 + 1


def test_no_buffer_is_shared_with_the_caller_nor_between_leaves():
    tied = jnp.ones(3)
    state = train.init({"a": tied, "b": tied}, optax.sgd(0.1), KEY)
    pointers = [leaf.unsafe_buffer_pointer() for leaf in state.params.values()]
    assert tied.unsafe_buffer_pointer() not in pointers
    assert len(set(pointers)) == 2
    own = np.ones(1000)
    state = train.init({"a": own}, optax.sgd(0.1), KEY)
    own[:] = 0  # NumPy memory that JAX may alias where it does not copy
    assert (state.params["a"] == 1).all()


def test_numbers_and_weak_types_become_plain_arrays():
    state = train.init({"w": 1.5, "v": jnp.asarray(2.0)}, optax.sgd(0.1), KEY)
    assert all(leaf.dtype == jnp.float32 for leaf in state.params.values())
    assert not any(leaf.weak_type for leaf in state.params.values())


def test_a_raw_key_is_wrapped():
    assert_same_bits(train.init(params(), optax.sgd(0.1), jax.random.PRNGKey(7)).key, KEY)
    raw = np.asarray(jax.random.PRNGKey(7))
    assert_same_bits(train.init(params(), optax.sgd(0.1), raw).key, KEY)


@pytest.mark.parametrize("key", [0, None, jnp.zeros(2), np.zeros((2, 2), np.uint32), "0"])
def test_what_is_no_key_is_refused(key):
    with pytest.raises(TypeError, match=r"got a key of type .*; wanted one .*; pass jax.random"):
        train.init(params(), optax.sgd(0.1), key)


def test_several_keys_are_refused():
    keys = jax.random.split(KEY, 3)
    with pytest.raises(TypeError, match=r"got a key of type .* and shape \(3,\); wanted one"):
        train.init(params(), optax.sgd(0.1), keys)


@pytest.mark.parametrize("leaf", [1, np.ones(2, int), jnp.ones(2, bool)])
def test_an_integer_parameter_is_refused_by_its_path(leaf):
    with pytest.raises(TypeError, match=r"got params\['layers'\]\[0\] of dtype .*; wanted a float"):
        train.init({"layers": [leaf]}, optax.sgd(0.1), KEY)


@pytest.mark.parametrize("empty", [{}, None, [()]])
def test_no_parameter_at_all_is_refused(empty):
    with pytest.raises(ValueError, match=r"got params without a leaf, .*; wanted .*; pass what"):
        train.init(empty, optax.sgd(0.1), KEY)


@pytest.mark.parametrize("optimizer", [optax.sgd, 0.1, None])
def test_what_is_no_optimizer_is_refused(optimizer):
    with pytest.raises(TypeError, match=r"got an optimizer of type .*; pass optax.sgd\(0.1\), say"):
        train.init(params(), optimizer, KEY)
