"""Headers of a tar archive: every one owned by root, of one time, in the fewest blocks that hold it.

Source: POSIX.1-2017, pax interchange format.
"""

from __future__ import annotations

from enum import Enum

__all__ = ["BLOCK", "END", "TIMESTAMP", "EntryType", "header", "padding"]

BLOCK = 512
#: What ends an archive.
END = bytes(2 * BLOCK)
#: The time of every entry, the start of 1980 in UTC: what makes zip archives of a layer's files takes no earlier one.
TIMESTAMP = 315532800

_NAME, _PREFIX = 100, 155
#: The first size that eleven octal digits do not hold.
_LARGE = 8**11


class EntryType(Enum):
    """What an entry is, and what the archive calls that."""

    FILE = b"0"
    LINK = b"2"
    FOLDER = b"5"


def header(kind: EntryType, path: str, mode: int, size: int = 0, target: str = "") -> bytes:
    """The header of an entry, with the extended header that a long or foreign name needs.

    Args:
        kind: What it is.
        path: Where it is, without a leading slash; a folder's ends in one.
        mode: Its permissions.
        size: Of what follows, in bytes.
        target: Where a link leads.
    """
    name, prefix = _split(path)
    records = b"".join(
        _record(key, value)
        for key, value, is_needed in (
            ("path", path, name is None),
            ("linkpath", target, not _fits(target, _NAME)),
            ("size", str(size), size >= _LARGE),
        )
        if is_needed
    )
    short = name if name is not None else _shortened(path, _NAME)
    plain = _block(kind.value, short, prefix, mode, size if size < _LARGE else 0, _shortened(target, _NAME))
    if not records:
        return plain
    extended = _block(b"x", b"PaxHeader", b"", 0o644, len(records), b"")
    return extended + records + padding(len(records)) + plain


def padding(size: int) -> bytes:
    """The zeros that fill up the last block of so many bytes."""
    return bytes(-size % BLOCK)


def _split(path: str) -> tuple[bytes | None, bytes]:
    """Name and prefix as the plain header holds them; no name where it can't."""
    if _fits(path, _NAME):
        return path.encode(), b""
    if not _fits(path, _NAME + 1 + _PREFIX):
        return None, b""
    # The last part of a folder's path ends in a slash, at which it can't be split.
    at = path.find("/", len(path) - _NAME - 1, len(path) - 1)
    return (path[at + 1 :].encode(), path[:at].encode()) if 0 < at <= _PREFIX else (None, b"")


def _fits(text: str, limit: int) -> bool:
    return len(text) <= limit and text.isascii()


def _shortened(text: str, limit: int) -> bytes:
    """What a reader sees that knows no extended headers."""
    return text.encode("ascii", "replace")[-limit:]


def _record(key: str, value: str) -> bytes:
    """A record of an extended header: its own length, which counts its own digits, then key and value."""
    rest = f" {key}={value}\n".encode()
    length = len(rest) + 1
    while length != len(rest) + len(str(length)):
        length = len(rest) + len(str(length))
    return str(length).encode() + rest


def _block(kind: bytes, name: bytes, prefix: bytes, mode: int, size: int, target: bytes) -> bytes:
    head = b"%b%07o\0%07o\0%07o\0%011o\0%011o\0" % (name.ljust(_NAME, b"\0"), mode, 0, 0, size, TIMESTAMP)
    tail = b"%b%bustar\x0000%b%07o\0%07o\0%b" % (kind, target.ljust(_NAME, b"\0"), bytes(64), 0, 0, prefix)
    checksum = sum(head) + 8 * ord(" ") + sum(tail)
    return (head + b"%06o\0 " % checksum + tail).ljust(BLOCK, b"\0")
