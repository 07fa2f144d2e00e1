"""The Debian packages that a model needs, named in two files of its folder.

`apt.txt` is for the image; `apt-build.txt` only for the stage that installs Python packages.
"""

from __future__ import annotations

import re
from pathlib import Path

from modelwrap.errors import ProjectError

__all__ = ["BUILD_FILE", "RUN_FILE", "read_system_packages"]

#: One package a line, installed in the image.
RUN_FILE = "apt.txt"
#: The same for what only compiling needs: compilers and headers never reach the image.
BUILD_FILE = "apt-build.txt"

_PACKAGE = re.compile(r"[a-z0-9][a-z0-9+.-]+(?::[a-z0-9]+)?(?:=[A-Za-z0-9.+:~-]+)?")


def read_system_packages(root: Path, file: str) -> tuple[str, ...]:
    """Reads one of the two files; no file, no packages.

    Raises:
        ProjectError: A line is no name of a Debian package.
    """
    path = root / file
    if not path.is_file():
        return ()
    try:
        lines = path.read_text(encoding="utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise ProjectError(f"{file} can't be read: {error}") from error
    packages: dict[str, None] = {}
    for number, line in enumerate(lines, start=1):
        for word in line.partition("#")[0].split():
            if not _PACKAGE.fullmatch(word):
                raise ProjectError(f"{file}:{number}: {word!r} is no name of a Debian package\nwrite one name a line")
            packages[word] = None
    return tuple(packages)
