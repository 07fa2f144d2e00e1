"""Reads a tar archive from its first entry to its last, in large parts and with little work for each entry.

Python's own `tarfile` is made for more: half of the time that reading a base image took went into checking each number
twice and copying what it had read ahead.

Source: POSIX.1-2017, pax interchange format and ustar; GNU tar, basic tar format.
"""

from __future__ import annotations

from collections.abc import Iterator
from enum import Enum, auto
from typing import IO

from modelwrap.image.tar_headers import BLOCK
from modelwrap.value import Value

__all__ = ["BrokenArchive", "Kind", "TarEntry", "TarReader"]

#: Taken from the file at once, in bytes.
_PIECE = 1 << 18
#: No longer path or record is believed, in bytes.
_LONGEST = 1 << 24
#: No longer number is one; Python itself refuses those of thousands of digits.
_DIGITS = 30
_ZEROS = bytes(BLOCK)
_CHECKSUM = slice(148, 156)
#: Of what has this type nothing follows, whatever its size says: links, devices, folders, pipes.
_BARE = frozenset(b"123456")
_GLOBAL, _LONG_PATH, _LONG_TARGET, _SPARSE = b"g", b"L", b"K", b"S"
#: Headers that say something of the entry after them.
_ANNOUNCING = b"xXgLK"
#: The name of a file with holes; its path is made up, for programs that know no holes.
#: Source: GNU tar, sparse formats.
_NAME_WITH_HOLES = "GNU.sparse.name"
_TEXTS = frozenset({b"path", b"linkpath", _NAME_WITH_HOLES.encode()})


class BrokenArchive(Exception):
    """The bytes are no tar archive, or it is cut off; the text says which."""


class Kind(Enum):
    """What an entry is."""

    FILE = auto()
    HARD_LINK = auto()
    LINK = auto()
    FOLDER = auto()
    OTHER = auto()


#: Files in one piece or with holes; all else that is not named is a device, a pipe, or unknown.
_KINDS = {
    **dict.fromkeys(b"\x0007S", Kind.FILE),
    ord("1"): Kind.HARD_LINK,
    ord("2"): Kind.LINK,
    ord("5"): Kind.FOLDER,
}


class TarEntry(Value):
    """One entry; `path` and `target` are as they stand in the archive.

    Attributes:
        path: Its name, without the slash that ends a folder's.
        kind: What it is.
        mode: Its permissions.
        size: Of what follows, in bytes.
        target: Where a link leads.
    """

    path: str
    kind: Kind
    mode: int
    size: int
    target: str


