"""Settings of the process are told apart, and put back."""

import os
import random
import sys
import warnings

import jax
import numpy as np
import pytest

from purenet.purity import audit
from purenet.purity.effects import Observation, observed
from purenet.purity.process_settings import Settings
from tests.purity.found import found

p = np.ones(3)


def recursion(p):
    sys.setrecursionlimit(sys.getrecursionlimit() + 7)
    return float((p**2).sum())


def excepthook(p):
    sys.excepthook = lambda *error: None
    return float((p**2).sum())


def path(p):
    sys.path.append("/nowhere")
    return float((p**2).sum())


def on_numpy(p):
    np.my_constant = 2.0
    return float((p**2).sum())


def on_builtins(p):
    import builtins

    builtins.my_constant = 2.0
    return float((p**2).sum())


def by_name(p):
    setattr(np, "my_constant", 2.0)  # noqa: B010
    return float((p**2).sum())


def environment(p):
    os.environ["PURENET_TEST"] = str(random)
    return float((p**2).sum())


def folder(p):
    os.chdir("/")
    return float((p**2).sum())


def filters(p):
    warnings.filterwarnings("ignore", "of a test")
    return float((p**2).sum())


def stream(p):
    sys.stdout = sys.__stderr__
    return float((p**2).sum())


ESCAPES = {
    recursion: "sys.setrecursionlimit",
    excepthook: "sys.excepthook",
    path: "sys.path",
    on_numpy: "numpy.my_constant",
    on_builtins: "builtins.my_constant",
    by_name: "numpy.my_constant",
    environment: "os.environ",
    folder: "os.chdir",
    filters: "warnings.filters",
    stream: "sys.stdout",
}


def of_the_process():
    return (
        sys.getrecursionlimit(), sys.excepthook, sys.path, list(sys.path),
        hasattr(np, "my_constant"),
        "my_constant" in vars(__import__("builtins")), dict(os.environ), os.getcwd(),
        list(warnings.filters), sys.stdout, np.geterr(), jax.config.jax_debug_nans,
    )  # fmt: skip


@pytest.mark.parametrize("loss", ESCAPES, ids=lambda loss: loss.__name__)
def test_a_setting_that_a_call_changes_is_named_and_put_back(loss):
    before = of_the_process()
    assert found(loss, p) == {("mutates-state", ESCAPES[loss])}
    assert of_the_process() == before


def test_also_where_the_call_raises():
    def loss(p):
        np.seterr(all="raise")
        sys.setrecursionlimit(sys.getrecursionlimit() + 7)
        raise ZeroDivisionError

    before = of_the_process()
    with pytest.raises(ZeroDivisionError):
        audit(loss, p)
    assert of_the_process() == before


def test_what_is_changed_for_a_block_is_not():
    def loss(p):
        with np.errstate(all="ignore"), jax.enable_x64(True), warnings.catch_warnings():
            return (p**2).sum()

    assert audit(loss, p).ok


def test_what_another_thread_changes_is_left_alone():
    settings, before = Settings(), sys.getrecursionlimit()
    sys.setrecursionlimit(before + 7)
    try:
        nobody, somebody = Observation(), Observation()
        observed(somebody, lambda: recursion(p))
        assert settings.changes(nobody.mentions) == []
        assert settings.changes(somebody.mentions) == ["sys.setrecursionlimit"]
        settings.put_back(["sys.setrecursionlimit"])
        assert sys.getrecursionlimit() == before
    finally:
        sys.setrecursionlimit(before)
