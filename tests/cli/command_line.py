"""The installed command, run as a user runs it: real files, real exit statuses, both streams."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from serving import PATIENCE

COMMAND = Path(sys.executable).with_name("modelwrap")


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a command ended."""

    status: int
    out: str
    err: str

    @property
    def error(self) -> str:
        """The message on standard error, from `error:` on."""
        return self.err[self.err.find("error:") :]


def modelwrap(
    *words: str | Path,
    cwd: Path | None = None,
    environment: Mapping[str, str] | None = None,
    umask: int = -1,
    powerless: bool = False,
) -> Outcome:
    """Runs `modelwrap` with these words.

    Args:
        words: What is typed after the command's name.
        cwd: The working directory.
        environment: Variables set over the present ones.
        umask: The mask of permissions for new files.
        powerless: Takes from root the power to read and write whatever it likes.
    """
    prefix = ["setpriv", "--bounding-set=-all"] if powerless and os.geteuid() == 0 else []
    finished = subprocess.run(
        [*prefix, COMMAND, *map(str, words)],
        cwd=cwd,
        env={**os.environ, **(environment or {})},
        check=False,
        capture_output=True,
        encoding="utf-8",
        errors="surrogateescape",
        umask=umask,
        timeout=PATIENCE,
    )
    return Outcome(finished.returncode, finished.stdout, finished.stderr)


def write(folder: Path, files: Mapping[str, str | bytes]) -> Path:
    """Writes files into a folder, making those they lie in."""
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)
    return folder


def tree(folder: Path) -> dict[str, tuple[int, float, bytes | str | None]]:
    """Mode, time and content of everything in a folder."""
    found: dict[str, tuple[int, float, bytes | str | None]] = {}
    for path in sorted(folder.rglob("*")):
        status = path.lstat()
        content = str(path.readlink()) if path.is_symlink() else path.read_bytes() if path.is_file() else None
        found[path.relative_to(folder).as_posix()] = (status.st_mode, status.st_mtime, content)
    return found
