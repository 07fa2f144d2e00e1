"""What a loader asks of a file is read from it, and no file makes the reading fail."""

from __future__ import annotations

import io
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from elf_files import make_elf
from modelwrap.image.elf import ElfFile, machine_of, read_elf


def read(content: bytes) -> ElfFile | None:
    return read_elf(io.BytesIO(content))


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("bits", [32, 64])
def test_both_classes_and_byte_orders_are_read(bits: int, order: str) -> None:
    content = make_elf(
        ("libm.so.6", "libc.so.6"),
        soname="libmine.so.2",
        versions=("GLIBC_2.34", "GLIBC_2.17"),
        machine=183,
        bits=bits,
        order=order,
    )
    assert read(content) == ElfFile("arm64", ("libm.so.6", "libc.so.6"), "libmine.so.2", ("GLIBC_2.17", "GLIBC_2.34"))
    assert machine_of(content[:20]) == "arm64"


def test_a_library_that_needs_nothing_is_one() -> None:
    assert read(make_elf()) == ElfFile("amd64")


@pytest.mark.skipif(sys.platform != "linux", reason="other systems' programs are no ELF files")
def test_a_real_program_needs_its_c_library() -> None:
    with Path(sys.executable).open("rb") as file:
        found = read_elf(file)
    assert found is not None
    assert any(name.startswith(("libc.", "libc-")) for name in found.needed)


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04", b"\x7fELF", b"\x7fELF\x09\x01" + bytes(60)])
def test_other_files_are_none(content: bytes) -> None:
    assert read(content) is None


@given(st.integers(0, 400), st.integers(0, 255), st.integers(0, 400))
def test_a_damaged_file_never_fails(place: int, value: int, length: int) -> None:
    content = bytearray(make_elf(("libc.so.6",), soname="libmine.so", versions=("GLIBC_2.34",)))
    content[place % len(content)] = value
    for damaged in (bytes(content), bytes(content[:length])):
        found = read(damaged)
        assert found is None or isinstance(found, ElfFile)
