"""Archives as Python's own reader sees them, in every format, wherever pieces end; and what is no archive is told."""

from __future__ import annotations

import io
import tarfile
from collections.abc import Iterator
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modelwrap.image import tar_reading
from modelwrap.image.tar_reading import BrokenArchive, Kind, TarEntry, TarReader

FORMATS = {"ustar": tarfile.USTAR_FORMAT, "gnu": tarfile.GNU_FORMAT, "pax": tarfile.PAX_FORMAT}
KINDS = {
    Kind.FILE: tarfile.TarInfo.isreg,
    Kind.LINK: tarfile.TarInfo.issym,
    Kind.HARD_LINK: tarfile.TarInfo.islnk,
    Kind.FOLDER: tarfile.TarInfo.isdir,
}
LONG = "a/folder/" * 20 + "x" * 90


def pack(*entries: tuple[tarfile.TarInfo, bytes], form: int = tarfile.PAX_FORMAT) -> bytes:
    written = io.BytesIO()
    with tarfile.open(fileobj=written, mode="w", format=form) as archive:
        for entry, content in entries:
            entry.size = len(content)
            archive.addfile(entry, io.BytesIO(content))
    return written.getvalue()


def entry(name: str, kind: bytes = tarfile.REGTYPE, target: str = "", **changes: object) -> tarfile.TarInfo:
    made = tarfile.TarInfo(name)
    made.type, made.linkname = kind, target
    for field, value in changes.items():
        setattr(made, field, value)
    return made


def some_of_each() -> Iterator[tuple[tarfile.TarInfo, bytes]]:
    yield entry("folder/", tarfile.DIRTYPE, mode=0o750), b""
    yield entry("folder/file", mode=0o4755), b"content" * 200
    yield entry("./empty"), b""
    yield entry("link", tarfile.SYMTYPE, "folder/file"), b""
    yield entry("hard", tarfile.LNKTYPE, "folder/file"), b""
    yield entry("pipe", tarfile.FIFOTYPE), b""
    yield entry("device", tarfile.CHRTYPE, devmajor=1, devminor=3), b""
    yield entry("a" * 100), b"just as long as fits"
    yield entry("folder/" + "b" * 100), b"a folder more"
    yield entry("large numbers", uid=1 << 20, gid=7, mtime=1 << 30), b"!"


def seen(content: bytes) -> list[tuple[TarEntry, bytes]]:
    reader = TarReader(io.BytesIO(content))
    return [(each, reader.read()) for each in reader]


def by_python(content: bytes) -> list[tuple[TarEntry, bytes]]:
    with tarfile.open(fileobj=io.BytesIO(content), mode="r:") as archive:
        found = []
        for each in archive:
            kind = next((kind for kind, is_one in KINDS.items() if is_one(each)), Kind.OTHER)
            file = archive.extractfile(each) if each.isreg() else None
            told = TarEntry(each.name, kind, each.mode, each.size, each.linkname)
            found.append((told, file.read() if file else b""))
        return found


@pytest.mark.parametrize("form", FORMATS.values(), ids=FORMATS)
@pytest.mark.parametrize("piece", [1, 511, 700, 1 << 18])
def test_every_kind_of_entry_is_as_python_reads_it(form: int, piece: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tar_reading, "_PIECE", piece)
    content = pack(*some_of_each(), form=form)
    assert seen(content) == by_python(content)


@pytest.mark.parametrize("form", [tarfile.GNU_FORMAT, tarfile.PAX_FORMAT], ids=["gnu", "pax"])
@pytest.mark.parametrize("name", [LONG, "köttbullar/ß", "\udcff not utf-8", LONG + "ü" * 90])
def test_long_and_foreign_names_are_whole(form: int, name: str) -> None:
    content = pack((entry(name), b"1"), (entry("link", tarfile.SYMTYPE, name), b""), (entry("after"), b"2"), form=form)
    assert [(each.path, each.target) for each, _ in seen(content)] == [(name, ""), ("link", name), ("after", "")]
    assert seen(content) == by_python(content)


def test_what_one_header_says_of_all_entries_holds_for_all() -> None:
    written = io.BytesIO()
    with tarfile.open(
        fileobj=written, mode="w", format=tarfile.PAX_FORMAT, pax_headers={"comment": "a build"}
    ) as archive:
        archive.addfile(entry("a"))
        archive.addfile(entry(LONG))
    assert [each.path for each, _ in seen(written.getvalue())] == ["a", LONG]


