"""What accompanies a long evaluation: its progress is shown, its values are kept on disk."""

import hashlib
import os
import re
import tempfile
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import numpy as np

from purenet.progress import Nothing

SPAN = 2.0  # seconds that are lost at the most where a process is killed, by counted work


class Watch:
    """A long evaluation is cut into spans, each counted when it is done, and kept in a folder.

    A span is found again by what it was computed from, so that a check that is called again with
    the same folder goes on from the last span, and computes the same numbers. Where nothing is
    shown or kept, there is one span.

    Args:
        folder: where values are kept; None keeps none.
        progress: is told of each span.

    Raises:
        ValueError: where the folder is a file.
    """

    def __init__(self, folder: str | os.PathLike | None = None, progress: Nothing | None = None):
        self.folder = None if folder is None else Path(folder)
        self.progress = progress or Nothing()
        if self.folder is not None and self.folder.exists() and not self.folder.is_dir():
            raise ValueError(
                f"got checkpoint={str(folder)!r}, which is a file; wanted a folder, there or to be "
                "made; name another one"
            )
        if self.folder is not None:
            self.folder.mkdir(parents=True, exist_ok=True)

    @property
    def keeps(self) -> bool:
        """Whether values are kept."""
        return self.folder is not None

    def spans(self, rounds: int, seconds: float, most: int) -> list[tuple[int, int]]:
        """Rounds of so many seconds each, some at a time: from the first to before the last.

        They are at most ``most`` at a time.
        """
        some = most
        if self.folder is not None or type(self.progress) is not Nothing:
            some = min(most, max(1, int(SPAN / max(seconds, 1e-9))))
        return [(first, min(first + some, rounds)) for first in range(0, rounds, some)]

    def kept(
        self, about: Iterable[Any], points: int, compute: Callable[[], Sequence[Any]]
    ) -> list[Any]:
        """What a span computes, read if it has been computed before.

        Args:
            about: all that it is computed from: text and arrays.
            points: the evaluations it takes.
            compute: gives its arrays.
        """
        if self.folder is None:
            outputs = list(compute())
        else:
            file = self.folder / f"{_digest(about)}.npz"
            outputs = _read(file)
            if outputs is None:
                outputs = [np.asarray(out) for out in compute()]
                _write(file, outputs)
        self.progress.advance(points)
        return outputs


def identity(fingerprint: Any, arrays: Iterable[Any]) -> str:
    """A digest of a program and its arrays, the same in another process."""
    # where functions stand among the parameters, their names tell them apart, not where they lie
    return _digest([re.sub(r" at 0x[0-9a-f]+", "", repr(fingerprint)), *arrays])


def _digest(about: Iterable[Any]) -> str:
    found = hashlib.sha256()
    for one in about:
        if isinstance(one, str):
            found.update(one.encode())
            continue
        array = np.ascontiguousarray(one)
        found.update(f"{array.dtype}{array.shape}".encode())
        found.update(array.view(np.uint8).data if array.size else b"")
    return found.hexdigest()[:40]


def _read(file: Path) -> list[Any] | None:
    if not file.exists():
        return None
    try:
        # opened here: of a damaged file NumPy leaves it open
        with file.open("rb") as stream, np.load(stream, allow_pickle=False) as kept:
            return [kept[f"arr_{i}"] for i in range(len(kept.files))]
    except (ValueError, OSError, EOFError, BadZipFile):  # damaged: it is computed anew
        return None


def _write(file: Path, outputs: Sequence[np.ndarray]) -> None:
    """Whole or not at all, whenever the process is killed."""
    handle, name = tempfile.mkstemp(dir=file.parent, prefix=".")
    try:
        with os.fdopen(handle, "wb") as stream:
            np.savez(stream, *outputs)
        Path(name).replace(file)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
