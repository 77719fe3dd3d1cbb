"""Every impure program is what it claims, shown by a plain experiment without an audit."""

import builtins
import gc
import random
from types import FunctionType

import jax
import numpy as np
import pytest
from jax.errors import ConcretizationTypeError, TracerArrayConversionError

from comparisons.measures.purity.lookup import looked_up, state_of
from comparisons.measures.purity.programs import impure
from purenet import trees
from tests.comparisons.measures.purity.experiments import (
    by_path,
    copied,
    gradients,
    is_jax,
    moved,
    parameters,
    subjects,
)

pytestmark = pytest.mark.full

CALLBACKS = ("jax.debug.print", "jax.debug.callback", "io_callback")


def of_kind(*kinds):
    found = [p for p in impure() if p.kinds & set(kinds)]
    return pytest.mark.parametrize("program", found, ids=lambda program: program.name)


@of_kind("ignored-parameter")
def test_an_ignored_parameter_changes_nothing_however_far_it_moves(program):
    function, args = program.build()
    value = function(*args)
    for leaf in parameters(program, function, args):
        elsewhere = moved(program, function, args, 10.0, only=leaf)
        ignored = leaf in subjects(program, "ignored-parameter")
        assert np.array_equal(function(*elsewhere), value) == ignored
    if is_jax(program):
        for leaf, gradient in gradients(program, function, args).items():
            assert np.any(gradient) != (leaf in subjects(program, "ignored-parameter"))


@of_kind("captured-array", "aliased-state")
def test_what_is_read_instead_is_a_captured_array_of_the_leafs_shape(program):
    function, args = program.build()
    leaves = parameters(program, function, args)
    ignored = {np.shape(leaves[path]) for path in subjects(program, "ignored-parameter")}
    for name in subjects(program, "captured-array"):
        array = looked_up(function, name)
        if ignored:
            assert array.shape in ignored
            assert not any(array is leaf for leaf in leaves.values())
        else:
            assert any(array is leaf for leaf in leaves.values())
    for name in subjects(program, "aliased-state"):
        array = looked_up(function, name)
        assert any(np.shares_memory(array, leaf) for leaf in leaves.values())
        value = function(*args)
        array += 1.0  # what the in-place perturbation of the book does
        assert function(*args) != value


@of_kind("stale-capture")
def test_a_stale_loss_is_not_what_its_source_says(program):
    function, args = program.build()
    compiled = function(*args)
    with jax.disable_jit():
        assert abs(function(*args) - compiled) > 1e-3
    assert looked_up(function, *subjects(program, "stale-capture")) is not None


@of_kind("zero-derivative")
def test_a_staircase_moves_by_steps_only(program):
    function, args = program.build()
    value = function(*args)
    flat = subjects(program, "zero-derivative")
    for leaf in parameters(program, function, args):
        if leaf in flat:
            far = [function(*moved(program, function, args, 5.0, s, leaf)) for s in range(5)]
            assert any(v != value for v in far)
        if not is_jax(program):
            near = function(*moved(program, function, args, 1e-6, only=leaf))
            assert (near == value) == (leaf in flat)
    if is_jax(program):
        for leaf, gradient in gradients(program, function, args).items():
            assert np.any(gradient) != (leaf in flat)


@of_kind("vanishing-derivative")
def test_a_vanishing_derivative_is_zero_all_around(program):
    function, args = program.build()
    for seed in range(3):
        near = moved(program, function, args, 0.1, seed)
        for leaf, gradient in gradients(program, function, near).items():
            assert np.any(gradient) != (leaf in subjects(program, "vanishing-derivative"))


@of_kind("mutates-argument")
def test_an_argument_is_written_to(program):
    function, args = program.build()
    (subject,) = subjects(program, "mutates-argument")
    before, container = state_of(args), args
    function(*args)
    if program.name.endswith("perturbed_and_restored"):
        assert state_of(args) == before
        args[0].flags.writeable = False
        with pytest.raises(ValueError, match="read-only"):
            function(*args)
        return
    assert state_of(args) != before
    if subject is not None:
        fresh = program.build()[1]
        assert state_of(by_path(function, fresh, subject)) != state_of(
            by_path(function, container, subject)
        )
        changed = by_path(function, container, subject)
        if isinstance(changed, np.ndarray):  # put it back: nothing else has changed
            changed[...] = by_path(function, fresh, subject)
            assert state_of(args) == before


@of_kind("mutates-state")
def test_state_changes_at_later_calls_too(program):
    function, args = program.build()
    for name in subjects(program, "mutates-state"):
        function(*copied(args))
        first = _state_after(function, name)
        function(*moved(program, function, args, 0.5))
        if program.name.endswith("by_a_jitted_method"):  # later calls find the compiled one
            assert "tracer" in str(first)
        else:
            assert _state_after(function, name) != first


def _state_after(function, name):
    return state_of(looked_up(function, name))


@of_kind("leaked-tracer")
def test_a_tracer_is_left_behind(program):
    function, args = program.build()
    for name in subjects(program, "leaked-tracer"):
        jax.make_jaxpr(function)(*args)
        assert "tracer" in str(_state_after(function, name))


@of_kind("nondeterministic")
def test_two_calls_of_programs_made_alike_differ(program):
    values = set()
    for _ in range(3):
        np.random.seed(0)  # noqa: NPY002, no difference may come from there
        random.seed(0)
        function, args = program.build()
        values.add(float(function(*args)))
    assert len(values) > 1
    assert subjects(program, "nondeterministic") in ([None], [getattr(function, "__name__", "")])


@of_kind("late-binding")
def test_siblings_share_the_cell_of_the_loops_variable(program):
    function, args = program.build()
    function(*args)
    for name in subjects(program, "late-binding"):
        alive = [
            f
            for f in gc.get_objects()
            if type(f) is FunctionType and name in f.__code__.co_freevars  # nobody else is asked
        ]
        cells = [(f.__code__, id(f.__closure__[f.__code__.co_freevars.index(name)])) for f in alive]
        assert max(cells.count(cell) for cell in cells) >= 2


@of_kind("side-effect")
def test_the_effect_takes_place(program, capsys, caplog, monkeypatch):
    (subject,) = subjects(program, "side-effect")
    function, args = program.build()
    opened = []
    as_ever = builtins.open
    monkeypatch.setattr(builtins, "open", lambda *a: opened.append(a) or as_ever(*a))
    function(*args)
    jax.effects_barrier()
    said = capsys.readouterr()
    assert bool(said.out or said.err) == (
        subject in ("print", "sys.stdout.write", "jax.debug.print")
    )
    logged = [record for record in caplog.records if not record.name.startswith("jax")]
    assert bool(logged) == (subject == "logging")
    assert bool(opened) == (subject == "open")
    effects = jax.make_jaxpr(function)(*args).effects if is_jax(program) else ()
    assert bool(effects) == (subject in CALLBACKS)


@of_kind("integer-parameter")
def test_an_integer_parameter_has_no_derivative(program):
    function, args = program.build()
    for path, leaf in parameters(program, function, args).items():
        integer = path in subjects(program, "integer-parameter")
        assert trees.is_differentiable(leaf) != integer


@of_kind("numpy-on-tracer")
def test_what_runs_cannot_be_traced(program):
    function, args = program.build()
    assert np.isfinite(function(*args))
    with pytest.raises((ConcretizationTypeError, TracerArrayConversionError)):
        jax.make_jaxpr(function)(*args)
