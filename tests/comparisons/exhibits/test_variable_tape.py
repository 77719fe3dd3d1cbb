"""The tape and its plain-function twin: forward, backward, the doubled gradient, higher orders."""

import math

import jax
import numpy as np
import pytest

from comparisons.exhibits.variable_tape import audits, exhibit, pure
from comparisons.exhibits.variable_tape.mutating import (
    Add,
    Exp,
    Function,
    Square,
    Variable,
    as_array,
    numerical_diff,
)
from comparisons.settings import Settings
from purenet import nn


def test_add_of_2_and_3_is_5_on_both_sides():
    (y,) = Add()([Variable(np.array(2)), Variable(np.array(3))])
    assert y.data == 5
    assert int(nn.add(2, 3)) == 5


def test_a_function_takes_and_returns_lists_and_keeps_its_variables():
    x = Variable(np.array(2.0))
    f = Square()
    outputs = f([x])
    assert isinstance(outputs, list)
    assert outputs[0].creator is f
    assert f.inputs == [x]
    assert f.outputs is outputs


def test_as_array_turns_numpys_scalars_into_arrays():
    assert isinstance(as_array(np.array(2.0) ** 2), np.ndarray)


@pytest.mark.parametrize("value", [-1.0, 0.0, 0.5])
def test_both_sides_agree_with_the_closed_form(value, x64):
    x = Variable(np.array(value))
    exhibit.composed(x).backward()
    exact = 4 * value * math.exp(2 * value**2)
    assert float(x.grad) == pytest.approx(exact, abs=1e-13)
    assert float(pure.backward(pure.composed, value)[0]) == pytest.approx(exact, abs=1e-13)


def test_numerical_diff_is_a_central_difference():
    x = Variable(np.array(2.0))
    difference = numerical_diff(lambda v: Square()([v])[0], x)
    assert float(difference) == pytest.approx(4.0, abs=1e-10)
    assert x.data == 2.0


def test_backward_of_many_inputs_visits_shared_functions_once():
    x = Variable(np.array(2.0))
    (a,) = Square()([x])
    Add()([a, Square()([a])[0]])[0].backward()
    assert x.grad == 2 * 2.0 + 4 * 2.0**3


def test_gradients_double_on_a_second_backward():
    x = Variable(np.array(3.0))
    (y,) = Exp()([x])
    y.backward()
    once = float(x.grad)
    y.backward()
    assert float(x.grad) == 2 * once


def test_the_pure_gradient_is_the_same_twice_and_under_jit(x64):
    f = jax.jit(lambda x: pure.backward(nn.square, x)[0])
    assert [float(f(3.0)), float(f(3.0)), float(pure.backward(nn.square, 3.0)[0])] == [6.0] * 3


def test_the_base_class_says_what_is_missing():
    with pytest.raises(NotImplementedError):
        Function()([Variable(np.array(1.0))])


def test_the_audit_finds_what_outlives_the_call_and_nothing_else(x64):
    again, reused, fresh, twin = audits.run(exhibit.composed, 0.5)[0]
    assert {(f.kind, f.subject) for f in again.report.findings} == {
        ("mutates-state", "x.grad"),
        ("ignored-parameter", "data"),
        ("aliased-state", "x.data"),
    }
    assert [f.subjects for f in reused.report.findings] == [("square.inputs", "square.outputs")]
    assert fresh.report.ok
    assert twin.report.ok


@pytest.mark.full
def test_every_claim_holds(x64):
    shown = exhibit.run(Settings())
    assert [claim.sentence for claim in shown.claims if not claim.holds] == []
    assert len(shown.claims) == 18
    assert shown.ablation is None
    assert shown.holds
