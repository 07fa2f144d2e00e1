"""Headers of a tar archive, read by the standard library's reader."""

from __future__ import annotations

import io
import tarfile

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modelwrap.image.tar_headers import BLOCK, END, EntryType, header

PATHS = st.lists(st.text(st.characters(exclude_characters="/\0", exclude_categories=["Cs"]), min_size=1), min_size=1)


def read(content: bytes) -> tarfile.TarInfo:
    with tarfile.open(fileobj=io.BytesIO(content + END), mode="r:") as archive:
        (member,) = archive.getmembers()
        return member


@given(PATHS, PATHS)
def test_any_path_and_any_target_come_back(path: list[str], target: list[str]) -> None:
    member = read(header(EntryType.LINK, "/".join(path), 0o777, target="/".join(target)))
    assert (member.name, member.linkname) == ("/".join(path), "/".join(target))
    assert (member.mode, member.issym()) == (0o777, True)


@pytest.mark.parametrize("size", [0, 1, 8**11 - 1, 8**11, 5 * 10**12])
def test_any_size_comes_back(size: int) -> None:
    found = tarfile.TarInfo.frombuf(header(EntryType.FILE, "a", 0o644, size)[-BLOCK:], "utf-8", "strict")
    extended = header(EntryType.FILE, "a", 0o644, size)[:-BLOCK]
    assert found.size == (size if size < 8**11 else 0)
    assert (f"size={size}\n".encode() in extended) == (size >= 8**11)


@pytest.mark.parametrize(
    ("path", "blocks"),
    [
        ("a" * 100, 1),
        ("a" * 101, 3),
        (f"{'d' * 155}/{'n' * 100}", 1),
        (f"{'d' * 156}/{'n' * 100}", 3),
        (f"{'d' * 155}/{'n' * 101}", 3),
        (f"{'d' * 99}/", 1),
        (f"{'d' * 100}/", 3),
        (f"{'d' * 50}/{'e' * 99}/", 1),
        ("ä", 3),
    ],
)
def test_a_header_takes_no_more_blocks_than_its_path_needs(path: str, blocks: int) -> None:
    kind = EntryType.FOLDER if path.endswith("/") else EntryType.FILE
    content = header(kind, path, 0o755)
    assert len(content) == blocks * BLOCK
    assert read(content).name == path.rstrip("/")
