"""The progress bar: on a terminal, late, gone afterwards; elsewhere nothing."""

import io
import time

import pytest
from rich.console import Console

from comparisons.progress import tracking


def console(*, terminal: bool) -> Console:
    return Console(
        file=io.StringIO(), force_terminal=terminal, force_interactive=terminal, width=80
    )


def shown(screen: Console) -> str:
    assert isinstance(screen.file, io.StringIO)
    return screen.file.getvalue()


def refreshed(items, track):
    """Go through the items slowly enough for a bar to be drawn."""
    return [item for item in track(items, "twenty steps") if not time.sleep(0.02)]


@pytest.mark.parametrize("terminal", [True, False])
def test_tracking_gives_every_item_in_order(terminal):
    with tracking(console(terminal=terminal), "exhibit", delay=0.0) as track:
        assert list(track("abc", "letters")) == ["a", "b", "c"]


def test_a_terminal_shows_what_is_under_way_and_clears_it():
    screen = console(terminal=True)
    with tracking(screen, "exhibit", delay=0.0) as track:
        assert refreshed(range(20), track) == list(range(20))
    assert "exhibit" in shown(screen)
    assert "twenty steps" in shown(screen)
    assert " of 20" in shown(screen)
    assert shown(screen).rstrip().endswith("\x1b[2K")  # the last thing done is to erase the line


def test_nothing_is_shown_before_the_delay_is_over():
    screen = console(terminal=True)
    with tracking(screen, "exhibit", delay=3600.0) as track:
        refreshed(range(20), track)
    assert "exhibit" not in shown(screen)
    assert "steps" not in shown(screen)


def test_a_pipe_gets_not_one_character():
    screen = console(terminal=False)
    with tracking(screen, "exhibit", delay=0.0) as track:
        refreshed(range(20), track)
    assert shown(screen) == ""


def test_the_bar_goes_away_when_the_exhibit_raises():
    screen = console(terminal=True)

    def half_way():
        with tracking(screen, "exhibit", delay=0.0) as track:
            for item in track(range(20), "twenty steps"):
                if item == 10:
                    raise RuntimeError("half-way")

    with pytest.raises(RuntimeError, match="half-way"):
        half_way()
    assert "\x1b[?25h" in shown(screen)  # the cursor is back
