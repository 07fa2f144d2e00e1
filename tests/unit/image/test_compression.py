"""The one encoding of what is compressed here: who makes it, and that a gzip file comes out."""

from __future__ import annotations

import gzip
import zlib

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from modelwrap.image import compression
from modelwrap.image.compression import deflate, gzip_member, library_is_zlib


def test_members_in_a_row_are_one_gzip_file() -> None:
    assert gzip.decompress(gzip_member(b"one ") + gzip_member(b"") + gzip_member(b"two")) == b"one two"


def test_a_library_that_writes_other_bytes_is_found_out_and_changes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    content = b"the same bytes on every machine" * 40
    expected = deflate(content)

    def other_library(content: bytes) -> bytes:
        compressor = zlib.compressobj(9, zlib.DEFLATED, -15, 9)
        return compressor.compress(content) + compressor.flush()

    monkeypatch.setattr(compression, "_by_library", other_library)
    library_is_zlib.cache_clear()
    try:
        assert not library_is_zlib()
        assert deflate(content) == expected
    finally:
        library_is_zlib.cache_clear()


@given(
    st.one_of(
        st.binary(max_size=3 << 10),
        st.lists(st.sampled_from([b"\0" * 100, b"abc", b"abcd", b"x" * 33, b"opt/venv/lib/", b"0000644\0"])).map(
            b"".join
        ),
    )
)
@example(b"abc" * 1024)
@example(bytes(3 << 10))
@example((bytes(range(256)) * 12)[: 3 << 10])
def test_what_is_short_is_compressed_as_all_else_is(content: bytes) -> None:
    compressor = zlib.compressobj(6, zlib.DEFLATED, -15)
    assert deflate(content) == compressor.compress(content) + compressor.flush()
