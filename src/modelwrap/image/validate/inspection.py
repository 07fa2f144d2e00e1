"""What a wheel has that a loader would load, and what it says it is for. Kept by the wheel's digest."""

from __future__ import annotations

import tempfile
from email.parser import Parser
from posixpath import basename
from typing import IO, Protocol

from modelwrap.image.elf import ElfFile, machine_of, read_elf
from modelwrap.image.oci import JSONObject, JSONValue
from modelwrap.image.target import WheelFile
from modelwrap.image.wheels.wheel import Member, Pieces, Wheel
from modelwrap.value import Value

__all__ = ["Inspected", "Inspector", "Memory", "inspect_wheel"]

#: The kind of kept inspections; changes when what is looked for changes.
_INSPECTIONS = "inspections-1"

#: A larger file is put on the disk while it is read, in bytes; the library of PyTorch has half a gigabyte.
_MOST_IN_MEMORY = 1 << 24


class Memory(Protocol):
    """Keeps documents, as a cache does."""

    def recall(self, kind: str, key: str) -> JSONObject | None:
        """The document that was remembered under a key, or None."""

    def remember(self, kind: str, key: str, document: JSONObject) -> None:
        """Keeps a document under a key."""


class Inspected(Value):
    """What is in a wheel.

    Attributes:
        wheel: The wheel.
        is_pure: Whether it says that it is for every machine; native files in it are then data.
        requires_python: Which Pythons it says it is for; empty where it says nothing.
        natives: Its ELF files by path.
        libraries: The names under which it has shared libraries.
    """

    wheel: WheelFile
    is_pure: bool
    requires_python: str
    natives: dict[str, ElfFile]
    libraries: frozenset[str]

    def __str__(self) -> str:
        return f"{self.wheel.name} {self.wheel.version}"


def inspect_wheel(wheel: WheelFile, cache: Memory) -> Inspected:
    """Looks into a wheel, unless somebody has looked already.

    Raises:
        DamagedBlob: It is no wheel that can be trusted.
    """
    document = cache.recall(_INSPECTIONS, wheel.digest)
    if document is None:
        with Wheel(wheel.path, f"{wheel.name} {wheel.version}") as opened:
            document = _Look(wheel, opened, cache).end()
    natives = {path: _elf_of(value) for path, value in _mapping(document.get("natives")).items()}
    named = {basename(path) for path in natives if ".so" in path} | {elf.soname for elf in natives.values()}
    return Inspected(
        wheel,
        document.get("is_pure") is True,
        _text(document.get("requires_python")),
        natives,
        frozenset(named - {""} | set(_words(document.get("libraries")))),
    )


class Inspector(Value):
    """Looks into wheels while their layers are made, so that they are inflated once: what it saw is in the cache.

    Attributes:
        cache: Keeps what was seen.
    """

    cache: Memory

    def look(self, file: WheelFile, wheel: Wheel) -> _Look | None:
        """A look into a wheel; None where that was inspected before."""
        return _Look(file, wheel, self.cache) if self.cache.recall(_INSPECTIONS, file.digest) is None else None


class _Look:
    """An inspection under way, of members that somebody else reads or of those that nobody does."""

    def __init__(self, file: WheelFile, wheel: Wheel, cache: Memory) -> None:
        self._file = file
        self._wheel = wheel
        self._cache = cache
        self._seen: dict[str, ElfFile | None] = {}

    def through(self, member: Member, pieces: Pieces) -> Pieces:
        """The same pieces; what goes by is seen."""
        return self._watched(member, pieces) if _may_be_native(member) else pieces

    def _watched(self, member: Member, pieces: Pieces) -> Pieces:
        with tempfile.SpooledTemporaryFile(_MOST_IN_MEMORY) as file:
            kept = _Kept(file)
            for compressed, content in pieces:
                kept.take(content)
                yield compressed, content
            self._seen[member.name] = kept.elf()

    def end(self) -> JSONObject:
        """Reads what went by nobody, and keeps all that was seen."""
        wheel = self._wheel
        for member in wheel.members:
            if _may_be_native(member) and member.name not in self._seen:
                self._seen[member.name] = _read(wheel, member)
        document = _document(wheel, {path: elf for path, elf in sorted(self._seen.items()) if elf})
        self._cache.remember(_INSPECTIONS, self._file.digest, document)
        return document


class _Kept:
    """The bytes of a file as they come, kept as long as they may be an ELF file's."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self._machine: str | None = None

    def take(self, content: bytes) -> bool:
        """Whether more is of interest."""
        if self._machine is None and content:
            self._machine = machine_of(content[:20])
        if self._machine:
            self._file.write(content)
        return self._machine != ""

    def elf(self) -> ElfFile | None:
        if not self._machine:
            return None
        return read_elf(self._file) or ElfFile(self._machine)


def _document(wheel: Wheel, natives: dict[str, ElfFile]) -> JSONObject:
    about = Parser().parsestr(wheel.read(f"{wheel.info}/WHEEL").decode("utf-8", "replace"), headersonly=True)
    metadata = wheel.read(f"{wheel.info}/METADATA").decode("utf-8", "replace")
    return {
        "is_pure": str(about.get("Root-Is-Purelib", "")).strip().lower() == "true",
        "requires_python": str(Parser().parsestr(metadata, headersonly=True).get("Requires-Python", "")),
        "natives": {path: _value_of(elf) for path, elf in natives.items()},
        "libraries": [basename(member.name) for member in wheel.members if _is_library(member)],
    }


def _is_library(member: Member) -> bool:
    name = basename(member.name)
    return name.endswith(".so") or ".so." in name


def _may_be_native(member: Member) -> bool:
    return _is_library(member) or member.is_executable or "." not in basename(member.name)


def _read(wheel: Wheel, member: Member) -> ElfFile | None:
    with tempfile.SpooledTemporaryFile(_MOST_IN_MEMORY) as file:
        kept = _Kept(file)
        for _, content in wheel.pieces(member):
            if not kept.take(content):
                # A file that begins otherwise is left unread; the layers check it when they take it in.
                return None
        return kept.elf()


def _value_of(elf: ElfFile) -> JSONObject:
    return {
        "machine": elf.machine,
        "needed": [*elf.needed],
        "soname": elf.soname,
        "versions": [*elf.versions],
    }


def _elf_of(value: JSONValue) -> ElfFile:
    found = _mapping(value)
    return ElfFile(
        _text(found.get("machine")),
        _words(found.get("needed")),
        _text(found.get("soname")),
        _words(found.get("versions")),
    )


def _mapping(value: JSONValue) -> JSONObject:
    return value if isinstance(value, dict) else {}


def _text(value: JSONValue) -> str:
    return value if isinstance(value, str) else ""


def _words(value: JSONValue) -> tuple[str, ...]:
    return tuple(word for word in value if isinstance(word, str)) if isinstance(value, list) else ()
