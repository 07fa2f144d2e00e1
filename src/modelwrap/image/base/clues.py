"""What the contents of a few files tell of a system: which Python, which C library, which packages.

Each reader takes the bytes of one file and gives words; it never fails, since a base may hold anything.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from posixpath import basename

from modelwrap.image.elf import machine_of

__all__ = ["LARGEST_TOLD", "MACHINE", "is_about_packages", "reader_for"]

#: How the words of a program begin that say which architecture it is for.
MACHINE = "machine="

Reader = Callable[[bytes], list[str]]

#: No file that tells anything is larger; in bytes. A shared libpython with debug symbols has 25 MB.
LARGEST_TOLD = 1 << 27

#: It begins with what is rare, so that 20 MB of program are searched for that, not tried at every byte.
_PYTHON_VERSION = re.compile(rb"(3\.(?<![0-9.]3\.)[0-9]{1,2}\.[0-9]{1,2}(?:(?:a|b|rc)[0-9]+)?)\+?\x00")
_PY_VERSION = re.compile(rb'#define\s+PY_VERSION\s+"([^"+]+)')
_GLIBC_VERSION = re.compile(rb"GNU C Library [^\n]{0,200}? version ([0-9]+\.[0-9]+)")
_MUSL_VERSION = re.compile(rb"\x00(1\.[0-9]+\.[0-9]+)(?:-[^\x00]{0,40})?\x00")
_PRETTY_NAME = re.compile(rb"""^PRETTY_NAME=["']?([^"'\n]+)""", re.MULTILINE)
_DEBIAN_PACKAGE = re.compile(rb"^Package: (\S+)$\n(?:^[^\n]+$\n)*?^Status: \S+ \S+ installed$", re.MULTILINE)
_DEBIAN_NAME = re.compile(rb"^Package: (\S+)$", re.MULTILINE)
_ALPINE_PACKAGE = re.compile(rb"^P:(\S+)$", re.MULTILINE)
_LIBRARY_FOLDER = re.compile(rb"^\s*(/[^\s#]+)\s*$", re.MULTILINE)


def reader_for(path: str) -> Reader | None:
    """What reads a file by its path, or None where the file tells nothing."""
    return next((reader for pattern, reader in _READERS if pattern.fullmatch(path)), None)


def _found(pattern: re.Pattern[bytes]) -> Reader:
    def read(content: bytes) -> list[str]:
        return list(dict.fromkeys(match.decode("utf-8", "replace") for match in pattern.findall(content)))

    return read


def _program(content: bytes) -> list[str]:
    return [f"{MACHINE}{machine_of(content[:20])}", *_found(_PYTHON_VERSION)(content)]


_READERS: tuple[tuple[re.Pattern[str], Reader], ...] = (
    (re.compile(r".*/bin/python3(?:\.[0-9]+)?t?"), _program),
    (re.compile(r".*/libpython3\.[0-9]+t?\.so[.0-9]*"), _program),
    (re.compile(r".*/python3\.[0-9]+t?/patchlevel\.h"), _found(_PY_VERSION)),
    (re.compile(r"(?:.*/)?libc(?:\.so\.6|-[0-9]\.[0-9]+\.so)"), _found(_GLIBC_VERSION)),
    (re.compile(r"(?:.*/)?ld-musl-[^/]+\.so\.1"), _found(_MUSL_VERSION)),
    (re.compile(r"(?:etc|usr/lib)/os-release"), _found(_PRETTY_NAME)),
    (re.compile(r"var/lib/dpkg/status"), _found(_DEBIAN_PACKAGE)),
    (re.compile(r"var/lib/dpkg/status\.d/[^/.]+"), _found(_DEBIAN_NAME)),
    (re.compile(r"(?:lib|usr/lib)/apk/db/installed"), _found(_ALPINE_PACKAGE)),
    (re.compile(r"etc/ld\.so\.conf(?:\.d/[^/]+\.conf)?"), _found(_LIBRARY_FOLDER)),
)


def is_about_packages(path: str) -> bool:
    """Whether a file lists the system's packages."""
    return basename(path) in ("status", "installed") or "/status.d/" in path
