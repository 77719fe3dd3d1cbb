"""The process around an audit: other threads, names, streams, Ctrl-C, and what is put back."""

import _thread
import builtins
import contextlib
import functools
import io
import logging
import random
import signal
import subprocess
import sys
import threading
import time

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from purenet.purity import audit
from tests.purity.found import found

p = np.ones(3)


def names_of_the_process():
    """What an audit may not replace, each by its identity."""
    return [
        builtins.open, io.open, builtins.print, sys.stdout, sys.stderr, sys.__stdout__,
        sys.__stderr__, sys.excepthook, logging.Logger.isEnabledFor, logging.root.handlers,
        sys.getprofile(), sys.gettrace(), np.random.rand, random.random, jax.jit,
        threading.current_thread(), *vars(Counting).values(),
    ]  # fmt: skip


def are_the_same(before):
    return all(one is two for one, two in zip(before, names_of_the_process(), strict=True))


class Counting:
    def __init__(self, end=lambda: None):
        self.n, self.seen, self.end = 0, [], end

    def loss(self, p):
        self.n += 1
        self.seen.append(p)
        np.random.rand(2)  # noqa: NPY002
        value = float((p**2).sum())
        self.end()
        return value


def interrupt():
    raise KeyboardInterrupt


def fail():
    raise ZeroDivisionError


@pytest.mark.parametrize("end", [lambda: None, interrupt, fail])
def test_the_names_of_the_process_are_the_same_objects_after(end, unchecked):
    counting, before = Counting(end), names_of_the_process()
    state = np.random.get_state()[1].copy()  # noqa: NPY002
    errors = {interrupt: KeyboardInterrupt, fail: ZeroDivisionError}
    with pytest.raises(errors[end]) if end in errors else contextlib.nullcontext():
        audit(counting.loss, p)
    assert are_the_same(before)
    assert (counting.n, counting.seen) == (0, [])
    np.testing.assert_array_equal(np.random.get_state()[1], state)  # noqa: NPY002


def test_they_are_the_same_during_the_call_too():
    before, during = names_of_the_process(), []

    def loss(p):
        now = names_of_the_process()
        during.append([one is two for one, two in zip(before, now, strict=True)])
        return float((p**2).sum())

    audit(loss, p)
    observed = names_of_the_process().index(sys.getprofile())
    for same in filter(None, during):  # the thread's own profile and trace function aside
        assert all(same[:observed] + same[observed + 2 :])


@pytest.fixture
def ctrl_c():
    """Ctrl-C raises KeyboardInterrupt, also where the tests run in the background of a shell."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.full
@pytest.mark.usefixtures("ctrl_c")
# where it comes in JAX's own part of a garbage collection, Python drops it
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_ctrl_c_at_any_moment_leaves_everything_as_it_was(unchecked):
    counting, before = Counting(), names_of_the_process()
    state = np.random.get_state()[1].copy()  # noqa: NPY002
    audit(counting.loss, p)
    start = time.perf_counter()
    audit(counting.loss, p)
    whole, came = time.perf_counter() - start, 0
    for moment in np.linspace(0.0, 1.0, 60):
        timer = threading.Timer(moment * whole, _thread.interrupt_main)
        try:
            timer.start()
            audit(counting.loss, p)
            time.sleep(whole)  # where it comes after the audit
        except KeyboardInterrupt:
            came += 1
        timer.join()
        assert are_the_same(before)
        assert (counting.n, counting.seen) == (0, [])
        np.testing.assert_array_equal(np.random.get_state()[1], state)  # noqa: NPY002
    assert came > 30


def write_files(folder, stop, written):
    while not stop.is_set():
        path = folder / f"{len(written)}"
        with open(path, "w") as file:
            file.write("x")
        written.append(path)
        np.random.rand(3)  # noqa: NPY002
        random.random()


def pure(p, rows=np.arange(12.0).reshape(4, 3)):  # noqa: B008
    return float(np.tanh(rows @ p).sum())


def test_what_other_threads_write_is_written_and_their_doings_are_not_the_function_s(tmp_path):
    stop, written, reports = threading.Event(), [], []
    writer = threading.Thread(target=write_files, args=(tmp_path, stop, written))
    before = names_of_the_process()
    writer.start()
    try:
        reports += [audit(pure, p) for _ in range(3)]
        threads = [
            threading.Thread(target=lambda: reports.extend(audit(pure, p) for _ in range(2)))
            for _ in range(4)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    finally:
        stop.set()
        writer.join()
    assert written
    assert all(path.read_text() == "x" for path in written)
    assert [str(report) for report in reports if not report.ok] == []
    assert len(reports) == 11
    assert are_the_same(before)


def test_two_audits_at_once_are_both_right():
    weights, results = np.arange(3.0), {}

    class Held:
        """On the way to the array stands what cannot be copied: it is written to for one call."""

        __slots__ = ("weights",)

        def __init_subclass__(cls):
            raise RuntimeError

        def loss(self):
            return float((HELD["weights"] * 2.0).sum())

    HELD["weights"], held = weights, Held()

    def run(name):
        results[name] = found(lambda w: held.loss(), weights)

    threads = [threading.Thread(target=run, args=(i,)) for i in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for kinds in results.values():
        assert ("ignored-parameter", "w") in kinds
        assert {subject for _, subject in kinds} == {"w", "HELD['weights']"}
    np.testing.assert_array_equal(weights, np.arange(3.0))


HELD = {}
LOGGING = """
import logging, numpy as np, purenet

