"""What a wheel has that a loader would load, and what it says it is for. Kept by the wheel's digest."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from email.parser import Parser
from posixpath import basename

from modelwrap.image.cache import Cache
from modelwrap.image.elf import ElfFile, machine_of, read_elf
from modelwrap.image.oci import JSONObject, JSONValue
from modelwrap.image.target import WheelFile
from modelwrap.image.wheels.wheel import Member, Wheel

__all__ = ["Inspected", "inspect_wheel"]

#: The kind of kept inspections; changes when what is looked for changes.
_INSPECTIONS = "inspections-1"

#: A larger file is put on the disk while it is read, in bytes; the library of PyTorch has half a gigabyte.
_MOST_IN_MEMORY = 1 << 24


@dataclass(frozen=True, slots=True)
class Inspected:
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


def inspect_wheel(wheel: WheelFile, cache: Cache) -> Inspected:
    """Looks into a wheel.

    Raises:
        DamagedBlob: It is no wheel that can be trusted.
    """
    document = cache.recall(_INSPECTIONS, wheel.digest)
    if document is None:
        document = _document(wheel)
        cache.remember(_INSPECTIONS, wheel.digest, document)
    natives = {path: _elf_of(value) for path, value in _mapping(document.get("natives")).items()}
    named = {basename(path) for path in natives if ".so" in path} | {elf.soname for elf in natives.values()}
    return Inspected(
        wheel,
        document.get("is_pure") is True,
        _text(document.get("requires_python")),
        natives,
        frozenset(named - {""} | set(_words(document.get("libraries")))),
    )


def _document(wheel: WheelFile) -> JSONObject:
    with Wheel(wheel.path, f"{wheel.name} {wheel.version}") as opened:
        about = Parser().parsestr(opened.read(f"{opened.info}/WHEEL").decode("utf-8", "replace"), headersonly=True)
        metadata = opened.read(f"{opened.info}/METADATA").decode("utf-8", "replace")
        natives: JSONObject = {path: _value_of(elf) for path, elf in _natives(opened)}
        return {
            "is_pure": str(about.get("Root-Is-Purelib", "")).strip().lower() == "true",
            "requires_python": str(Parser().parsestr(metadata, headersonly=True).get("Requires-Python", "")),
            "natives": natives,
            "libraries": [basename(member.name) for member in opened.members if _is_library(member)],
        }


def _is_library(member: Member) -> bool:
    name = basename(member.name)
    return name.endswith(".so") or ".so." in name


def _natives(wheel: Wheel) -> Iterator[tuple[str, ElfFile]]:
    for member in wheel.members:
        name = basename(member.name)
        if (_is_library(member) or member.is_executable or "." not in name) and (elf := _read(wheel, member)):
            yield member.name, elf


def _read(wheel: Wheel, member: Member) -> ElfFile | None:
    pieces = (content for _, content in wheel.pieces(member) if content)
    first = next(pieces, b"")
    if not machine_of(first[:20]):
        # A file that begins otherwise is left unread; the layers check it when they take it in.
        return None
    with tempfile.SpooledTemporaryFile(_MOST_IN_MEMORY) as file:
        file.write(first)
        for piece in pieces:
            file.write(piece)
        return read_elf(file) or ElfFile(machine_of(first[:20]))


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
