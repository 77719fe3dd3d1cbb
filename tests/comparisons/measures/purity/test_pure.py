"""The pure programs are pure, and draw from nothing global; shown without an audit."""

import copy
import random
from types import FunctionType

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from comparisons.measures.purity.lookup import looked_up, state_of
from comparisons.measures.purity.programs import impure, pure
from tests.comparisons.measures.purity.experiments import (
    gradients,
    is_jax,
    moved,
    parameters,
    subjects,
)

pytestmark = pytest.mark.full


@pytest.mark.parametrize("program", pure(), ids=lambda program: program.name)
def test_a_pure_program_is_pure(program):
    function, args = program.build()
    first = function(*args)  # fills the caches
    before = _surroundings(function, args)
    assert np.array_equal(function(*args), first)
    assert np.array_equal(function(*copy.deepcopy(args) if not is_jax(program) else args), first)
    assert _surroundings(function, args) == before
    near = moved(program, function, args, 0.01)
    function(*near)
    assert _surroundings(function, args) == before
    alive = (
        gradients(program, function, near)
        if is_jax(program)
        else _differences(program, function, near)
    )
    for path, derivative in alive.items():
        assert np.all(np.isfinite(derivative)), path
        assert np.any(derivative), path


def _surroundings(function, args):
    names = list(function.__code__.co_freevars) if isinstance(function, FunctionType) else []
    held = getattr(function, "__self__", None)
    return state_of(args), [state_of(looked_up(function, n)) for n in names], state_of(held)


def _differences(program, function, args):
    return {
        path: function(*moved(program, function, args, 1e-3, only=path)) - function(*args)
        for path in parameters(program, function, args)
    }


@pytest.mark.parametrize(
    "program",
    [p for p in impure() if "leaked-tracer" not in p.kinds] + pure(),
    ids=lambda p: p.name,
)
def test_nothing_else_draws_from_global_generators(program):
    function, args = program.build()
    states = {"numpy.random": np.random.get_state, "random": random.getstate}
    before = {name: state_of(state()) for name, state in states.items()}
    function(*args)
    drawn = [name for name, state in states.items() if state_of(state()) != before[name]]
    assert drawn == subjects(program, "global-random")


@pytest.mark.parametrize(
    "program", [p for p in impure() + pure() if ".keys." in p.name], ids=lambda p: p.name
)
def test_jax_itself_sees_which_keys_are_used_twice(program):
    function, args = program.build()
    raw = program.name.endswith("raw_keys")  # which JAX does not follow
    args = jax.tree.map(lambda a: _typed(a) if raw else a, args)
    with jax.debug_key_reuse(True):
        if program.kinds == {"key-reuse"}:
            with pytest.raises(jax.errors.KeyReuseError):
                jax.jit(function)(*args)
        else:
            jax.jit(function)(*args)


def _typed(leaf):
    return jax.random.wrap_key_data(leaf) if leaf.dtype == jnp.uint32 else leaf
