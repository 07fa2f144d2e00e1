"""The lock that a build leaves beside its image."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from modelwrap.errors import ImageError
from modelwrap.image.dependencies.lock import Lock, write_lock

__all__ = ["keep_lock"]


def keep_lock(lock: Lock, path: Path) -> None:
    """Writes a lock, whole or not at all; one that says the same already is left alone.

    Raises:
        ImageError: It can't be written.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        content = write_lock(lock, path.parent.resolve()).encode()
        if path.exists() and path.read_bytes() == content:
            return
        _write(path, content)
    except OSError as error:
        raise ImageError(f"the lock {path} can't be written: {error.strerror}") from error


def _write(path: Path, content: bytes) -> None:
    handle, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    beside = Path(name)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
        beside.chmod(0o644)
        beside.replace(path)
    finally:
        beside.unlink(missing_ok=True)
