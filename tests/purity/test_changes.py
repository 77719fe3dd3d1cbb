"""What a call changes, leaks, and asks of a tracer."""

import collections
import contextvars
import functools
import threading

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from purenet.purity import audit
from tests.purity.found import found, line, places

p = np.ones(3)


def test_writing_into_an_argument():
    def loss(p, x):
        x -= x.mean()  # writes
        return float((p * x).sum())

    assert found(loss, p, np.arange(3.0)) == {("mutates-argument", "x")}
    assert places(loss, p, np.arange(3.0)) == {"mutates-argument": line(loss, "# writes")}


def test_writing_and_putting_back():
    def loss(p):
        p[0] += 1.0  # writes
        value = float(p.sum())
        p[0] -= 1.0
        return value

    assert found(loss, p) == {("mutates-argument", "p")}
    assert places(loss, p) == {"mutates-argument": line(loss, "# writes")}


def test_writing_into_a_copy_of_an_argument():
    def loss(p):
        p = p.copy()
        p[0] = 2.0
        return float((p**2).sum())

    assert audit(loss, p).ok


def test_taking_out_of_a_container_that_was_passed():
    assert found(lambda p: p.pop("w") * 2.0, {"w": 1.0}) == {("mutates-argument", "p")}


class Counter:
    total = 0

    def __init__(self):
        self.calls = 0

    def loss(self, p):
        self.calls += 1  # counts
        return (p**2).sum()

    def class_wide(self, p):
        type(self).total += 1
        return (p**2).sum()


@pytest.mark.parametrize("xp", [np, jnp])
def test_counting_in_an_attribute(xp):
    assert found(Counter().loss, xp.ones(3)) == {("mutates-state", "self.calls")}
    assert places(Counter().loss, xp.ones(3)) == {"mutates-state": line(Counter, "# counts")}


@pytest.mark.parametrize("xp", [np, jnp])
def test_counting_in_a_class(xp):
    assert found(Counter().class_wide, xp.ones(3)) == {("mutates-state", "Counter.total")}
    assert Counter.total == 0


def test_counting_in_a_metaclass():
    class Meta(type):
        made = 0

        def __call__(cls, *args):
            Meta.made += 1
            return super().__call__(*args)

    class Square(metaclass=Meta):
        def __init__(self, p):
            self.value = p**2

    assert found(lambda p: float(Square(p).value.sum()), p) == {("mutates-state", "Meta.made")}
    assert Meta.made == 0


HOLDERS = {
    "list": (list, lambda thing: thing.append(1)),
    "dict": (dict, lambda thing: thing.__setitem__("n", thing.get("n", 0) + 1)),
    "defaultdict": (
        lambda: collections.defaultdict(int),
        lambda thing: thing.__setitem__("n", thing["n"] + 1),
    ),
    "deque": (collections.deque, lambda thing: thing.append(1)),
    "bytearray": (lambda: bytearray(1), lambda thing: thing.append(1)),
    "iterator": (lambda: iter(range(100)), next),
    "generator": (lambda: (i for i in range(100)), next),
    "rng": (lambda: np.random.default_rng(0), lambda rng: rng.random()),
    "bits": (lambda: np.random.PCG64(0), lambda bits: bits.random_raw()),
    "array": (lambda: np.zeros(2), lambda thing: thing.__setitem__(0, thing[0] + 1)),
}


@pytest.mark.parametrize("holder", HOLDERS)
def test_what_is_captured_and_changed_is_named_by_itself(holder):
    make, change = HOLDERS[holder]
    thing = make()

    def loss(p):
        change(thing)
        return float((p**2).sum())

    ((kind, subject),) = found(loss, p)
    assert kind == "mutates-state"
    assert subject in ("thing", "thing['n']")


def test_variables_of_a_thread_and_of_a_context():
    local, variable = threading.local(), contextvars.ContextVar("variable", default=0)
    local.n = 0

    def loss(p):
        local.n += 1
        variable.set(variable.get() + 1)
        return float((p**2).sum())

    assert found(loss, p) == {("mutates-state", "local.n"), ("mutates-state", "variable")}
    assert (local.n, variable.get()) == (0, 0)


