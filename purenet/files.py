"""Files written whole or not at all."""

import os
import tempfile
from pathlib import Path


def write_whole(file: str | Path, text: str) -> None:
    """Write a text file (UTF-8): afterwards it holds all of ``text``, or what it held before.

    The text goes to a temporary file in the same folder, which then takes the name.

    Raises:
        OSError: where it cannot be written, such as on a full disk; nothing is left behind.
    """
    file = Path(file).resolve()
    handle, name = tempfile.mkstemp(dir=file.parent, prefix=f".{file.name}.")
    temporary = Path(name)
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as stream:
            stream.write(text)
            stream.flush()
            os.fsync(stream.fileno())
        temporary.chmod(_mode(file))
        temporary.replace(file)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


def _mode(file: Path) -> int:
    """The permissions of the file that is there, or those that a new one would get."""
    if file.exists():
        return file.stat().st_mode & 0o777
    mask = os.umask(0)
    os.umask(mask)
    return 0o666 & ~mask
