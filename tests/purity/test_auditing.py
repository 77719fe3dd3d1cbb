"""The audit as a whole: nothing of the caller's changes, whatever comes of the call."""

import copy
import random
import sys
import warnings

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from purenet.purity import ImpureLoss, assert_pure, audit
from tests.purity.found import found

total = 0


class Everything:
    """Changes whatever it can reach, then ends as it is told to."""

    shared = 0

    def __init__(self, end):
        self.end, self.n, self.W, self.history = end, 0, np.zeros(3), []
        self.view, self.config = self.W[1:], {"calls": {"n": 0}}
        self.rng, self.python = np.random.default_rng(0), random.Random(0)

    def loss(self, p, x):
        global total
        total += 1
        Everything.shared += 1
        self.n += 1
        self.W += 1.0
        self.view[0] = -1.0
        self.history.append(p)
        self.config["calls"]["n"] += 1
        self.new = self.rng.random() + self.python.random()
        p *= 2.0
        x[0] = 7.0
        np.random.seed(1)  # noqa: NPY002
        random.seed(1)
        print("changed")
        self.end()
        return float((p * x).sum())


def seen_of(everything):
    """All that a caller can see of it, and of the process."""
    own = {name: copy.deepcopy(v) for name, v in vars(everything).items() if name != "end"}
    own["rng"], own["python"] = own["rng"].bit_generator.state, own["python"].getstate()
    streams = sys.stdout, sys.stderr, sys.gettrace(), open, list(warnings.filters)
    randomness = random.getstate(), np.random.get_state()[1].tolist()  # noqa: NPY002
    methods = {name: id(value) for name, value in vars(Everything).items()}
    return repr((own, streams, randomness, methods, total, sys.getrecursionlimit()))


def fails():
    raise ZeroDivisionError("the caller's own")


def interrupted():
    raise KeyboardInterrupt


@pytest.mark.parametrize("end", [lambda: None, fails, interrupted])
def test_nothing_of_the_callers_changes(end, capsys, unchecked):
    everything, p, x = Everything(end), np.ones(3), np.arange(3.0)
    before = seen_of(everything)
    try:
        audit(everything.loss, p, x)
    except (ZeroDivisionError, KeyboardInterrupt) as error:
        raised = error
    else:
        raised = None
    assert {None: type(None), fails: ZeroDivisionError, interrupted: KeyboardInterrupt}.get(
        end, type(None)
    ) is type(raised)
    assert seen_of(everything) == before
    np.testing.assert_array_equal(p, np.ones(3))
    np.testing.assert_array_equal(x, np.arange(3.0))
    assert everything.view.base is everything.W
    assert "changed" in capsys.readouterr().out  # what is printed is printed


def test_all_of_it_is_found():
    everything = Everything(lambda: None)
    subjects = {subject for _, subject in found(everything.loss, np.ones(3), np.arange(3.0))}
    wanted = {"total", "Everything.shared", "self.n", "self.W", "self.history", "self.rng",
              "self.python", "self.config['calls']['n']", "self.new", "p", "x", "numpy.random",
              "random", "print"}  # fmt: skip
    assert wanted - {"self.new"} <= subjects  # new is made once: a cache until it changes again
    assert "self.new" in subjects


@pytest.mark.parametrize("xp", [np, jnp])
def test_the_callers_exception_comes_through(xp):
    def loss(p):
        raise KeyError("mine")

    with pytest.raises(KeyError, match="mine"):
        audit(loss, xp.ones(3))


def test_code_that_raises_elsewhere_is_audited_where_it_does_not():
    def loss(p):
        if p[0] != 1.0:
            raise ValueError("ones only")
        return float((p**2).sum())

    assert audit(loss, np.ones(3)).ok


def test_code_that_raises_under_a_trace_alone_is_called_as_it_is():
    def loss(p):
        if isinstance(p, jax.core.Tracer):
            raise RuntimeError("not under a trace")
        return jnp.sum(p**2)

    assert audit(loss, jnp.ones(3)).ok


@pytest.mark.parametrize(
    "function", [np.sum, jnp.sum, jax.jit(jnp.sum), jnp.linalg.norm], ids=["np", "jnp", "jit", "2"]
)
def test_functions_of_the_libraries(function):
    assert audit(function, jnp.arange(1.0, 4.0)).ok


def test_functions_without_source():
    names = {}
    exec("n = 0\ndef loss(p):\n    global n\n    n += 1\n    return p * 2.0", names)
    assert found(names["loss"], 1.0) == {("mutates-state", "n")}
    assert names["n"] == 0


def test_outputs_that_are_no_numbers():
    assert audit(lambda p: {"loss": jnp.sum(p), "name": "loss", "none": None}, jnp.ones(3)).ok
    assert found(lambda p: "loss", np.ones(3)) == {("ignored-parameter", "p")}
    assert found(lambda p: None, jnp.ones(3)) == {("ignored-parameter", "p")}


def test_assert_pure_raises_with_the_report():
    W = np.ones(3)
    with pytest.raises(ImpureLoss, match=r"2 findings: ignored-parameter, aliased-state") as raised:
        assert_pure(lambda p: float(W.sum()), W)
    assert raised.value.report.kinds == ("ignored-parameter", "aliased-state")
    assert assert_pure(lambda p: float((p**2).sum()), W).ok


BAD = {
    "no function": (
        lambda: audit(3, 1.0),
        r"got a function of type int; wanted something that can be called; pass the loss itself",
    ),
    "argnums out of range": (
        lambda: audit(lambda p: p, 1.0, argnums=3),
        r"got argnums=3 and 1 positional arguments; wanted .*; pass the differentiated arguments",
    ),
    "argnums no number": (
        lambda: audit(lambda p: p, 1.0, argnums=True),
        r"got argnums=True; wanted a whole number or a tuple of them; argnums=0 is the first",
    ),
    "no leaf": (
        lambda: audit(lambda p: 1.0, {}),
        r"got p without a single leaf; wanted one array at least .*; pass the parameters as this",
    ),
    "a string": (
        lambda: audit(lambda p: 1.0, "weights"),
        r"got p of type str; wanted an array or a number of a floating-point dtype; take it out",
    ),
    "a tracer": (
        lambda: jax.jit(lambda p: audit(lambda q: q["w"], {"w": p}).ok)(1.0),
        r"got q\['w'\] as a tracer, inside jit, vmap or grad; wanted numbers, .*; call it outside",
    ),
}


@pytest.mark.parametrize("call", BAD)
def test_bad_calls_are_told_in_three_parts(call, unchecked):
    make, message = BAD[call]
    with pytest.raises((TypeError, ValueError), match=message):
        make()
