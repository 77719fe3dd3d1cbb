"""What the tests of training share."""

import signal

import pytest


@pytest.fixture(autouse=True)
def pythons_own_ctrl_c():
    """Ctrl-C as in the foreground: what a shell starts in the background ignores it."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)
