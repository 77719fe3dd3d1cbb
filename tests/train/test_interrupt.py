"""Ctrl-C noted: the first is, the second raises, and the handler of others stays."""

import signal
import threading

import pytest

from purenet.train import interrupt


def test_the_first_is_noted_and_the_second_raises():
    with interrupt.noted() as came:
        assert not came()
        signal.raise_signal(signal.SIGINT)
        assert came()
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGINT)
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_pythons_own_handler_is_back_also_after_an_error():
    with pytest.raises(ZeroDivisionError), interrupt.noted():
        raise ZeroDivisionError
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_a_handler_of_the_callers_stays():
    seen = []
    before = signal.signal(signal.SIGINT, lambda number, frame: seen.append(number))
    try:
        with interrupt.noted() as came:
            signal.raise_signal(signal.SIGINT)
            assert not came()
    finally:
        signal.signal(signal.SIGINT, before)
    assert seen == [signal.SIGINT]


def test_another_thread_goes_without():
    answers = []

    def work():
        with interrupt.noted() as came:
            answers.append(came())

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert answers == [False]