class TarReader:
    """An archive under way: iterate over it once.

    Args:
        file: The archive's bytes, before compression; whoever opened it closes it.
    """

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self._piece, self._at = b"", 0
        #: Bytes of the present entry that were not read yet, and zeros that fill its last block.
        self._left = self._padding = 0
        self._common: dict[str, str] = {}
        self._has_ended = False

    def __iter__(self) -> Iterator[TarEntry]:
        """Every entry, from where the file is.

        Raises:
            BrokenArchive: It is none, or ends too early.
        """
        is_first = True
        while (block := self._header()) is not None:
            yield self._entry(block)
            self._pass_over(self._left + self._padding)
            is_first = False
        if is_first and not self._has_ended:
            raise BrokenArchive("it is empty")

    def read(self) -> bytes:
        """What the present entry holds, or the rest of it."""
        content = self._take(self._left)
        self._left = 0
        return content

    def _entry(self, block: bytes) -> TarEntry:
        """The entry of a header, with what headers before it say of it."""
        told = self._common
        while (kind := block[156:157]) and kind in _ANNOUNCING:
            told = {**told, **self._told(kind, block)}
            following = self._header()
            if following is None:
                raise BrokenArchive("it ends where an entry is announced")
            block = following
        if kind == _SPARSE:
            self._pass_over_map(block)
        size = int(told["size"]) if "size" in told else _number(block[124:136])
        flag = kind[0]
        self._left = 0 if flag in _BARE else size
        self._padding = -self._left % BLOCK
        path = told.get(_NAME_WITH_HOLES) or told.get("path") or _path(block)
        is_folder = kind == b"5" or (kind == b"\0" and path.endswith("/"))
        return TarEntry(
            path.rstrip("/") if is_folder else path,
            Kind.FOLDER if is_folder else _KINDS.get(flag, Kind.OTHER),
            _number(block[100:108]),
            size,
            told.get("linkpath") or _text(block[157:257]),
        )

    def _told(self, kind: bytes, block: bytes) -> dict[str, str]:
        """What an extended header says of the entries that follow, or of the next one."""
        size = _number(block[124:136])
        if size > _LONGEST:
            raise BrokenArchive("an extended header is too long")
        content = self._take(size)
        self._pass_over(-size % BLOCK)
        if kind in (_LONG_PATH, _LONG_TARGET):
            return {"path" if kind == _LONG_PATH else "linkpath": _text(content)}
        records = dict(_records(content))
        if kind == _GLOBAL:
            self._common = {**self._common, **records}
        return records

    def _pass_over_map(self, block: bytes) -> None:
        """The blocks that say where a file has holes."""
        is_continued = block[482] != 0
        while is_continued:
            is_continued = self._take(BLOCK)[504] != 0

    def _header(self) -> bytes | None:
        """The next header; None at the archive's end."""
        block = self._take(BLOCK, may_end=True)
        if not block or block == _ZEROS:
            self._has_ended = bool(block)
            return None
        if len(block) < BLOCK:
            raise BrokenArchive("it ends in the middle of a header")
        # Source: the sum of all bytes, those of the sum itself counted as spaces.
        if sum(block) - sum(block[_CHECKSUM]) + 8 * ord(" ") != _number(block[_CHECKSUM]):
            raise BrokenArchive("a header has not the checksum that it says")
        return block

    def _take(self, size: int, *, may_end: bool = False) -> bytes:
        end = self._at + size
        if end <= len(self._piece):
            content = self._piece[self._at : end]
            self._at = end
            return content
        parts = [self._piece[self._at :]]
        missing = size - len(parts[0])
        while missing:
            self._piece = self._file.read(_PIECE)
            if not self._piece:
                break
            parts.append(self._piece[:missing])
            self._at = len(parts[-1])
            missing -= self._at
        if missing and not may_end:
            raise BrokenArchive("it ends early")
        return b"".join(parts)

    def _pass_over(self, size: int) -> None:
        while self._at + size > len(self._piece):
            size -= len(self._piece) - self._at
            self._piece, self._at = self._file.read(_PIECE), 0
            if not self._piece:
                raise BrokenArchive("it ends early")
        self._at += size


def _path(block: bytes) -> str:
    name = _text(block[:100])
    # GNU tar keeps times where ustar has the begin of a long path.
    prefix = _text(block[345:500]) if block[257:263] == b"ustar\0" else ""
    return f"{prefix}/{name}" if prefix else name


def _text(field: bytes) -> str:
    return field.partition(b"\0")[0].decode("utf-8", "surrogateescape")


def _number(field: bytes) -> int:
    """Octal digits, or, after a first bit that is set, a number in binary."""
    if field[0] & 0x80:
        return int.from_bytes(bytes([field[0] & 0x7F]) + field[1:], "big")
    digits = field.partition(b"\0")[0].strip() or b"0"
    if not digits.isdigit() or b"8" in digits or b"9" in digits:
        raise BrokenArchive("a header has no number where one belongs")
    return int(digits, 8)


def _records(content: bytes) -> Iterator[tuple[str, str]]:
    """What of an extended header counts here: each record says its own length, a key and a value."""
    at = 0
    while at < len(content) and content[at] != 0:
        digits, space, _ = content[at : at + 20].partition(b" ")
        length = int(digits) if space and digits.isdigit() else 0
        record = content[at + len(digits) + 1 : at + length]
        key, equals, value = record.partition(b"=")
        if not equals or not record.endswith(b"\n") or len(record) != length - len(digits) - 1:
            raise BrokenArchive("an extended header can't be read")
        if key == b"size" and len(value) > _DIGITS:
            raise BrokenArchive("an extended header has a size that nothing has")
        if key in _TEXTS or (key == b"size" and value[:-1].isdigit()):
            yield key.decode(), value[:-1].decode("utf-8", "surrogateescape")
        at += length
