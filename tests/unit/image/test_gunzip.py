"""Content comes out as it went in, however it was cut into members and however much is asked for at once."""

from __future__ import annotations

import gzip
import io
import random
import zlib

import pytest

from modelwrap.image.gunzip import Gunzip

pytestmark = pytest.mark.usefixtures("inflating_library")
CONTENT = random.Random(7).randbytes(300_000) + bytes(2_000_000) + b"text" * 50_000


def members(size: int) -> bytes:
    return b"".join(gzip.compress(CONTENT[start : start + size], 6) for start in range(0, len(CONTENT), size))


@pytest.mark.parametrize("size", [100_000, 1_000_000, len(CONTENT)])
@pytest.mark.parametrize("at_once", [-1, 1000, 1 << 18, 10_000_000])
def test_all_of_it_comes_out(size: int, at_once: int) -> None:
    reader = Gunzip(io.BytesIO(members(size)))
    parts = []
    while part := reader.read(at_once):
        assert at_once < 0 or len(part) <= at_once
        parts.append(part)
    assert b"".join(parts) == CONTENT
    assert reader.read(at_once) == b""


def test_what_is_cut_off_is_not_taken_for_the_end() -> None:
    for cut in (members(len(CONTENT))[:-1], members(len(CONTENT))[:200_000], b"\x1f\x8b"):
        with pytest.raises(EOFError):
            Gunzip(io.BytesIO(cut)).read()


def test_a_wrong_checksum_and_what_is_no_gzip_are_errors() -> None:
    whole = bytearray(members(len(CONTENT)))
    whole[-8] ^= 1
    for wrong in (bytes(whole), b"no gzip at all", gzip.compress(b"one") + b"rest"):
        with pytest.raises(zlib.error):
            Gunzip(io.BytesIO(wrong)).read()
