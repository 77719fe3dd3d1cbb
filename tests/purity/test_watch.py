"""What a call prints, opens and tries to change outside: seen, and kept from happening."""

import logging
import os
import sys

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from purenet.purity.watch import drawing, watching

from purenet.purity import audit
from tests.purity.found import found, line, places

p = np.ones(3)


def test_printing(capsys):
    def loss(p):
        print("loss")
        return float(p.sum())

    assert found(loss, p) == {("side-effect", "print")}
    assert places(loss, p) == {"side-effect": line(loss, "print(")}
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize("name", ["stdout", "__stdout__", "stderr", "__stderr__"])
def test_writing_to_a_stream(name, capfd):
    def loss(p):
        getattr(sys, name).write("loss")
        return float(p.sum())

    assert found(loss, p) == {("side-effect", f"sys.{name.strip('_')}.write")}
    assert capfd.readouterr() == ("", "")


def test_files_are_not_written(tmp_path):
    path, opened = tmp_path / "log", open

    def builtin(p):
        with open(path, "w") as file:
            file.write("x")
        return float(p.sum())

    def kept_from_before(p):
        opened(path, "w").close()
        return float(p.sum())

    def by_descriptor(p):
        os.close(os.open(path, os.O_CREAT | os.O_WRONLY))
        return float(p.sum())

    for loss in (builtin, kept_from_before, by_descriptor):
        assert found(loss, p) == {("side-effect", "open")}
        assert not path.exists()


def test_a_file_that_is_held_is_not_used(tmp_path):
    path = tmp_path / "log"
    with path.open("w+") as file:
        assert audit(lambda p: float(p.sum()) if file else 0.0, p).ok
        assert found(lambda p: (file.write("x"), float(p.sum()))[1], p) == {
            ("mutates-state", "file")
        }
    assert path.read_text() == ""


def test_deleting_is_refused(tmp_path):
    path = tmp_path / "kept"
    path.write_text("x")

    def loss(p):
        os.remove(path)
        return float(p.sum())

    assert found(loss, p) == {("side-effect", "os.remove")}
    assert path.read_text() == "x"


def test_logging(caplog):
    logger = logging.getLogger("purenet-test")

    def loss(p):
        logger.warning("loss")
        return float(p.sum())

    assert found(loss, p) == {("side-effect", "logging")}
    assert caplog.records == []


def test_callbacks():
    def loss(p):
        jax.debug.print("{}", p[0])
        return jnp.sum(p)

    def pure(p):
        out = jax.ShapeDtypeStruct((), jnp.float32)
        return jnp.sum(p) + jax.lax.stop_gradient(jax.pure_callback(lambda: np.float32(1), out))

    assert {kind for kind, _ in found(loss, jnp.ones(3))} == {"side-effect"}
    assert audit(pure, jnp.ones(3)).ok


def test_everything_is_put_back():
    before = sys.stdout, sys.stderr, sys.__stdout__, open, logging.Logger.isEnabledFor
    with pytest.raises(ZeroDivisionError), watching():
        raise ZeroDivisionError
    assert (sys.stdout, sys.stderr, sys.__stdout__, open, logging.Logger.isEnabledFor) == before


def test_generators_are_put_back_where_the_block_raises():
    state = np.random.get_state()[1].copy()  # noqa: NPY002
    with pytest.raises(ValueError, match="negative"), drawing() as used:
        np.random.rand(-1 * int(np.random.rand() >= 0.0))  # noqa: NPY002 - one draw, then no shape
    assert list(used) == ["numpy.random"]
    np.testing.assert_array_equal(np.random.get_state()[1], state)  # noqa: NPY002
