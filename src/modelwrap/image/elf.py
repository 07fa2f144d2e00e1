"""Reads what a loader would ask of an ELF file: its machine, the libraries it needs, the versions it needs of them.

Only the headers and the dynamic section are read, wherever they lie in the file. A file that is damaged, or no ELF
file, gives None: a wheel may bring anything as data.

Source: System V ABI, object files and dynamic linking; Linux Standard Base, symbol versioning.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import IO

from modelwrap.value import Value

__all__ = ["MAGIC", "ElfFile", "machine_of", "read_elf"]

#: What every ELF file begins with.
MAGIC = b"\x7fELF"

#: Machines as images name them, by `e_machine`.
_MACHINES = {3: "386", 21: "ppc64le", 22: "s390x", 40: "arm", 62: "amd64", 183: "arm64", 243: "riscv64"}
_LOAD, _DYNAMIC = 1, 2
_NEEDED, _STRTAB, _STRSZ, _SONAME, _VERNEED, _VERNEEDNUM = 1, 5, 10, 14, 0x6FFFFFFE, 0x6FFFFFFF
#: What no real file exceeds: entries of the dynamic section, and its strings in bytes.
_MOST_ENTRIES, _MOST_STRINGS = 1 << 14, 1 << 27


#: Header, segment and entry of the classes of 32 and 64 bits, as far as they are read.
_FORMATS = {1: ("4x4x4xI4x4x2xHH", "III4xI12x", "iI"), 2: ("4x4x8xQ8x4x2xHH", "I4xQQ8xQ16x", "qQ")}


class ElfFile(Value):
    """What a loader asks of an ELF file.

    Attributes:
        machine: The architecture as images name it.
        needed: The libraries that must be there: DT_NEEDED.
        soname: Its own name as a library; empty for a program or an extension module.
        versions: The versions of symbols that it needs: `GLIBC_2.34`.
    """

    machine: str
    needed: tuple[str, ...] = ()
    soname: str = ""
    versions: tuple[str, ...] = ()


class _Shape(Value):
    """How numbers are laid out, which class and byte order decide.

    Attributes:
        header: Of the file, from its 16th byte: program headers' place, size and count.
        segment: One program header: type, offset, address, size in the file.
        entry: One entry of the dynamic section.
    """

    header: struct.Struct
    segment: struct.Struct
    entry: struct.Struct
    order: str

    @classmethod
    def of(cls, head: bytes) -> _Shape | None:
        order = {1: "<", 2: ">"}.get(head[5])
        if order is None or head[4] not in _FORMATS:
            return None
        header, segment, entry = _FORMATS[head[4]]
        return cls(struct.Struct(order + header), struct.Struct(order + segment), struct.Struct(order + entry), order)


def machine_of(head: bytes) -> str:
    """The architecture, as images name it, that a file is for; empty for one that is no ELF file.

    Args:
        head: Its first 20 bytes or more.
    """
    if not head.startswith(MAGIC) or len(head) < 20:
        return ""
    number = int.from_bytes(head[18:20], "big" if head[5] == 2 else "little")
    return _MACHINES.get(number, f"machine {number}")


def read_elf(file: IO[bytes]) -> ElfFile | None:
    """Reads an ELF file that can be sought in; None for any other file."""
    try:
        return _Reader(file).read()
    except (struct.error, ValueError, IndexError, OverflowError):
        return None


class _Reader:
    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self._loaded: list[tuple[int, int, int]] = []

    def read(self) -> ElfFile | None:
        head = self._at(0, 16)
        shape = _Shape.of(head) if head.startswith(MAGIC) and len(head) == 16 else None
        if shape is None:
            return None
        place, size, count = shape.header.unpack(self._at(16, shape.header.size))
        machine = machine_of(self._at(0, 20))
        dynamic = b""
        for index in range(count):
            kind, offset, address, length = shape.segment.unpack(self._at(place + index * size, shape.segment.size))
            if kind == _LOAD:
                self._loaded.append((address, offset, length))
            elif kind == _DYNAMIC:
                dynamic = self._at(offset, min(length, _MOST_ENTRIES * shape.entry.size))
        return self._link(machine, shape, list(_entries(dynamic, shape.entry)))

    def _link(self, machine: str, shape: _Shape, entries: list[tuple[int, int]]) -> ElfFile:
        values = dict(entries)
        if _STRTAB not in values:
            return ElfFile(machine)
        strings = self._at(self._offset(values[_STRTAB]), min(values.get(_STRSZ, 0), _MOST_STRINGS))
        needed = tuple(_text(strings, value) for tag, value in entries if tag == _NEEDED)
        soname = _text(strings, values[_SONAME]) if _SONAME in values else ""
        versions: tuple[str, ...] = ()
        if _VERNEED in values:
            place, count = self._offset(values[_VERNEED]), values.get(_VERNEEDNUM, 0)
            versions = tuple(sorted({_text(strings, name) for name in self._versions(place, count, shape.order)}))
        return ElfFile(machine, needed, soname, versions)

    def _versions(self, place: int, count: int, order: str) -> Iterator[int]:
        """The places of the names of all versions needed; the structures are the same in both classes."""
        library, version = struct.Struct(f"{order}HHIII"), struct.Struct(f"{order}IHHII")
        for _ in range(min(count, _MOST_ENTRIES)):
            _, names, _, first, following = library.unpack(self._at(place, library.size))
            inner = place + first
            for _ in range(names):
                _, _, _, name, step = version.unpack(self._at(inner, version.size))
                yield name
                inner += step
            if not following:
                return
            place += following

    def _offset(self, address: int) -> int:
        """Where in the file lies what is loaded at an address."""
        for begin, offset, length in self._loaded:
            if begin <= address < begin + length:
                return offset + address - begin
        raise ValueError("the address is in no segment")

    def _at(self, place: int, size: int) -> bytes:
        self._file.seek(place)
        return self._file.read(size)


def _entries(dynamic: bytes, entry: struct.Struct) -> Iterator[tuple[int, int]]:
    whole = len(dynamic) // entry.size * entry.size
    for tag, value in entry.iter_unpack(dynamic[:whole]):
        if tag == 0:
            return
        yield tag, value


def _text(strings: bytes, place: int) -> str:
    return strings[place : strings.index(b"\0", place)].decode("utf-8", "replace")
