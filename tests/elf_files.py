"""ELF files made by the tests: no code, only what a loader reads first."""

from __future__ import annotations

import struct
from collections.abc import Sequence

__all__ = ["make_elf"]

_CLASSES = {
    # Class: file header after the first 16 bytes, program header, entry of the dynamic section.
    64: ("HHIQQQIHHHHHH", "IIQQQQQQ", "qQ"),
    32: ("HHIIIIIHHHHHH", "IIIIIIII", "iI"),
}


def make_elf(
    needed: Sequence[str] = (),
    *,
    soname: str = "",
    versions: Sequence[str] = (),
    machine: int = 62,
    bits: int = 64,
    order: str = "<",
) -> bytes:
    """A shared library that needs these libraries, and these versions of the first one's symbols."""
    header_form, segment_form, entry_form = _CLASSES[bits]
    header, segment, entry = (struct.Struct(order + form) for form in (header_form, segment_form, entry_form))
    strings = b"\0" + b"".join(text.encode() + b"\0" for text in (*needed, soname, *versions))

    def place(text: str) -> int:
        return strings.index(b"\0" + text.encode() + b"\0") + 1

    base = 0x1000
    strings_at = 16 + header.size + 2 * segment.size
    needs = _versions([place(version) for version in versions], order)
    needs_at = strings_at + len(strings)
    dynamic_at = needs_at + len(needs)
    entries = [(1, place(name)) for name in needed] + [(5, base + strings_at), (10, len(strings))]
    entries += [(14, place(soname))] if soname else []
    entries += [(0x6FFFFFFE, base + needs_at), (0x6FFFFFFF, 1)] if versions else []
    dynamic = b"".join(entry.pack(*one) for one in (*entries, (0, 0)))
    size = dynamic_at + len(dynamic)
    segments = [(1, 0, base, size), (2, dynamic_at, base + dynamic_at, len(dynamic))]
    return b"".join(
        (
            b"\x7fELF" + bytes((2 if bits == 64 else 1, 1 if order == "<" else 2, 1)) + bytes(9),
            header.pack(3, machine, 1, 0, 16 + header.size, 0, 0, 16 + header.size, segment.size, 2, 0, 0, 0),
            *(segment.pack(*_segment(bits, *one)) for one in segments),
            strings,
            needs,
            dynamic,
        )
    )


def _segment(bits: int, kind: int, offset: int, address: int, size: int) -> tuple[int, ...]:
    if bits == 64:
        return (kind, 4, offset, address, address, size, size, 0)
    return (kind, offset, address, address, size, size, 4, 0)


def _versions(names: Sequence[int], order: str) -> bytes:
    if not names:
        return b""
    inner = [
        struct.pack(f"{order}IHHII", 0, 0, 2, name, 16 if index + 1 < len(names) else 0)
        for index, name in enumerate(names)
    ]
    return struct.pack(f"{order}HHIII", 1, len(names), 0, 16, 0) + b"".join(inner)
