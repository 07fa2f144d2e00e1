"""Opens a wheel and gives out its members, compressed as they are and checked: nothing it says is believed.

Source: binary distribution format, PyPA specifications; ZIP file format, APPNOTE 6.3.
"""

from __future__ import annotations

import base64
import hashlib
import re
import struct
import zipfile
import zlib
from collections.abc import Iterator
from email.parser import Parser
from pathlib import Path
from types import TracebackType
from typing import IO, Self, TypeAlias

from modelwrap.errors import DamagedBlob
from modelwrap.image.inflating import BROKEN, checksum, inflater
from modelwrap.image.wheels.record import Recorded, read_record
from modelwrap.value import Value

__all__ = ["Member", "Pieces", "Wheel"]

#: A member's bytes as they come: parts as the wheel has them, each with the content that it gives.
Pieces: TypeAlias = Iterator[tuple[bytes, bytes]]

#: Read and inflated at once.
_PIECE = 256 * 1024
_LOCAL_HEADER = struct.Struct("<4s5H3I2H")
_ENCRYPTED, _IN_UTF8 = 0x1, 0x800
#: What RECORD can't hash: itself and its signatures.
_UNHASHED = ("RECORD", "RECORD.jws", "RECORD.p7s")


class Member(Value):
    """One file of a wheel.

    Attributes:
        name: Its path in the wheel.
        size: Of its content, in bytes.
        crc: CRC-32 of its content.
        is_executable: Whether any permission to run it is set.
        is_deflated: Whether it is kept as a deflate stream.
        record: What RECORD says of it.
    """

    name: str
    size: int
    crc: int
    is_executable: bool
    is_deflated: bool
    record: Recorded


