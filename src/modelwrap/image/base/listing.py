"""One layer read once, from its first byte to its last: the few paths and contents that a probe asks for.

What was found is small and depends on the layer's bytes only, so it may be kept under the layer's digest.
"""

from __future__ import annotations

import functools
import hashlib
import io
import re
import zlib
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from posixpath import basename, dirname, join, normpath
from typing import IO, BinaryIO, Protocol, TypeGuard, cast

from modelwrap.errors import BaseImageError, DamagedBlob
from modelwrap.image.base.clues import LARGEST_TOLD, reader_for
from modelwrap.image.gunzip import Gunzip
from modelwrap.image.image import Blob
from modelwrap.image.oci import Digest, JSONObject, JSONValue
from modelwrap.image.tar_reading import BrokenArchive, Kind, TarEntry, TarReader
from modelwrap.value import Value, field

__all__ = ["LayerListing", "Look", "Onlooker", "list_layer"]

_CHUNK = 1 << 20
_GZIP, _ZSTD = b"\x1f\x8b", b"\x28\xb5\x2f\xfd"
#: Source: OCI image specification, layer, whiteouts.
_WHITEOUT, _OPAQUE = ".wh.", ".wh..wh..opq"
#: Programs, shared libraries, and the file that shows where a standard library is.
_ASKED_FOR = re.compile(r"(?:.*/)?s?bin/[^/]+|.*\.so(?:\.[^/]*)?|.*/python3\.[0-9]+t?/os\.py")


class Look(Protocol):
    """A look at one layer, whose files go by."""

    def see(self, path: str, read: Callable[[], bytes] | None) -> None:
        """Sees a file, whose content may be read once and now; with None for it, a path that is taken away."""


class Onlooker(Protocol):
    """Whoever wants files of a layer that is read through anyway."""

    def look(self, digest: Digest) -> AbstractContextManager[Look]:
        """Begins a look at a layer; the block ends well only if the layer is what its digest says."""


class LayerListing(Value):
    """What a layer has of what a probe asks for. Paths are relative to the root, without a leading slash.

    Attributes:
        files: Programs, libraries and what tells of the system.
        links: Symbolic links and where they point, as they say it.
        removed: Paths of lower layers that it removes.
        emptied: Folders whose content in lower layers it removes.
        told: The words that the contents of some files tell.
    """

    files: frozenset[str] = frozenset()
    links: Mapping[str, str] = field(default_factory=dict)
    removed: frozenset[str] = frozenset()
    emptied: frozenset[str] = frozenset()
    told: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    @property
    def document(self) -> JSONObject:
        """As a cache keeps it."""
        return {
            "files": [*sorted(self.files)],
            "links": {**self.links},
            "removed": [*sorted(self.removed)],
            "emptied": [*sorted(self.emptied)],
            "told": {path: [*words] for path, words in self.told.items()},
        }

    @classmethod
    def of(cls, document: JSONObject) -> LayerListing | None:
        """The listing that a document was made of; None if it is no such document."""
        links, told = document.get("links"), document.get("told")
        groups = [document.get(name) for name in ("files", "removed", "emptied")]
        if not isinstance(links, dict) or not isinstance(told, dict):
            return None
        files, removed, emptied = (frozenset(group) if _are_words(group) else frozenset[str]() for group in groups)
        return cls(
            files,
            {path: target for path, target in links.items() if isinstance(target, str)},
            removed,
            emptied,
            {path: tuple(words) for path, words in told.items() if _are_words(words)},
        )


def _are_words(value: JSONValue) -> TypeGuard[list[str]]:
    return isinstance(value, list) and all(isinstance(word, str) for word in value)


def list_layer(blob: Blob, onlooker: Onlooker | None = None) -> LayerListing:
    """Reads a layer through.

    Args:
        blob: The layer.
        onlooker: Sees its files too.

    Raises:
        DamagedBlob: Its bytes are not what its digest says, or no archive.
        BaseImageError: It is compressed in a way that can't be read here.
    """
    digest = blob.descriptor.digest
    with blob.open() as file, onlooker.look(digest) if onlooker else nullcontext() as look:
        hashing = _Hashing(file)
        packed = io.BufferedReader(hashing, _CHUNK)
        try:
            content = _unpacked(packed, digest)
            listing = _read(content, look)
            # Padding after the archive's end, and whatever follows it, count for the digest too.
            _drain(content)
            _drain(packed)
        except (BrokenArchive, zlib.error, EOFError) as error:
            raise DamagedBlob(f"layer {digest} of the base image can't be read: {error}") from error
        if hashing.digest != digest:
            raise DamagedBlob(
                f"layer {digest} of the base image is damaged: its bytes have the digest {hashing.digest}"
            )
    return listing


class _Hashing(io.RawIOBase):
    """A reader that hashes what it reads."""

    def __init__(self, file: BinaryIO) -> None:
        super().__init__()
        self._file = file
        self._hash = hashlib.sha256()

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        content = self._file.read(len(buffer))
        buffer[: len(content)] = content
        self._hash.update(content)
        return len(content)

    @property
    def digest(self) -> str:
        return f"sha256:{self._hash.hexdigest()}"


def _unpacked(packed: io.BufferedReader[_Hashing], digest: str) -> IO[bytes]:
    """The archive as it was before compression, by what the bytes say: media types of old registries may not."""
    head = packed.peek(4)
    if head.startswith(_GZIP):
        return cast("IO[bytes]", Gunzip(packed))
    if head.startswith(_ZSTD):
        raise BaseImageError(
            f"layer {digest} of the base image is compressed with zstd, which can't be read here\n"
            "use a base with gzip layers, or copy it: skopeo copy --dest-compress-format gzip"
        )
    return packed


def _drain(file: IO[bytes]) -> None:
    while file.read(_CHUNK):
        pass


def _read(content: IO[bytes], look: Look | None) -> LayerListing:
    files, removed, emptied = set[str](), set[str](), set[str]()
    links, told = dict[str, str](), dict[str, tuple[str, ...]]()
    archive = TarReader(content)
    for entry in archive:
        path = normpath(entry.path).lstrip("/")
        folder, name = dirname(path), basename(path)
        if name == _OPAQUE:
            emptied.add(folder)
        elif name.startswith(_WHITEOUT):
            removed.add(join(folder, name.removeprefix(_WHITEOUT)))
            if look:
                look.see(join(folder, name.removeprefix(_WHITEOUT)), None)
        elif entry.kind is Kind.LINK:
            links[path] = entry.target
        elif entry.kind is Kind.HARD_LINK:
            _follow(path, normpath(entry.target).lstrip("/"), files, told)
        elif entry.kind is Kind.FILE:
            read = functools.cache(archive.read)
            _note(entry, path, read, files, told)
            if look:
                look.see(path, read)
    return LayerListing(frozenset(files), links, frozenset(removed), frozenset(emptied), told)


def _follow(path: str, target: str, files: set[str], told: dict[str, tuple[str, ...]]) -> None:
    """A hard link is the file that an earlier member has."""
    if _ASKED_FOR.fullmatch(path) or reader_for(path):
        files.add(path)
    if target in told:
        told[path] = told[target]


def _note(
    entry: TarEntry,
    path: str,
    read: Callable[[], bytes],
    files: set[str],
    told: dict[str, tuple[str, ...]],
) -> None:
    reader = reader_for(path)
    if reader or _ASKED_FOR.fullmatch(path):
        files.add(path)
    if reader and entry.size <= LARGEST_TOLD:
        told[path] = tuple(reader(read()))