def test_a_size_that_eleven_digits_do_not_hold_is_right() -> None:
    large = 9 * 1024**3
    for form in (tarfile.GNU_FORMAT, tarfile.PAX_FORMAT):
        made = entry("large")
        made.size = large
        reader = TarReader(io.BytesIO(made.tobuf(form)))
        assert next(iter(reader)).size == large


def test_a_file_with_holes_is_passed_over_to_the_next_entry() -> None:
    # Source: GNU tar, sparse formats: the map goes on in blocks of its own after the header.
    header = bytearray(entry("holes", tarfile.GNUTYPE_SPARSE).tobuf(tarfile.GNU_FORMAT)[:512])
    header[124:136] = b"%011o\0" % 600
    header[482] = 1
    header[148:156] = b" " * 8
    header[148:156] = b"%06o\0 " % sum(header)
    map_blocks = bytes(504) + b"\1" + bytes(7) + bytes(512)
    content = bytes(header) + map_blocks + b"x" * 600 + bytes(424) + pack((entry("after"), b"1"))
    assert [(each.path, each.kind) for each, _ in seen(content)] == [("holes", Kind.FILE), ("after", Kind.FILE)]


def test_a_file_with_holes_has_its_own_name() -> None:
    # Source: GNU tar, sparse formats: the header's path is for programs that know no holes.
    made = entry("./GNUSparseFile.7/holes")
    made.pax_headers = {"GNU.sparse.major": "1", "GNU.sparse.minor": "0", "GNU.sparse.name": "holes"}
    content = pack((made, b"0\n"), (entry("after"), b"1"), form=tarfile.PAX_FORMAT)
    assert [each.path for each, _ in seen(content)] == ["holes", "after"]


def test_a_size_that_is_no_number_of_this_world_is_told() -> None:
    made = entry("a")
    made.pax_headers = {"size": "9" * 5000}
    with pytest.raises(BrokenArchive, match="a size that nothing has"):
        seen(pack((made, b""), form=tarfile.PAX_FORMAT))


def test_what_is_not_read_is_passed_over() -> None:
    content = pack((entry("a"), b"1" * 700), (entry("b"), b"2" * 700_000), (entry("c"), b"3"))
    assert [each.path for each in TarReader(io.BytesIO(content))] == ["a", "b", "c"]


def test_what_follows_the_end_is_not_looked_at() -> None:
    content = pack((entry("a"), b"1"))
    assert seen(content + b"anything") == seen(content)


def test_an_archive_without_an_end_is_whole_when_its_last_entry_is() -> None:
    assert [content for _, content in seen(pack((entry("a"), b"1"))[:1024])] == [b"1"]


@pytest.mark.parametrize("size", [100, 512, 600, 1100, 1536, 1700, 2300])
def test_one_that_is_cut_in_an_entry_is_told(size: int) -> None:
    whole = pack((entry(LONG), b"1" * 700), form=tarfile.PAX_FORMAT)
    with pytest.raises(BrokenArchive, match=r"ends (early|in the middle|where)"):
        seen(whole[:size])


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "it is empty"),
        (b"not an archive", "ends in the middle of a header"),
        (b"not an archive" * 100, "no number where one belongs"),
        (pack((entry("a"), b"1"))[:10] + b"X" + pack((entry("a"), b"1"))[11:], "not the checksum"),
    ],
)
def test_what_is_no_archive_is_told(content: bytes, words: str) -> None:
    with pytest.raises(BrokenArchive, match=words):
        seen(content)


def test_an_archive_of_nothing_is_one() -> None:
    assert seen(bytes(1024)) == []


@given(st.binary(max_size=2000), st.integers(0, 3000))
def test_any_bytes_are_read_or_told(noise: bytes, at: int) -> None:
    whole = pack(*some_of_each(), (entry(LONG), b"1"))
    for content in (noise, whole[:at] + noise + whole[at + len(noise) :]):
        with suppress(BrokenArchive):
            assert sum(len(each.path) + len(read) for each, read in seen(content)) <= 2 * len(content)


def test_a_size_below_nothing_does_not_lead_back() -> None:
    header = bytearray(entry("a").tobuf(tarfile.USTAR_FORMAT))
    header[124:136] = b"-0000001000\0"
    header[148:156] = b" " * 8
    header[148:156] = b"%06o\0 " % sum(header)
    with pytest.raises(BrokenArchive, match="no number"):
        seen(bytes(header) + bytes(1024))
