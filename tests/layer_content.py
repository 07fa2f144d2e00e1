"""What a layer unpacks to, as any other program reads it."""

from __future__ import annotations

import hashlib
import io
import tarfile
import zlib
from dataclasses import dataclass

from modelwrap.image.image import Blob

__all__ = ["Unpacked", "entries_of", "inflate_members", "unpack"]


@dataclass(frozen=True, slots=True)
class Unpacked:
    """One entry: a file with its content, a link with its target, or a folder with neither."""

    mode: int
    content: bytes = b""
    target: str = ""


def unpack(blob: Blob) -> dict[str, Unpacked]:
    """A layer's entries by path, after its digest was found right."""
    with blob.open() as file:
        content = file.read()
    assert f"sha256:{hashlib.sha256(content).hexdigest()}" == blob.descriptor.digest
    assert len(content) == blob.descriptor.size
    return entries_of(content)


def entries_of(content: bytes) -> dict[str, Unpacked]:
    """The entries of a compressed archive by path; no path may come twice."""
    found: dict[str, Unpacked] = {}
    with tarfile.open(fileobj=io.BytesIO(content), mode="r:gz") as archive:
        for member in archive:
            assert member.name not in found, member.name
            assert (member.uid, member.gid, member.mtime) == (0, 0, 315532800)
            file = archive.extractfile(member) if member.isfile() else None
            found[member.name] = Unpacked(member.mode, file.read() if file else b"", member.linkname)
    return found


def inflate_members(content: bytes) -> list[bytes]:
    """The content of each gzip member of a row of them."""
    members = []
    while content:
        inflater = zlib.decompressobj(zlib.MAX_WBITS | 16)
        members.append(inflater.decompress(content))
        assert inflater.eof
        content = inflater.unused_data
    return members
