"""No false alarm: a part of the corpus checked, and the corpus and its table looked into."""

import io

import numpy as np
import pytest
from rich.console import Console

from comparisons.measures import alarms
from comparisons.measures.alarms import Alarms
from comparisons.measures.alarms.corpus import DEFECTS, cases, unclaimed
from comparisons.measures.alarms.verdicts import Verdict

# all of them take half an hour: python -m comparisons alarms
SAMPLE = [case for case in cases() if case.name not in DEFECTS][::32]
QUICK = SAMPLE[1::7]  # and these a few seconds


def verdict(function="jax.nn.relu", alarm="", dtype="float64"):
    return Verdict(function, dtype, 0, alarm, 6, "", 0.1)


@pytest.mark.parametrize(
    "case",
    [
        pytest.param(case, id=case.name, marks=() if case in QUICK else pytest.mark.full)
        for case in SAMPLE
    ],
)
def test_a_right_derivative_raises_no_alarm(case):
    found = alarms.of_case(case, points=1)
    assert [v.alarm for v in found] == ["", ""]
    assert all(v.compared for v in found)


def test_the_corpus_is_found_by_introspection_and_large():
    names = [case.name for case in cases()]
    assert len(names) == len(set(names))
    assert len({name.split("[")[0] for name in names}) >= 250
    for namespace in (
        "jax.nn.", "jax.numpy.", "jax.numpy.linalg.", "jax.scipy.special.", "jax.scipy.stats.",
        "jax.lax.", "optax.losses.",
    ):  # fmt: skip
        assert any(name.startswith(namespace) for name in names), namespace
    assert "jax.scipy.stats.norm.logpdf" in names
    assert unclaimed() == []


def test_points_are_random_but_the_same_each_time():
    case = SAMPLE[0]
    first, second = (case.arguments(np.random.default_rng(3), np.dtype(np.float64)) for _ in "ab")
    for one, other in zip(first, second, strict=True):
        np.testing.assert_array_equal(one, other)


def test_alarms_are_counted_and_break_the_promise():
    many = [verdict(f"jax.nn.f{i}") for i in range(250)]
    assert Alarms(many).holds
    found = Alarms([*many, verdict(alarm="jax disagrees")])
    assert not found.holds
    console = Console(file=io.StringIO(), width=110)
    console.print(found)
    assert "jax.nn.relu in float64, point 0: jax disagrees" in console.file.getvalue()


def test_known_defects_of_jax_are_listed_with_their_evidence():
    name = "jax.scipy.special.spence"
    many = [verdict(f"jax.nn.f{i}") for i in range(250)]
    found = Alarms([*many, verdict(name, alarm="x[0]: jax nan, fd 0, inf bounds apart  (rev)")])
    assert found.holds
    assert found.record()["defects"] == {name: DEFECTS[name].reason}


@pytest.mark.parametrize("alarm", ["jax 1.0, fd 0.5 (rev)", "jax nan, fd 0.5 (fwd)"])
def test_another_alarm_on_such_a_function_is_a_false_one(alarm):
    many = [verdict(f"jax.nn.f{i}") for i in range(250)]
    assert not Alarms([*many, verdict("jax.scipy.special.spence", alarm=alarm)]).holds


def test_too_few_functions_break_the_promise():
    assert not Alarms([verdict()]).holds


def test_distributions_belong_to_their_namespace():
    assert verdict("jax.scipy.stats.norm.logpdf").namespace == "jax.scipy.stats"
    assert verdict("jax.numpy.fft.irfft[odd]").namespace == "jax.numpy.fft"