def loss(w):
    logging.warning("in the loss")
    return float(np.sum(w**2))

assert purenet.audit(loss, np.ones(3)).kinds == ("side-effect",)
logging.warning("after the audit")
"""


@pytest.mark.full
def test_the_handler_that_logging_makes_in_a_loss_is_heard_afterwards(tmp_path):
    script = tmp_path / "script.py"
    script.write_text(LOGGING)
    run = subprocess.run([sys.executable, str(script)], capture_output=True, text=True, check=True)
    assert "in the loss" in run.stderr
    assert run.stderr.splitlines()[-1] == "WARNING:root:after the audit"


def test_a_module_that_is_first_imported_in_the_loss_has_the_open_of_everybody(tmp_path):
    (tmp_path / "first_imported.py").write_text("opened = open\n")

    def loss(p):
        import first_imported  # pyright: ignore

        return float((p**2).sum()) + 0.0 * len(first_imported.__name__)

    sys.path.insert(0, str(tmp_path))
    try:
        audit(loss, p)
        assert sys.modules["first_imported"].opened is open
    finally:
        sys.path.remove(str(tmp_path))
        sys.modules.pop("first_imported", None)


def test_leaks_are_found_while_jax_looks_for_leaks_itself():
    kept = []

    def leaking(params):
        kept.append(params["w"])
        return jnp.sum(params["w"] ** 2)

    with jax.checking_leaks():
        assert audit(lambda params: jnp.sum(params["w"] ** 2), {"w": jnp.ones(3)}).ok
        kinds = found(leaking, {"w": jnp.ones(3)})
    assert kinds == {("leaked-tracer", "kept"), ("mutates-state", "kept")}
    assert kept == []


def test_an_audit_in_float64_leaves_nothing_of_it_in_what_is_captured():
    x = np.array([1.0, 2.0])
    with jax.enable_x64(True):
        assert audit(lambda w: jnp.sum(w * x), jnp.ones(2)).ok
    assert jnp.asarray(x).dtype == jnp.float32


class Cached:
    @functools.lru_cache  # noqa: B019
    def scaled(self, size):
        return jnp.ones(size) * self.scale

    def loss(self, p):
        self.scale = p[0]
        return jnp.sum(self.scaled(3))


def test_a_tracer_in_the_cache_of_a_method_is_found_and_let_go():
    cached = Cached()
    assert ("leaked-tracer", "Cached.scaled") in found(cached.loss, jnp.ones(3))
    assert Cached.scaled.cache_info().currsize == 0
    assert jax.jit(Cached().loss)(jnp.ones(3)) == 3.0


@pytest.mark.parametrize("is_warm", [False, True])
def test_a_memo_by_the_id_of_an_array_is_no_cache(is_warm):
    memo, x = {}, np.arange(3.0)

    def loss(p):
        if id(x) not in memo:
            memo[id(x)] = x**2
        return float((memo[id(x)] * p).sum())

    if is_warm:
        loss(p)
    assert found(loss, p) == {("mutates-state", "memo")}


class Layer:
    def __call__(self, x):
        self.x = x
        self.out = np.tanh(x)
        return self.out


class Network:
    def __init__(self):
        self.W, self.layers = np.ones((3, 2)), [Layer() for _ in range(4)]

    def loss(self, x):
        x = x @ self.W
        for layer in self.layers:
            x = layer(x)
        return float((x**2).sum())


@pytest.mark.parametrize("is_called_before", [False, True])
def test_what_the_layers_keep_is_one_finding_whatever_was_called_before(is_called_before):
    network, x = Network(), np.ones((1, 3))
    if is_called_before:
        network.loss(x)
    report = audit(lambda W: network.loss(x), network.W)
    assert report.kinds == ("ignored-parameter", "aliased-state", "mutates-state")
    (kept,) = [f for f in report.findings if f.kind == "mutates-state"]
    outs = {f"network.layers[{i}].out" for i in range(4)}
    assert outs <= set(kept.subjects)
    assert len(report.findings) == 3
