"""A wheel's RECORD: its files with their hashes. Source: PyPA specifications, recording installed projects."""

from __future__ import annotations

import base64
import csv
import hashlib
import io
from collections.abc import Iterable, Mapping

from modelwrap.errors import DamagedBlob
from modelwrap.value import Value

__all__ = ["Recorded", "read_record", "recorded", "write_record"]

#: What the specification lets a wheel hash with: SHA-256 or better.
_ALGORITHMS = frozenset({"sha256", "sha384", "sha512"})


class Recorded(Value):
    """One file's line.

    Attributes:
        hash: `sha256=` and its digest in the URL-safe alphabet without padding; empty where none is stated.
        size: In bytes, as written; empty where none is stated.
    """

    hash: str = ""
    size: str = ""

    @property
    def algorithm(self) -> str:
        """What the hash was made with; empty where none is stated."""
        return self.hash.partition("=")[0]


def read_record(content: bytes, wheel: str) -> dict[str, Recorded]:
    """The lines of a RECORD by path.

    Args:
        content: The file.
        wheel: What messages call the wheel.

    Raises:
        DamagedBlob: It is no RECORD.
    """
    try:
        rows = [row for row in csv.reader(io.StringIO(content.decode(), newline="")) if row]
    except (UnicodeDecodeError, csv.Error) as error:
        raise DamagedBlob(f"{wheel}: its RECORD can't be read: {error}") from error
    lines = {}
    for row in rows:
        path, stated, size = (*row, "", "")[:3]
        line = Recorded(stated, size)
        if (stated and line.algorithm not in _ALGORITHMS) or (size and not size.isdecimal()):
            raise DamagedBlob(
                f"{wheel}: its RECORD says {stated!r}, {size!r} of {path}; that is no SHA-256 and no size"
            )
        lines[path.replace("\\", "/").removeprefix("./")] = line
    return lines


def recorded(content: bytes) -> Recorded:
    """The line of a file."""
    digest = base64.urlsafe_b64encode(hashlib.sha256(content).digest()).rstrip(b"=").decode()
    return Recorded(f"sha256={digest}", str(len(content)))


def write_record(lines: Mapping[str, Recorded] | Iterable[tuple[str, Recorded]]) -> bytes:
    """A RECORD of these lines, sorted by path."""
    file = io.StringIO(newline="")
    writer = csv.writer(file, lineterminator="\n")
    pairs = lines.items() if isinstance(lines, Mapping) else lines
    writer.writerows(sorted((path, line.hash, line.size) for path, line in pairs))
    return file.getvalue().encode()
