"""gRPC framing, fed whole, byte by byte, and with what hostile peers send."""

from __future__ import annotations

import gzip
from urllib.parse import unquote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modelwrap.errors import InvalidRequest, ModelwrapError, TooLarge, UnknownEncoding
from modelwrap.runtime.transports.grpc_frames import (
    FrameReader,
    compressed,
    frame,
    message_header,
    sole_message,
    timeout_seconds,
)

LIMIT = 1000


@given(st.binary(max_size=200), st.integers(1, 30))
def test_a_message_arrives_however_it_is_cut(message: bytes, step: int) -> None:
    reader = FrameReader(LIMIT)
    framed = frame(message)
    arrived = [reader.feed(framed[start : start + step]) for start in range(0, len(framed), step)]
    assert arrived[-1] == message
    assert set(arrived[:-1]) <= {None}


@given(st.binary(max_size=200))
def test_a_compressed_message_arrives(message: bytes) -> None:
    assert FrameReader(LIMIT, "gzip").feed(compressed(message)) == message


def test_gzip_as_another_library_writes_it_is_read() -> None:
    packed = gzip.compress(b"message")
    assert FrameReader(LIMIT, "gzip").feed(b"\1" + len(packed).to_bytes(4, "big") + packed) == b"message"


@given(st.binary(max_size=200), st.integers(0, 250))
def test_a_frame_in_one_chunk_is_the_message_that_the_reader_finds(message: bytes, limit: int) -> None:
    whole = sole_message(frame(message), limit)
    assert whole == (FrameReader(limit).feed(frame(message)) if len(message) <= limit else None)


@given(st.binary(max_size=40))
def test_what_is_not_one_whole_frame_is_left_to_the_reader(chunk: bytes) -> None:
    found = sole_message(chunk, LIMIT)
    assert found is None or frame(found) == chunk


@pytest.mark.parametrize("chunk", [b"", b"\0\0\0\0", frame(b"ab")[:-1], frame(b"ab") + b"c", compressed(b"ab")])
def test_a_chunk_that_is_cut_compressed_or_too_long_is_no_whole_frame(chunk: bytes) -> None:
    assert sole_message(chunk, LIMIT) is None


def test_what_follows_the_one_message_is_left_alone() -> None:
    assert FrameReader(LIMIT).feed(frame(b"one") + b"tail") == b"one"


def test_a_message_larger_than_the_limit_is_refused_by_its_prefix_alone() -> None:
    with pytest.raises(TooLarge, match="1001 bytes is larger than the limit of 1000"):
        FrameReader(LIMIT).feed(b"\0" + (1001).to_bytes(4, "big"))


def test_a_gzip_bomb_is_cut_off_at_the_limit() -> None:
    bomb = gzip.compress(bytes(10_000_000))
    with pytest.raises(TooLarge, match="raise it with --max-message-size"):
        FrameReader(100_000, "gzip").feed(b"\1" + len(bomb).to_bytes(4, "big") + bomb)


def _flagged(data: bytes) -> bytes:
    return b"\1" + len(data).to_bytes(4, "big") + data


@pytest.mark.parametrize(
    ("data", "encoding", "error", "told"),
    [
        (b"\2\0\0\0\0", "", InvalidRequest, "compression flag 2"),
        (_flagged(b"x"), "", InvalidRequest, "names no grpc-encoding"),
        (_flagged(b"x"), "snappy", UnknownEncoding, "'snappy' is not known here: send identity or gzip"),
        (_flagged(b"not gzip"), "gzip", InvalidRequest, "can't be read"),
        (_flagged(gzip.compress(b"message", mtime=0)[:-9]), "gzip", InvalidRequest, "cut short"),
    ],
)
def test_what_is_malformed_is_said(data: bytes, encoding: str, error: type[ModelwrapError], told: str) -> None:
    with pytest.raises(error, match=told):
        FrameReader(LIMIT, encoding).feed(data)


@pytest.mark.parametrize(("data", "told"), [(b"", "has no message"), (b"\0\0\0\0\5ab", "ended after 7 bytes")])
def test_a_body_that_ends_early_is_said(data: bytes, told: str) -> None:
    reader = FrameReader(LIMIT)
    assert reader.feed(data) is None
    with pytest.raises(InvalidRequest, match=told):
        reader.end()


@given(st.binary(max_size=300), st.sampled_from(["", "gzip"]))
def test_any_bytes_are_a_message_or_more_is_needed_or_the_reason_is_said(data: bytes, encoding: str) -> None:
    try:
        message = FrameReader(LIMIT, encoding).feed(data)
    except ModelwrapError:
        return
    assert message is None or len(message) <= LIMIT


@pytest.mark.parametrize(
    ("header", "seconds"),
    [(b"1H", 3600), (b"2M", 120), (b"3S", 3), (b"250m", 0.25), (b"5u", 5e-6), (b"7n", 7e-9), (b"0S", 0)],
)
def test_a_deadline_is_read_in_every_unit(header: bytes, seconds: float) -> None:
    assert timeout_seconds(header) == pytest.approx(seconds)


@pytest.mark.parametrize("header", [b"", b"S", b"10", b"-1S", b"1.5S", b"123456789S", b"1X", b"\xff\xff"])
def test_a_malformed_deadline_is_the_clients_fault(header: bytes) -> None:
    with pytest.raises(InvalidRequest, match="bad grpc-timeout"):
        timeout_seconds(header)


@given(st.text())
def test_any_error_text_travels_as_printable_ascii(text: str) -> None:
    sendable = text.encode("utf-8", "replace").decode("utf-8")
    carried = message_header(sendable)
    assert all(0x20 <= byte <= 0x7E for byte in carried)
    assert unquote(carried.decode("ascii")) == sendable
