"""The wire: varints and fields in both directions, and every way in which bytes can be no message."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modelwrap.errors import InvalidRequest
from modelwrap.runtime.codecs.protowire import (
    BITS32,
    BITS64,
    MAX_LEVELS,
    SPAN,
    VARINT,
    fields,
    float_field,
    int32,
    int64,
    joined,
    read_float,
    read_text,
    read_varint,
    refuse_known,
    sole_content,
    span_field,
    tag,
    text_field,
    varint,
    varint_field,
)

GROUP, GROUP_END = 3, 4


def all_fields(body: bytes) -> list[tuple[int, bytes]]:
    return [(opening, body[start:stop]) for opening, start, stop in fields(body, 0, len(body))]


@pytest.mark.parametrize(
    ("number", "written"),
    [
        (0, b"\x00"),
        (1, b"\x01"),
        (127, b"\x7f"),
        (128, b"\x80\x01"),
        (300, b"\xac\x02"),
        (2**63, b"\x80\x80\x80\x80\x80\x80\x80\x80\x80\x01"),
        (-1, b"\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01"),
    ],
)
def test_a_varint_is_the_same_in_both_directions(number: int, written: bytes) -> None:
    assert varint(number) == written
    assert read_varint(b"?" + written + b"?", 1, 2 + len(written)) == (number % 2**64, 1 + len(written))


@given(st.integers(-(2**63), 2**63 - 1))
def test_any_int64_survives_the_wire(number: int) -> None:
    written = varint(number)
    assert int64(read_varint(written, 0, len(written))[0]) == number


@given(st.integers(0, 2**64 - 1))
def test_an_int32_is_the_low_32_bits(number: int) -> None:
    assert int32(number) == (number + 2**31) % 2**32 - 2**31


def test_a_varint_may_be_longer_than_it_needs_to_be() -> None:
    assert read_varint(b"\x81\x80\x00", 0, 3) == (1, 3)


@pytest.mark.parametrize("body", [b"", b"\x80", b"\xff\xff"])
def test_a_varint_that_runs_past_its_end_is_refused(body: bytes) -> None:
    with pytest.raises(InvalidRequest, match="runs past its end"):
        read_varint(body, 0, len(body))


def test_a_varint_of_more_than_ten_bytes_is_refused() -> None:
    with pytest.raises(InvalidRequest, match="more than 10 bytes"):
        read_varint(b"\x80" * 10 + b"\x01", 0, 11)


def test_a_varint_ends_where_its_message_ends_not_where_the_buffer_does() -> None:
    with pytest.raises(InvalidRequest, match="runs past its end"):
        read_varint(b"\x80\x01", 0, 1)


def test_fields_of_every_layout_are_found_in_their_order() -> None:
    body = b"".join(
        (
            varint_field(tag(1, VARINT), 300),
            varint(tag(2, BITS64)) + b"12345678",
            span_field(tag(16, SPAN), b"text"),
            varint(tag(3, BITS32)) + b"1234",
        )
    )
    assert all_fields(body) == [
        (tag(1, VARINT), b"\xac\x02"),
        (tag(2, BITS64), b"12345678"),
        (tag(16, SPAN), b"text"),
        (tag(3, BITS32), b"1234"),
    ]


def test_a_group_is_one_field_with_all_that_it_encloses() -> None:
    inner = varint(tag(2, GROUP)) + varint_field(tag(1, VARINT), 5) + varint(tag(2, GROUP_END))
    body = varint(tag(9, GROUP)) + inner + span_field(tag(1, SPAN), b"x") + varint(tag(9, GROUP_END))
    assert [opening for opening, _ in all_fields(body + varint_field(tag(1, VARINT), 7))] == [
        tag(9, GROUP),
        tag(1, VARINT),
    ]


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"\x0a", "varint at byte 1 runs past"),
        (b"\x0a\x05abc", "5 bytes, but only 3 are left"),
        (b"\x0a\xff\xff\xff\xff\x7fabc", "but only 3 are left"),
        (b"\x0a\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01abc", "but only 3 are left"),
        (b"\x09\x01\x02", "8 bytes, but only 2 are left"),
        (b"\x0d\x01", "4 bytes, but only 1 are left"),
        (b"\x08\x80", "varint at byte 1 runs past"),
        (b"\x08" + b"\x80" * 10 + b"\x01", "more than 10 bytes"),
        (b"\x80\x80\x80\x80\x80\x01\x00", "more than 32 bits"),
        (b"\x02\x01x", "field number 0"),
        (b"\x00\x01", "field number 0"),
        (b"\x0c", "opens no field"),
        (b"\x0e\x01", "opens no field"),
        (b"\x0f\x01", "opens no field"),
        (b"\x0b\x08\x01", "runs past its end"),
        (b"\x0b\x14", "closed by another's tag"),
        (b"\x0b" * (MAX_LEVELS + 1), "groups nested deeper"),
    ],
)
def test_what_is_no_message_is_refused_with_the_reason(body: bytes, reason: str) -> None:
    with pytest.raises(InvalidRequest, match=reason):
        all_fields(body)


def test_a_content_may_not_reach_beyond_its_own_message() -> None:
    body = span_field(tag(1, SPAN), b"\x0a\x04") + b"more"
    (_, start, stop), *_ = fields(body, 0, 4)
    with pytest.raises(InvalidRequest, match="4 bytes, but only 0 are left"):
        list(fields(body, start, stop))


@given(st.binary())
def test_any_bytes_are_fields_within_them_or_refused(body: bytes) -> None:
    position = 0
    try:
        for _, start, stop in fields(body, 0, len(body)):
            assert position < start <= stop <= len(body)
            position = stop
    except InvalidRequest:
        return
    assert position == len(body)


@given(st.binary(max_size=300), st.binary(max_size=3), st.integers(1, 15))
def test_a_sole_field_is_recognised_and_nothing_else_is(content: bytes, tail: bytes, number: int) -> None:
    body = span_field(tag(number, SPAN), content)
    assert sole_content(body, 0, len(body)) == len(body) - len(content)
    if tail:
        assert sole_content(body + tail, 0, len(body) + len(tail)) == 0


def test_text_that_is_no_utf8_is_refused_by_the_name_of_its_field() -> None:
    with pytest.raises(InvalidRequest, match=r"strData is not valid UTF-8: invalid start byte at its byte 1\."):
        read_text(b"?a\xff", 1, 3, "strData")


def test_joined_spans_are_read_as_one_and_a_single_one_is_not_copied() -> None:
    body = b"abcdef"
    assert joined(body, [(0, 2), (4, 6)]) == (b"abef", 0, 4)
    assert joined(body, [(2, 4)])[0] is body
    assert joined(body, []) == (b"", 0, 0)


def test_a_known_field_in_another_layout_is_refused_and_an_unknown_one_passed_over() -> None:
    with pytest.raises(InvalidRequest, match=r"data\.names has the wrong wire type: a varint"):
        refuse_known(tag(1, VARINT), {1: "names"}, "data.")
    refuse_known(tag(2, VARINT), {1: "names"}, "data.")


def test_defaults_are_left_out_as_proto3_does() -> None:
    assert text_field(tag(1, SPAN), "") == varint_field(tag(1, VARINT), 0) == float_field(tag(1, BITS32), 0.0) == b""
    assert float_field(tag(1, BITS32), -0.0) != b""


def test_a_float_beyond_32_bits_is_infinite() -> None:
    field = float_field(tag(1, BITS32), -1e300)
    assert read_float(field, 1, 5) == float("-inf")