class Wheel:
    """An open wheel; close it, or use it in a `with` block.

    Attributes:
        label: What messages call it: its name and version.
        members: Its files in the order of their names, without folders, RECORD and compiled modules.
        info: The name of its `.dist-info` folder.
        record: RECORD's lines by path.
    """

    def __init__(self, path: Path, label: str) -> None:
        """Opens a wheel.

        Raises:
            DamagedBlob: It is no wheel, or one that can't be trusted; the message says what is wrong with it.
        """
        self.label = label
        self._file = _open(path, label)
        try:
            self._zip = _read_directory(self._file, label)
            self._entries = {entry.filename: entry for entry in self._zip.infolist() if not entry.is_dir()}
            self._check_names()
            self.info = self._find_info()
            self._check_version()
            self.record = read_record(self.read(f"{self.info}/RECORD"), label)
            self.members = tuple(self._members())
        except BaseException:
            self._file.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Closes the file."""
        self._file.close()

    def has(self, name: str) -> bool:
        """Whether there is such a file."""
        return name in self._entries

    def read(self, name: str) -> bytes:
        """The content of a small file.

        Raises:
            DamagedBlob: There is none, or it is damaged.
        """
        if (entry := self._entries.get(name)) is None:
            raise self._damage(f"it has no {name}")
        return b"".join(content for _, content in self._checked(entry, Recorded()))

    def pieces(self, member: Member) -> Pieces:
        """A member's bytes as the wheel has them, each part with the content it gives, in bounded parts.

        Once the last part is out, size, CRC-32 and RECORD's hash have been found right.

        Raises:
            DamagedBlob: One of them is wrong.
        """
        return self._checked(self._entries[member.name], member.record)

    def _checked(self, entry: zipfile.ZipInfo, record: Recorded) -> Pieces:
        size = crc = 0
        digest = hashlib.new(record.algorithm) if record.hash else None
        for compressed, content in self._inflated(entry):
            size += len(content)
            crc = checksum(content, crc)
            if digest:
                digest.update(content)
            if size > entry.file_size:
                break
            yield compressed, content
        if (size, crc) != (entry.file_size, entry.CRC):
            raise self._damage(f"{entry.filename} is not what its size and checksum say")
        if record.size and int(record.size) != size:
            raise self._damage(f"{entry.filename} has {size} bytes, RECORD says {record.size}")
        if digest and _encoded(digest.digest()) != record.hash.partition("=")[2].rstrip("="):
            raise self._damage(f"{entry.filename} is not what RECORD's hash says")

    def _inflated(self, entry: zipfile.ZipInfo) -> Pieces:
        if entry.compress_type != zipfile.ZIP_DEFLATED:
            yield from self._other(entry)
            return
        stream = inflater(-zlib.MAX_WBITS)
        try:
            for compressed in self._raw(entry):
                yield compressed, stream.decompress(compressed, _PIECE)
                # At the end of the stream the tail is a copy of what is unused.
                while stream.unconsumed_tail and not stream.eof:
                    yield b"", stream.decompress(stream.unconsumed_tail, _PIECE)
            while not stream.eof and (content := stream.decompress(b"", _PIECE)):
                yield b"", content
        except BROKEN as error:
            raise self._damage(f"{entry.filename} can't be inflated: {error}") from error
        if not stream.eof or stream.unused_data:
            raise self._damage(f"{entry.filename} is no single deflate stream")

    def _other(self, entry: zipfile.ZipInfo) -> Pieces:
        try:
            with self._zip.open(entry) as file:
                while content := file.read(_PIECE):
                    yield b"", content
        except (zipfile.BadZipFile, NotImplementedError, EOFError, OSError, zlib.error) as error:
            raise self._damage(f"{entry.filename} can't be read: {error}") from error

    def _raw(self, entry: zipfile.ZipInfo) -> Iterator[bytes]:
        """The compressed bytes, found by the member's own header."""
        self._file.seek(entry.header_offset)
        start = self._file.read(_LOCAL_HEADER.size)
        if len(start) != _LOCAL_HEADER.size or not start.startswith(b"PK\x03\x04"):
            raise self._damage(f"{entry.filename} is not where the wheel's directory says")
        *_, name_length, extra_length = _LOCAL_HEADER.unpack(start)
        name = self._file.read(name_length).decode("utf-8" if entry.flag_bits & _IN_UTF8 else "cp437", "replace")
        if name != entry.orig_filename:
            raise self._damage(f"{entry.filename} calls itself {name!r}, which other readers would take it for")
        self._file.seek(extra_length, 1)
        place, left = self._file.tell(), entry.compress_size
        while left:
            self._file.seek(place)  # another member may have been read in between
            piece = self._file.read(min(left, _PIECE))
            if not piece:
                raise self._damage(f"{entry.filename} is cut off")
            place, left = place + len(piece), left - len(piece)
            yield piece

    def _members(self) -> Iterator[Member]:
        for name, entry in sorted(self._entries.items()):
            record = self.record.get(name)
            if name in (f"{self.info}/{unhashed}" for unhashed in _UNHASHED):
                continue
            if record is None or not record.hash:
                raise self._damage(f"RECORD has no hash of {name}")
            if "__pycache__" in name.split("/"):
                continue
            mode = entry.external_attr >> 16
            is_deflated = entry.compress_type == zipfile.ZIP_DEFLATED
            yield Member(name, entry.file_size, entry.CRC, bool(mode & 0o111), is_deflated, record)

    def _check_names(self) -> None:
        names = [entry.filename for entry in self._zip.infolist()]
        if len(set(names)) != len(names):
            twice = min(name for name in names if names.count(name) > 1)
            raise self._damage(f"it has {twice} twice")
        for entry in self._zip.infolist():
            parts = entry.filename.removesuffix("/").split("/")
            if "\\" in entry.filename or "\0" in entry.orig_filename or {"", ".", ".."} & set(parts):
                raise self._damage(f"{entry.orig_filename!r} leads out of it")
            if entry.flag_bits & _ENCRYPTED:
                raise self._damage(f"{entry.filename} is encrypted")

    def _find_info(self) -> str:
        found = {name.partition("/")[0] for name in self._entries if re.match(r"[^/]+\.dist-info/", name)}
        if len(found) != 1:
            raise self._damage(f"it has {len(found) or 'no'} .dist-info folder{'s' if found else ''}, not one")
        return found.pop()

    def _check_version(self) -> None:
        text = self.read(f"{self.info}/WHEEL").decode("utf-8", "replace")
        version = Parser().parsestr(text, headersonly=True).get("Wheel-Version", "")
        if version.strip().partition(".")[0] != "1":
            raise self._damage(f"it is of wheel version {version or 'unknown'}; modelwrap knows version 1")

    def _damage(self, what: str) -> DamagedBlob:
        return DamagedBlob(f"the wheel of {self.label} can't be used: {what}")


def _open(path: Path, label: str) -> IO[bytes]:
    try:
        return path.open("rb")
    except OSError as error:
        raise DamagedBlob(f"the wheel of {label}, {path}, can't be read: {error.strerror}") from error


def _read_directory(file: IO[bytes], label: str) -> zipfile.ZipFile:
    try:
        return zipfile.ZipFile(file)
    except (zipfile.BadZipFile, NotImplementedError, OSError, ValueError, struct.error) as error:
        raise DamagedBlob(f"the wheel of {label} can't be used: it is no zip archive ({error})") from error


def _encoded(digest: bytes) -> str:
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
