"""Which folders a container shares with the world outside: what is written elsewhere vanishes with it.

It reads the kernel's table of mounts and knows nothing of models or images.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from pathlib import Path

from modelwrap.value import Value

__all__ = ["Mount", "mount_of", "parse_mounts", "read_mounts"]

_TABLE = Path("/proc/self/mountinfo")
#: Made by the kernel for the container itself.
_KERNEL = {"cgroup", "cgroup2", "devpts", "devtmpfs", "mqueue", "proc", "ramfs", "sysfs"}


class Mount(Value):
    """One line of the table.

    Attributes:
        point: Where it is seen.
        root: Which folder of its file system is seen there.
        kind: The kind of file system.
    """

    point: Path
    root: str
    kind: str

    @property
    def outlives_the_container(self) -> bool:
        """Whether what is written there stays. A whole tmpfs is the container's own; a folder of one is the host's."""
        is_own = self.point == Path("/") or self.kind in _KERNEL
        return not is_own and (self.kind, self.root) != ("tmpfs", "/")


def read_mounts() -> list[Mount]:
    """The mounts that this process sees, in the order they were made; none where the system has no such table."""
    try:
        return list(parse_mounts(_TABLE.read_text(encoding="utf-8", errors="surrogateescape")))
    except FileNotFoundError:
        return []


def parse_mounts(table: str) -> Iterator[Mount]:
    """Reads a table of mounts. Source: proc(5), /proc/pid/mountinfo."""
    for line in table.splitlines():
        place, _, system = line.partition(" - ")
        _, _, _, root, point, *_ = place.split(" ")
        yield Mount(Path(_unescape(point)), _unescape(root), system.split(" ")[0])


def mount_of(path: Path, mounts: Iterable[Mount]) -> Mount:
    """The mount that a real path lies on; of two at one place, the later one covers the earlier."""
    found = Mount(Path("/"), "/", "")
    for mount in mounts:
        if path.is_relative_to(mount.point) and mount.point.is_relative_to(found.point):
            found = mount
    return found


def _unescape(text: str) -> str:
    r"""The kernel writes white space and backslashes in octal: `\040`."""
    return re.sub(r"\\([0-7]{3})", lambda match: chr(int(match[1], 8)), text)