def test_a_reference_of_jax():
    total = jax.new_ref(jnp.zeros(3))

    def loss(p):
        total[...] = total[...] + p  # writes
        return jnp.sum(total[...] * p)

    assert found(loss, jnp.ones(3)) == {("mutates-state", "total")}
    np.testing.assert_array_equal(total[...], np.zeros(3))
    assert audit(lambda p: jnp.sum(total[...] + p), jnp.ones(3)).ok

    def local(p):
        own = jax.new_ref(jnp.zeros(3))
        own[...] = p**2
        return jnp.sum(own[...])

    assert audit(local, jnp.ones(3)).ok


def test_settings_of_the_process():
    def loss(p):
        np.seterr(all="ignore")
        jax.config.update("jax_default_matmul_precision", "highest")
        return jnp.sum(p**2)

    before = np.geterr(), jax.config.jax_default_matmul_precision
    kinds = {("mutates-state", "np.seterr"), ("mutates-state", "jax.config")}
    assert found(loss, jnp.ones(3)) == kinds
    assert (np.geterr(), jax.config.jax_default_matmul_precision) == before


def test_a_cache_is_a_note():
    cache = {}

    def loss(p):
        if "eye" not in cache:
            cache["eye"] = np.eye(3)
        return float((cache["eye"] @ p).sum())

    report = audit(loss, p)
    assert report.ok
    assert [(n.kind, n.subject) for n in report.notes] == [("mutates-state", "cache")]
    assert cache == {}
    assert audit(functools.cache(lambda p: p * 2.0), 1.0).ok


class Storing:
    last = None

    def loss(self, p):
        self.last = p * 2.0  # stays
        return jnp.sum(self.last)


def test_a_tracer_left_in_an_attribute():
    kinds = {("mutates-state", "self.last"), ("leaked-tracer", "self.last")}
    assert found(Storing().loss, jnp.ones(3)) == kinds
    assert places(Storing().loss, jnp.ones(3))["leaked-tracer"] == line(Storing, "# stays")


def test_a_tracer_that_was_there_before():
    storing = Storing()
    jax.grad(storing.loss)(jnp.ones(3))
    assert ("leaked-tracer", "self.last") in found(storing.loss, jnp.ones(3))


def test_numpy_on_a_tracer():
    def loss(p):
        scale = float(p[0])  # asks
        return scale * jnp.sum(p)

    assert {kind for kind, _ in found(loss, jnp.ones(3))} == {"numpy-on-tracer"}
    assert places(loss, jnp.ones(3))["numpy-on-tracer"] == line(loss, "# asks")


def test_a_branch_on_a_tracer():
    def loss(p):
        if p[0] > 0:  # asks
            return jnp.sum(p**2)
        return jnp.sum(p)

    assert found(loss, jnp.ones(3)) == {("numpy-on-tracer", "loss")}
    assert places(loss, jnp.ones(3))["numpy-on-tracer"] == line(loss, "# asks")


def test_numpy_on_numbers_that_are_not_traced():
    assert audit(lambda p: jnp.sum(p) * np.sqrt(2.0), jnp.ones(3)).ok
    assert audit(lambda p: float(np.sum(p)) if p[0] > 0 else 0.0, p).ok


class Layered:
    def __init__(self):
        self.W = np.arange(6.0).reshape(2, 3)

    def loss(self, x):
        self.x = x
        self.out = np.tanh(x @ self.W)
        return np.sum(self.out**2)


@pytest.mark.parametrize(("copied", "kind"), [(False, "aliased-state"), (True, "captured-array")])
def test_what_a_forward_pass_of_an_ignored_parameter_remembers(copied, kind):
    net, x = Layered(), np.array([[0.1, 0.2]])
    report = audit(lambda W: net.loss(x), net.W.copy() if copied else net.W)
    assert {(f.kind, f.subject) for f in report.findings} == {
        ("ignored-parameter", "W"),
        (kind, "net.W"),
        ("mutates-state", "net.out"),
    }
    assert [note.subject for note in report.notes if note.kind == "mutates-state"] == ["net.x"]
    np.testing.assert_array_equal(net.W, np.arange(6.0).reshape(2, 3))
    assert not hasattr(net, "out")
