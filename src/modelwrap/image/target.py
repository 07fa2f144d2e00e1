"""What an image's packages are made for: the Python and the system of its base, and the wheels chosen for them.

Values only. The base's room finds the facts, the room of dependencies finds the wheels, the layers are made of both.
"""

from __future__ import annotations

from pathlib import Path

from modelwrap.image.oci import Digest, Platform
from modelwrap.value import Value, field

__all__ = ["PythonTarget", "WheelFile"]


class PythonTarget(Value):
    """The interpreter that a base image brings.

    Attributes:
        version: Its full version: `3.11.7`.
        executable: Its path in the base: `/usr/local/bin/python3.11`.
        platform: What the base runs on.
        libc: `glibc` or `musl`.
        libc_version: Its major and minor version: `(2, 36)`.
    """

    version: str
    executable: str
    platform: Platform = field(default_factory=Platform)
    libc: str = "glibc"
    libc_version: tuple[int, int] = (2, 17)

    @property
    def minor(self) -> str:
        """The version that extension modules and bytecode are made for: `3.11`."""
        return ".".join(self.version.split(".")[:2])

    @property
    def tag(self) -> str:
        """The same as wheels and compiled files name it: `cp311`. Source: PEP 425."""
        return "cp" + self.minor.replace(".", "")


class WheelFile(Value):
    """A wheel on this machine.

    Attributes:
        name: The distribution's normalised name.
        version: Its version.
        path: Where the file is; its name may be anything.
        digest: The digest of the file's bytes.
    """

    name: str
    version: str
    path: Path
    digest: Digest
