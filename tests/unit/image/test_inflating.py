"""Whichever library inflates: the same content of what is right, and the same words about what is not."""

from __future__ import annotations

import random
import subprocess
import sys
import zlib
from collections.abc import Callable, Iterator

import pytest

from modelwrap.image import inflating
from modelwrap.image.inflating import BROKEN, checksum, inflater

#: Raw deflate, and gzip, as `wbits` say it.
FORMS = [-zlib.MAX_WBITS, 16 + zlib.MAX_WBITS]
#: Damaged streams of each kind that are tried.
TRIALS = 150
CONTENTS = [b"", b"a", b"text of few letters " * 200, bytes(70_000), random.Random(1).randbytes(3000)]


def flip_bits(rest: random.Random, stream: bytearray) -> None:
    for _ in range(rest.randint(1, 2)):
        place = rest.randrange(8 * min(len(stream), 120))
        stream[place // 8] ^= 1 << place % 8


def flip_a_late_bit(rest: random.Random, stream: bytearray) -> None:
    place = rest.randrange(8 * len(stream))
    stream[place // 8] ^= 1 << place % 8


def cut(rest: random.Random, stream: bytearray) -> None:
    del stream[rest.randrange(len(stream)) :]


def prolong(rest: random.Random, stream: bytearray) -> None:
    stream += rest.randbytes(rest.randint(1, 300))


def leave(_rest: random.Random, _stream: bytearray) -> None:
    pass


def text(rest: random.Random) -> bytes:
    """Lines that repeat words now and then, so that codes of all lengths and distances come up."""
    words = [rest.randbytes(rest.randint(1, 9)).hex() for _ in range(rest.randint(2, 400))]
    return " ".join(rest.choices(words, k=rest.randint(1, 3000))).encode()


def streams(form: int, damage: Callable[[random.Random, bytearray], None]) -> Iterator[bytes]:
    rest = random.Random(f"{form} {damage.__name__}")
    for number in range(TRIALS):
        content = CONTENTS[number] if number < len(CONTENTS) else text(rest)
        packing = zlib.compressobj(rest.choice([0, 1, 6, 9]), zlib.DEFLATED, form, strategy=rest.choice([0, 2, 3, 4]))
        stream = bytearray(packing.compress(content) + packing.flush())
        damage(rest, stream)
        yield bytes(stream)


def all_that_comes(stream: bytes, form: int, piece: int, most: int) -> list[bytes | str | bool]:
    """The pieces in their order, and then how it ended: with an error's words, or at which place."""
    state, found = inflater(form), list[bytes | str | bool]()
    try:
        for start in range(0, len(stream), piece):
            found.append(state.decompress(stream[start : start + piece], most))
            while state.unconsumed_tail and not state.eof:
                found.append(state.decompress(state.unconsumed_tail, most))
        while not state.eof and (content := state.decompress(b"", most)):
            found.append(content)
    except BROKEN as error:
        return [*found, str(error)]
    return [*found, state.eof, state.unused_data, state.unconsumed_tail]


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("damage", [flip_bits, flip_a_late_bit, cut, prolong, leave])
def test_both_libraries_take_and_refuse_the_same_streams_with_the_same_words(
    form: int, damage: Callable[[random.Random, bytearray], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    library = pytest.importorskip("zlib_ng").zlib_ng
    rest = random.Random(form)
    for stream in streams(form, damage):
        piece, most = rest.choice([100, 4096, 1 << 18]), rest.choice([50, 1000, 1 << 18])
        ways = []
        for each in (zlib, library):
            monkeypatch.setattr(inflating, "_library", each)
            ways.append(all_that_comes(stream, form, piece, most))
        assert ways[0] == ways[1], f"{stream.hex()} in pieces of {piece}, at most {most}"


@pytest.mark.parametrize("form", FORMS)
def test_some_damaged_streams_are_refused_and_whole_ones_are_not(form: int) -> None:
    refused = {
        damage: sum(isinstance(all_that_comes(each, form, 1 << 18, 1 << 18)[-1], str) for each in streams(form, damage))
        for damage in (flip_bits, leave)
    }
    assert refused[flip_bits] > TRIALS / 10
    assert refused[leave] == 0


@pytest.mark.usefixtures("inflating_library")
def test_a_checksum_goes_on_where_another_ended() -> None:
    assert checksum(b"one") == zlib.crc32(b"one")
    assert checksum(b"two", checksum(b"one")) == zlib.crc32(b"onetwo")


def test_pythons_own_library_serves_where_the_other_is_not_installed() -> None:
    program = (
        "import sys; sys.modules['zlib_ng'] = None\n"
        "import zlib; from modelwrap.image.inflating import inflater\n"
        "print(inflater(15).decompress(zlib.compress(b'the same')).decode())"
    )
    result = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True)
    assert result.stdout == "the same\n"
