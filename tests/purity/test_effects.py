"""What a call prints, opens and changes outside: seen, and in the way of nothing."""

import io
import logging
import os
import sys
import tempfile

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from purenet.purity import audit
from tests.purity.found import found, line, places

p = np.ones(3)


def test_what_is_printed_is_seen_and_printed(capsys):
    def loss(p):
        print("loss")
        return float((p**2).sum())

    assert found(loss, p) == {("side-effect", "print")}
    assert places(loss, p) == {"side-effect": line(loss, "print(")}
    assert "loss\n" in capsys.readouterr().out


def test_printing_into_a_text_of_its_own_is_no_effect():
    def loss(p):
        text = io.StringIO()
        print("loss", file=text)
        return float((p**2).sum()) + 0.0 * len(text.getvalue())

    assert audit(loss, p).ok


@pytest.mark.parametrize("name", ["stdout", "__stdout__", "stderr", "__stderr__"])
def test_writing_to_a_stream(name, capfd):
    def loss(p):
        getattr(sys, name).write("loss")
        return float((p**2).sum())

    assert found(loss, p) == {("side-effect", f"sys.{name.strip('_')}.write")}


def test_a_stream_that_is_written_in_python(monkeypatch):
    class Stream(io.StringIO):
        def write(self, text):
            return super().write(text)

    monkeypatch.setattr(sys, "stdout", Stream())

    def writing(p):
        sys.stdout.write("loss")
        return float((p**2).sum())

    def printing(p):
        print("loss")
        return float((p**2).sum())

    assert found(writing, p) == {("side-effect", "sys.stdout.write")}
    assert found(printing, p) == {("side-effect", "print")}


def test_files_are_written(tmp_path):
    path, opened = tmp_path / "log", open

    def builtin(p):
        with open(path, "w") as file:
            file.write("x")
        return float((p**2).sum())

    def kept_from_before(p):
        with opened(path, "w") as file:
            file.write("x")
        return float((p**2).sum())

    def by_descriptor(p):
        file = os.open(path, os.O_CREAT | os.O_WRONLY)
        os.write(file, b"x")
        os.close(file)
        return float((p**2).sum())

    for loss in (builtin, kept_from_before, by_descriptor):
        assert ("side-effect", "open") in found(loss, p)
        assert path.read_text() == "x"
        path.unlink()


def through_a_file(p):
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "p.npy")
        np.save(path, p)
        return float((np.load(path) ** 2).sum())


def through_a_named_file(p):
    with tempfile.NamedTemporaryFile() as file:
        np.save(file, p)
        file.seek(0)
        return float((np.load(file) ** 2).sum())


def through_a_map(p):
    with tempfile.TemporaryDirectory() as folder:
        mapped = np.memmap(os.path.join(folder, "p"), p.dtype, "w+", shape=p.shape)
        mapped[:] = p
        return float((mapped**2).sum())


def by_number(p):
    assert os.isatty(sys.__stdout__.fileno()) in (True, False)
    return float((p**2).sum())


@pytest.mark.parametrize("loss", [through_a_file, through_a_named_file, through_a_map, by_number])
def test_what_goes_through_files_comes_back(loss, capfd):
    report = audit(loss, p)
    assert {finding.kind for finding in report.findings} <= {"side-effect"}
    assert report.ok == (loss is by_number)


def test_a_file_that_is_held(tmp_path):
    path = tmp_path / "log"
    with path.open("w+") as file:
        assert audit(lambda p: float((p**2).sum()) if file else 0.0, p).ok
        writing = found(lambda p: (file.write("x"), float((p**2).sum()))[1], p)
        assert writing == {("mutates-state", "file")}


def test_what_can_be_done_only_once(tmp_path):
    path = tmp_path / "gone"
    path.write_text("x")

    def loss(p):
        os.remove(path)
        return float((p**2).sum())

    assert found(loss, p) == {("side-effect", "os.remove"), ("nondeterministic", "loss")}
    assert not path.exists()


def test_logging_is_heard(caplog):
    logger = logging.getLogger("purenet-test")

    def loss(p):
        logger.warning("loss")
        return float((p**2).sum())

    assert found(loss, p) == {("side-effect", "logging")}
    assert {record.message for record in caplog.records} == {"loss"}


def test_callbacks():
    def loss(p):
        jax.debug.print("{}", p[0])
        return jnp.sum(p)

    def pure(p):
        out = jax.ShapeDtypeStruct((), jnp.float32)
        return jnp.sum(p) + jax.lax.stop_gradient(jax.pure_callback(lambda: np.float32(1), out))

    assert {kind for kind, _ in found(loss, jnp.ones(3))} == {"side-effect"}
    assert audit(pure, jnp.ones(3)).ok


def test_another_profile_function_of_the_thread_is_there_again():
    def profile(frame, event, argument):
        del frame, event, argument

    sys.setprofile(profile)
    try:
        audit(lambda p: float((p**2).sum()), p)
        assert sys.getprofile() is profile
    finally:
        sys.setprofile(None)
