"""Writes the archive of a layer: a tar of one form for the same content, compressed as a row of gzip members.

What comes compressed is spliced in as it is: a wheel's deflate stream between a gzip head and tail is a gzip member.
All else is collected and compressed by pieces. Never more than a piece is in memory.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from posixpath import dirname
from typing import Protocol

from modelwrap.errors import ImageError
from modelwrap.image.compression import GZIP_HEAD, gzip_member, gzip_tail
from modelwrap.image.oci import Digest
from modelwrap.image.tar_headers import END, EntryType, header, padding
from modelwrap.value import Value

__all__ = ["LayerWriter", "Sink", "Written"]

#: As much is compressed at once; changing it changes every digest.
_PIECE = 256 * 1024
_FILE, _PROGRAM, _FOLDER, _LINK = 0o644, 0o755, 0o755, 0o777


class Sink(Protocol):
    """What an archive is written to."""

    def write(self, content: bytes, /) -> int:
        """Appends to it."""


class Written(Value):
    """A finished archive.

    Attributes:
        digest: Of the compressed archive.
        diff_id: Of the archive before compression.
        size: Of the compressed archive, in bytes.
        unpacked: Of the archive before compression, in bytes.
    """

    digest: Digest
    diff_id: Digest
    size: int
    unpacked: int


class LayerWriter:
    """An archive in the making. Entries come in the order of the calls; folders on the way to one come by themselves.

    Paths are relative to the root of the image: `opt/venv/bin/python`. Every method that takes one raises `ImageError`
    for a path that leads elsewhere, or that has been used: builders refuse a layer with the same path twice.
    """

    def __init__(self, sink: Sink) -> None:
        self._sink = sink
        self._pending = bytearray()
        self._taken: set[str] = set()
        self._folders: set[str] = set()
        self._digest, self._diff_id = hashlib.sha256(), hashlib.sha256()
        self._size = self._unpacked = 0

    def folder(self, path: str) -> None:
        """Adds a folder; one that is there already stays as it is."""
        if path not in self._folders:
            self._enter(EntryType.FOLDER, path, _FOLDER)

    def link(self, path: str, target: str) -> None:
        """Adds a symbolic link."""
        self._enter(EntryType.LINK, path, _LINK, target=target)

    def file(self, path: str, content: bytes, *, executable: bool = False) -> None:
        """Adds a file whose bytes are at hand."""
        self.copied(path, (content,), len(content), executable=executable)

    def copied(self, path: str, pieces: Iterable[bytes], size: int, *, executable: bool = False) -> None:
        """Adds a file whose bytes come piece by piece.

        Raises:
            ImageError: They are not as many as `size` says.
        """
        self._enter(EntryType.FILE, path, _PROGRAM if executable else _FILE, size)
        left = size
        for piece in pieces:
            left -= len(piece)
            self._add(piece)
        if left:
            raise ImageError(f"{path} changed while it was read: try again when nothing writes it")
        self._add(padding(size))

    def deflated(
        self, path: str, pieces: Iterable[tuple[bytes, bytes]], size: int, crc: int, *, executable: bool = False
    ) -> None:
        """Adds a file that comes compressed, and keeps it so.

        Args:
            path: Where it goes.
            pieces: Parts of one whole raw deflate stream, each with the content that it gave; either may be empty.
            size: Of the content, in bytes. Whoever inflates it checks that this and `crc` hold.
            crc: CRC-32 of the content.
            executable: Whether it may be run.
        """
        self._enter(EntryType.FILE, path, _PROGRAM if executable else _FILE, size)
        self._flush()
        self._write(GZIP_HEAD)
        for compressed, content in pieces:
            self._write(compressed)
            self._count(content)
        self._write(gzip_tail(crc, size))
        self._add(padding(size))

    def close(self) -> Written:
        """Ends the archive, not what it is written to."""
        self._add(END)
        self._flush()
        digest, diff_id = (f"sha256:{state.hexdigest()}" for state in (self._digest, self._diff_id))
        return Written(digest, diff_id, self._size, self._unpacked)

    def _enter(self, kind: EntryType, path: str, mode: int, size: int = 0, target: str = "") -> None:
        self._check(path)
        if parent := dirname(path):
            self.folder(parent)
        self._taken.add(path)
        if kind is EntryType.FOLDER:
            self._folders.add(path)
            path += "/"
        self._add(header(kind, path, mode, size, target))

    def _check(self, path: str) -> None:
        if path in self._taken:
            raise ImageError(f"{path} would be twice in one layer, which builders refuse")
        if "\0" in path or any(part in ("", ".", "..") for part in path.split("/")):
            raise ImageError(f"{path!r} is no path inside an image")

    def _add(self, content: bytes) -> None:
        self._count(content)
        self._pending += content
        while len(self._pending) >= _PIECE:
            self._compress(bytes(self._pending[:_PIECE]))
            del self._pending[:_PIECE]

    def _flush(self) -> None:
        if self._pending:
            self._compress(bytes(self._pending))
            self._pending.clear()

    def _compress(self, content: bytes) -> None:
        self._write(gzip_member(content))

    def _count(self, content: bytes) -> None:
        self._diff_id.update(content)
        self._unpacked += len(content)

    def _write(self, content: bytes) -> None:
        self._digest.update(content)
        self._size += len(content)
        self._sink.write(content)
