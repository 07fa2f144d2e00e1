"""A file that tells the process id of a running supervisor."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path

from modelwrap.errors import SettingsError

__all__ = ["pidfile"]


@contextlib.contextmanager
def pidfile(path: str) -> Iterator[None]:
    """Keeps this process's id in a file for the length of a block; no file where the path is empty.

    Raises:
        SettingsError: Another process that lives is named there, or the file can't be written.
    """
    if not path:
        yield
        return
    file = Path(path)
    other = _living(file)
    if other is not None:
        raise SettingsError(f"--pidfile {path} names process {other}, which is running: stop it, or use another file")
    try:
        file.write_text(f"{os.getpid()}\n", encoding="ascii")
    except OSError as error:
        raise SettingsError(f"--pidfile {path} can't be written: {error.strerror}") from error
    try:
        yield
    finally:
        with contextlib.suppress(OSError):
            file.unlink()


def _living(file: Path) -> int | None:
    """The process that a file left by an earlier start names, if it still lives; not this one, as in a container."""
    try:
        pid = int(file.read_text(encoding="ascii"))
    except (OSError, ValueError):
        return None
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return None
    except PermissionError:
        pass  # it lives, as another user's
    return pid if pid not in {0, os.getpid()} else None
