"""Protobuf's wire format: varints, tags, and fields that carry their length. Reading and writing, nothing else.

This room knows how bytes are laid out and no message: what a field means is the business of the codecs above it.
Readers take positions in one buffer and copy nothing; whatever the bytes, they return or raise `InvalidRequest`.

A *tag* opens each field: its field number times eight, plus the layout of its content. A *span* is the pair of
positions between which a content lies. Where protobuf merges the repeated contents of one message field, reading their
concatenation is the same thing, so that is what `joined` gives.

Source: Protocol Buffers encoding.
"""

from __future__ import annotations

import math
import struct
from collections.abc import Iterator, Mapping, Sequence
from typing import TypeAlias

from modelwrap.errors import InvalidRequest

__all__ = [
    "BITS32",
    "BITS64",
    "MAX_LEVELS",
    "SPAN",
    "VARINT",
    "Span",
    "fields",
    "float_field",
    "int32",
    "int64",
    "joined",
    "read_bool",
    "read_double",
    "read_entry",
    "read_float",
    "read_int32",
    "read_int64",
    "read_text",
    "read_varint",
    "refuse_known",
    "sole_content",
    "span_field",
    "tag",
    "text_field",
    "varint",
    "varint_field",
]

Span: TypeAlias = tuple[int, int]

#: The layouts of a field's content: the low three bits of its tag.
VARINT, BITS64, SPAN, _GROUP, _GROUP_END, BITS32 = range(6)

#: Messages within messages, not counting the outermost. Protobuf's own readers refuse more.
MAX_LEVELS = 100

_LAYOUTS = {VARINT: "a varint", BITS64: "64 bits", SPAN: "length-delimited", _GROUP: "a group", BITS32: "32 bits"}
_ENTRY = {1: "key", 2: "value"}
_KEY = 1 << 3 | SPAN
_DOUBLE = struct.Struct("<d")
_FLOAT = struct.Struct("<f")


def tag(number: int, layout: int) -> int:
    """The tag of field `number` whose content has this layout."""
    return number << 3 | layout


def fields(buffer: bytes, position: int, end: int) -> Iterator[tuple[int, int, int]]:
    """Yields the fields between two positions, each as its tag and the span of its content.

    A group is one field too: its content is what it encloses with its closing tag.

    Raises:
        InvalidRequest: The bytes are no sequence of fields; a length exceeds what is left.
    """
    while position < end:
        opening = buffer[position]
        start = position + 1
        if opening >= 0x80:
            opening, start = _read_tag(buffer, position, end)
        if opening & 7 == SPAN and start < end:
            size = buffer[start]
            start += 1
            if size >= 0x80:
                size, start = read_varint(buffer, start - 1, end)
            position = start + size
        else:
            position = _content_end(buffer, start, end, opening)
        if position > end:
            raise _cut(start, position - start, end - start)
        if opening < 8:
            raise InvalidRequest(f"Invalid protobuf message: field number 0 before byte {start}.")
        yield opening, start, position


def sole_content(buffer: bytes, start: int, stop: int) -> int:
    """Where the content of a field starts that opens at `start` and ends at `stop`; 0 where that isn't so.

    Most messages hold one field only, and asking takes a third of the time of going through `fields`. The field's tag
    is to be looked at by the caller: it is the byte at `start`.
    """
    if stop - start < 2 or buffer[start] >= 0x80:
        return 0
    begin = start + 2
    size = buffer[start + 1]
    if size >= 0x80:
        size, begin = read_varint(buffer, start + 1, stop)
    return begin if begin + size == stop else 0


def _read_tag(buffer: bytes, position: int, end: int) -> tuple[int, int]:
    opening, start = read_varint(buffer, position, end)
    if opening >> 32:
        raise InvalidRequest(f"Invalid protobuf message: the tag at byte {position} has more than 32 bits.")
    return opening, start


def _content_end(buffer: bytes, start: int, end: int, opening: int) -> int:
    """The position after a content that starts at `start`; it may lie past `end`."""
    layout = opening & 7
    if layout == VARINT:
        return read_varint(buffer, start, end)[1]
    if layout == BITS64:
        return start + 8
    if layout == BITS32:
        return start + 4
    if layout == SPAN:
        size, start = read_varint(buffer, start, end)
        return start + size
    if layout == _GROUP:
        return _group_end(buffer, start, end, opening)
    raise InvalidRequest(f"Invalid protobuf message: the tag before byte {start} opens no field.")


def _group_end(buffer: bytes, position: int, end: int, opening: int) -> int:
    groups = [opening]
    while groups:
        inner, position = _read_tag(buffer, position, end)
        layout = inner & 7
        if layout == _GROUP:
            groups.append(inner)
            if len(groups) > MAX_LEVELS:
                raise InvalidRequest(f"Invalid protobuf message: groups nested deeper than {MAX_LEVELS} levels.")
        elif layout != _GROUP_END:
            position = _content_end(buffer, position, end, inner)
        elif groups.pop() + 1 != inner:
            raise InvalidRequest(f"Invalid protobuf message: a group is closed by another's tag at byte {position}.")
    return position


def _cut(start: int, size: int, left: int) -> InvalidRequest:
    return InvalidRequest(
        f"Invalid protobuf message: the content at byte {start} has {size} bytes, but only {max(left, 0)} are left."
    )


