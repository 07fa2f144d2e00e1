"""Deflate in Python: any inflater reads it, and zlib writes the same."""

from __future__ import annotations

import hashlib
import random
import zlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from modelwrap.image.compression import library_is_zlib, trial
from modelwrap.image.deflating import deflate_slowly

#: Of few letters, so that there is much to find.
TEXTS = st.lists(
    st.sampled_from([b"a", b"b", b"abc", b"\0" * 40, b"the quick brown fox ", bytes(range(256))]), max_size=60
)


def by_zlib(content: bytes) -> bytes:
    compressor = zlib.compressobj(6, zlib.DEFLATED, -15)
    return compressor.compress(content) + compressor.flush()


def check(content: bytes) -> None:
    deflated = deflate_slowly(content)
    inflater = zlib.decompressobj(-15)
    assert inflater.decompress(deflated) == content
    assert inflater.eof
    assert not inflater.unused_data
    # Where this machine's library is another, the recorded digests below stand for zlib.
    if library_is_zlib():
        assert deflated == by_zlib(content)


@given(st.binary(max_size=2000) | TEXTS.map(b"".join))
@settings(deadline=None)
def test_any_bytes_come_back_and_are_what_zlib_writes(content: bytes) -> None:
    check(content)


@pytest.mark.parametrize("letters", [1, 2, 3, 16, 64, 256])
def test_long_content_of_few_or_many_letters_too(letters: int) -> None:
    chance = random.Random(letters)
    check(bytes(chance.randrange(letters) for _ in range(70_000)))


@pytest.mark.parametrize("distance", [4000, 4096, 4097, 32505, 32506, 32507, 32768])
def test_repetitions_near_the_limits_of_distance(distance: int) -> None:
    noise = random.Random(distance).randbytes(distance)
    check(noise + noise[:3] + b"\xff" + noise[1:400] + noise[300:303])


def test_codes_that_would_be_too_long_are_shortened() -> None:
    # Counts like Fibonacci's numbers make the deepest tree.
    numbers = [1, 1]
    while len(numbers) < 22:
        numbers.append(numbers[-1] + numbers[-2])
    letters = [bytes([letter]) * count for letter, count in enumerate(numbers)]
    content = bytearray(b"".join(letters))
    random.Random(1).shuffle(content)
    check(bytes(content))


def test_its_bytes_are_those_recorded() -> None:
    digests = [hashlib.sha256(deflate_slowly(content)).hexdigest()[:16] for content in (b"", b"abc" * 9, trial())]
    assert digests == ["9b4fb24edd6d1d88", "81ccb19a060825b9", "65b781c140bb46dc"]
