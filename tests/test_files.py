"""A file is written whole or not at all."""

import os

import pytest

from purenet.files import write_whole


def test_a_new_file_and_one_that_was_there(tmp_path):
    file = tmp_path / "page.html"
    write_whole(file, "<p>ä")
    assert file.read_text(encoding="utf-8") == "<p>ä"
    file.chmod(0o640)
    write_whole(file, "new")
    assert file.read_text() == "new"
    assert file.stat().st_mode & 0o777 == 0o640
    assert list(tmp_path.iterdir()) == [file]


def test_a_full_disk_leaves_what_was_there_and_nothing_else(tmp_path, monkeypatch):
    def full(handle):
        raise OSError(28, "No space left on device")

    file = tmp_path / "page.html"
    file.write_text("old")
    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space left"):
        write_whole(file, "new")
    assert file.read_text() == "old"
    assert list(tmp_path.iterdir()) == [file]