def read_varint(buffer: bytes, position: int, end: int) -> tuple[int, int]:
    """The varint at `position`, as an unsigned number of 64 bits, and the position after it.

    Raises:
        InvalidRequest: It runs past `end`, or past ten bytes.
    """
    value = shift = 0
    for after, byte in enumerate(buffer[position : min(end, position + 10)], position + 1):
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value & 0xFFFF_FFFF_FFFF_FFFF, after
        shift += 7
    reason = "has more than 10 bytes" if shift == 70 else "runs past its end"
    raise InvalidRequest(f"Invalid protobuf message: the varint at byte {position} {reason}.")


def int64(value: int) -> int:
    """The signed number that an unsigned one of 64 bits stands for."""
    return value - (1 << 64) if value >> 63 else value


def int32(value: int) -> int:
    """The signed number that the low 32 bits stand for, as protobuf reads an int32."""
    value &= 0xFFFF_FFFF
    return value - (1 << 32) if value >> 31 else value


def read_int64(buffer: bytes, start: int, stop: int) -> int:
    """An int64."""
    return int64(read_varint(buffer, start, stop)[0])


def read_int32(buffer: bytes, start: int, stop: int) -> int:
    """An int32 or the number of an enum's value."""
    return int32(read_varint(buffer, start, stop)[0])


def read_bool(buffer: bytes, start: int, stop: int) -> bool:
    """A bool."""
    return read_varint(buffer, start, stop)[0] != 0


def read_double(buffer: bytes, start: int, _stop: int) -> float:
    """A double."""
    number: float = _DOUBLE.unpack_from(buffer, start)[0]
    return number


def read_float(buffer: bytes, start: int, _stop: int) -> float:
    """A float of 32 bits, widened."""
    number: float = _FLOAT.unpack_from(buffer, start)[0]
    return number


def read_text(buffer: bytes, start: int, stop: int, place: str) -> str:
    """A string; `place` names its field in the error.

    Raises:
        InvalidRequest: It isn't UTF-8.
    """
    try:
        return buffer[start:stop].decode()
    except UnicodeDecodeError as error:
        raise InvalidRequest(f"{place} is not valid UTF-8: {error.reason} at its byte {error.start}.") from None


def read_entry(buffer: bytes, start: int, stop: int, value: int, place: str) -> tuple[str, list[Span]]:
    """One entry of a map with text keys: its key, and the spans of its value; none where the value is a default.

    Args:
        buffer: The bytes.
        start: Where the entry starts.
        stop: Where it ends.
        value: The tag of the value.
        place: The path of the map, for errors.
    """
    key = ""
    spans: list[Span] = []
    for opening, begin, end in fields(buffer, start, stop):
        if opening == _KEY:
            key = read_text(buffer, begin, end, f"a key of {place}")
        elif opening == value:
            spans.append((begin, end))
        else:
            refuse_known(opening, _ENTRY, f"{place}.")
    return key, spans


def joined(buffer: bytes, spans: Sequence[Span]) -> tuple[bytes, int, int]:
    """One content out of several spans: a buffer, its start and its stop. A single span is not copied."""
    if len(spans) == 1:
        return buffer, *spans[0]
    content = b"".join([buffer[start:stop] for start, stop in spans])
    return content, 0, len(content)


def refuse_known(opening: int, names: Mapping[int, str], place: str) -> None:
    """Passes over a field that no reader expects: it must be an unknown one.

    Args:
        opening: The field's tag.
        names: The known fields of the message, by number.
        place: The path of the message, with a dot at its end; empty for the outermost.

    Raises:
        InvalidRequest: The field is known, so its content has the wrong layout.
    """
    name = names.get(opening >> 3)
    if name is not None:
        raise InvalidRequest(f"{place}{name} has the wrong wire type: {_LAYOUTS[opening & 7]}.")


_SHORT = [bytes([value]) for value in range(0x80)]


def varint(value: int) -> bytes:
    """The bytes of a varint; a negative number takes ten, as protobuf writes int32 and int64."""
    if 0 <= value < 0x80:
        return _SHORT[value]
    value &= 0xFFFF_FFFF_FFFF_FFFF
    written = bytearray()
    while value >= 0x80:
        written.append(value & 0x7F | 0x80)
        value >>= 7
    written.append(value)
    return bytes(written)


def span_field(opening: int, content: bytes | bytearray) -> bytes:
    """A field whose content carries its length."""
    return b"".join((varint(opening), varint(len(content)), content))


def text_field(opening: int, text: str) -> bytes:
    """A string field; nothing where it is empty, which is how proto3 writes a default."""
    return span_field(opening, text.encode()) if text else b""


def varint_field(opening: int, value: int) -> bytes:
    """An integer, bool or enum field; nothing where it is zero."""
    return varint(opening) + varint(value) if value else b""


def float_field(opening: int, value: float) -> bytes:
    """A field of a 32-bit float; nothing where its bits are zero. What exceeds 32 bits becomes an infinity."""
    try:
        content = _FLOAT.pack(value)
    except OverflowError:
        content = _FLOAT.pack(math.copysign(math.inf, value))
    return varint(opening) + content if any(content) else b""
