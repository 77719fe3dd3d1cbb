"""Running by name: float64 for the run alone, exceptions kept, titles read without importing."""

import jax.numpy as jnp
import pytest

from comparisons import exhibits, measures, runs
from comparisons.claims import fact
from comparisons.exhibition import Exhibition
from comparisons.settings import Settings


class Measured:
    """The least a measure can return."""

    title = "a measure"
    holds = False

    def __rich__(self):
        return "its table"

    def record(self):
        return {"ratio": 2.0}


def test_an_exhibit_runs_in_float64_and_the_default_comes_back(monkeypatch):
    seen = []

    def run(name, settings):
        seen.append((name, jnp.zeros(()).dtype, settings))
        return Exhibition(name, "t", (fact("s", holds=True),))

    monkeypatch.setattr(exhibits, "run", run)
    given = Settings()
    outcome = runs.run("linear_model", given)
    assert seen == [("linear_model", jnp.dtype("float64"), given)]
    assert jnp.zeros(()).dtype == jnp.dtype("float32")
    assert outcome.name == "linear_model"
    assert outcome.holds
    assert outcome.seconds > 0


def test_an_exception_is_the_outcome_and_float64_ends_all_the_same(monkeypatch):
    error = IndexError("half-way")

    def run(name, settings):
        raise error

    monkeypatch.setattr(exhibits, "run", run)
    outcome = runs.run("linear_model", Settings())
    assert outcome.result is error
    assert not outcome.holds
    assert jnp.zeros(()).dtype == jnp.dtype("float32")


def test_an_interrupt_is_not_kept(monkeypatch):
    def run(name, settings):
        raise KeyboardInterrupt

    monkeypatch.setattr(exhibits, "run", run)
    with pytest.raises(KeyboardInterrupt):
        runs.run("linear_model", Settings())
    assert jnp.zeros(()).dtype == jnp.dtype("float32")


def test_a_measure_runs_through_its_own_registry(monkeypatch):
    def run(name, settings):
        return Measured()

    monkeypatch.setattr(measures, "NAMES", ("accuracy",))
    monkeypatch.setattr(measures, "run", run)
    outcome = runs.run("accuracy", Settings())
    assert isinstance(outcome.result, Measured)
    assert not outcome.holds


def test_a_title_is_the_first_line_of_the_docstring():
    assert runs.title("addition_net") == (
        "A net that only adds: f([[101]]) is still 107, until 101 is written into its list."
    )


def test_a_measure_without_its_file_says_which_file_to_add(monkeypatch):
    monkeypatch.setattr(measures, "NAMES", ("unwritten",))
    with pytest.raises(ModuleNotFoundError) as raised:
        runs.title("unwritten")
    assert str(raised.value) == (
        "got the name 'unwritten'; wanted a module comparisons.measures.unwritten; add it"
    )
