"""The bar: on a terminal, after a while, with loss, accuracy and time left; otherwise nothing."""

import io

import pytest
import rich.console
from rich.console import Console

from purenet.train import progress


@pytest.fixture
def terminal(monkeypatch):
    """The error output as a terminal, and what was written to it."""
    written = io.StringIO()
    console = Console(file=written, force_terminal=True, width=100)
    monkeypatch.setattr(rich.console, "Console", lambda stderr: console)
    return written


def test_loss_accuracy_epoch_and_time_left_are_shown(terminal):
    with progress.shown(True, 0, 40, 10, delay=0.0) as show:
        show(15, 0.1234567, {"accuracy": 0.9712, "error": 2.0})
    text = terminal.getvalue()
    assert "epoch 2 of 4" in text
    assert "loss 0.1235  accuracy 97.1%  error 2" in text
    assert ":" in text.split("error 2")[1]  # the time left, 0:00:03 or -:--:--


def test_nothing_is_shown_before_the_delay(terminal):
    with progress.shown(True, 0, 40, 10, delay=60.0) as show:
        show(15, 0.1, {})
    assert "epoch" not in terminal.getvalue()


def test_the_last_epoch_is_the_last(terminal):
    with progress.shown(True, 0, 40, 10, delay=0.0) as show:
        show(40, 0.1, {})
    assert "epoch 4 of 4" in terminal.getvalue()


@pytest.mark.parametrize("wanted", [True, False])
def test_where_there_is_no_terminal_nothing_is_written(wanted, capsys):
    with progress.shown(wanted, 0, 40, 10, delay=0.0) as show:
        show(15, 0.1, {})
    assert capsys.readouterr() == ("", "")
