"""`google.protobuf.Value`, `ListValue` and `Struct`: JSON values in protobuf, to Python values and back.

Numbers are doubles, on the wire as in Python. What user code returns may hold NumPy scalars and arrays anywhere, and
whatever else has a form in JSON text has that form here; what has none is named with its place.
"""

from __future__ import annotations

import json
import struct
from collections.abc import Callable, Mapping
from typing import TypeAlias

import numpy as np

from modelwrap.errors import ComponentFailed, InvalidRequest
from modelwrap.runtime.codecs import json_arrays, json_text
from modelwrap.runtime.codecs.number_rows import read_rows, rows_content
from modelwrap.runtime.codecs.protowire import (
    BITS64,
    MAX_LEVELS,
    SPAN,
    VARINT,
    Span,
    fields,
    joined,
    read_bool,
    read_double,
    read_entry,
    read_text,
    refuse_known,
    span_field,
    tag,
)
from modelwrap.runtime.payload import JSONObject, JSONValue, UserValue

__all__ = ["list_content", "read_array", "read_list", "read_struct", "read_value", "value_content", "value_entries"]

_NULL, _NUMBER, _TEXT, _BOOL, _STRUCT, _LIST = (
    tag(1, VARINT),
    tag(2, BITS64),
    tag(3, SPAN),
    tag(4, VARINT),
    tag(5, SPAN),
    tag(6, SPAN),
)
_KINDS = {1: "null_value", 2: "number_value", 3: "string_value", 4: "bool_value", 5: "struct_value", 6: "list_value"}
_VALUES = tag(1, SPAN)  # ListValue.values
_FIELDS = tag(1, SPAN)  # Struct.fields
_KEY, _VALUE = tag(1, SPAN), tag(2, SPAN)  # the entries of Struct.fields


def read_value(buffer: bytes, start: int, stop: int, place: str, levels: int = MAX_LEVELS) -> JSONValue:
    """The content of a Value; one of no kind is null.

    Args:
        buffer: The bytes.
        start: Where the content starts.
        stop: Where it ends.
        place: The path of the value, for errors.
        levels: How many messages deep it may nest.

    Raises:
        InvalidRequest: The bytes are no Value, or it nests too deep.
    """
    size = stop - start
    if size == 9 and buffer[start] == _NUMBER:
        return read_double(buffer, start + 1, stop)
    if 2 <= size < 0x82 and buffer[start] == _TEXT and buffer[start + 1] == size - 2:
        return read_text(buffer, start + 2, stop, place)
    held = 0
    spans: list[Span] = []
    for opening, begin, end in fields(buffer, start, stop):
        if opening not in _READERS:
            refuse_known(opening, _KINDS, f"{place}.")
            continue
        if opening != held or opening not in _MERGED:
            held, spans = opening, []
        spans.append((begin, end))
    return _READERS[held](*joined(buffer, spans), place, levels) if held else None


def read_list(buffer: bytes, start: int, stop: int, place: str, levels: int = MAX_LEVELS) -> list[JSONValue]:
    """The content of a ListValue. Arguments and errors are those of `read_value`."""
    inner = _deeper(levels, 1, place)
    values: list[JSONValue] = []
    for opening, begin, end in fields(buffer, start, stop):
        if opening == _VALUES:
            values.append(read_value(buffer, begin, end, place, inner))
        else:
            refuse_known(opening, {1: "values"}, f"{place}.")
    return values


def read_struct(buffer: bytes, start: int, stop: int, place: str, levels: int = MAX_LEVELS) -> JSONObject:
    """The content of a Struct. Arguments and errors are those of `read_value`."""
    inner = _deeper(levels, 2, place)
    document: JSONObject = {}
    for opening, begin, end in fields(buffer, start, stop):
        if opening == _FIELDS:
            key, spans = read_entry(buffer, begin, end, _VALUE, place)
            document[key] = read_value(*joined(buffer, spans), place, inner)
        else:
            refuse_known(opening, {1: "fields"}, f"{place}.")
    return document


def _deeper(levels: int, by: int, place: str) -> int:
    """How many levels are left inside a message that is `by` and its own deeper."""
    if levels <= by:
        raise InvalidRequest(f"{place} is nested deeper than the {MAX_LEVELS} messages that protobuf allows.")
    return levels - by - 1


def _read_text(buffer: bytes, start: int, stop: int, place: str, _levels: int) -> str:
    return read_text(buffer, start, stop, place)


def _read_bool(buffer: bytes, start: int, stop: int, _place: str, _levels: int) -> bool:
    return read_bool(buffer, start, stop)


def _read_number(buffer: bytes, start: int, stop: int, _place: str, _levels: int) -> float:
    return read_double(buffer, start, stop)


def _read_null(_buffer: bytes, _start: int, _stop: int, _place: str, _levels: int) -> None:
    return None


_READERS: dict[int, Callable[[bytes, int, int, str, int], JSONValue]] = {
    _NULL: _read_null,
    _NUMBER: _read_number,
    _TEXT: _read_text,
    _BOOL: _read_bool,
    _STRUCT: read_struct,
    _LIST: read_list,
}
_MERGED = {_STRUCT, _LIST}


def read_array(buffer: bytes, start: int, stop: int, place: str) -> np.ndarray:
    """The array that the content of a ListValue stands for, by the rules of `json_arrays.from_nested`.

    Raises:
        InvalidRequest: The bytes are no ListValue, or its rows have different lengths.
    """
    rows = read_rows(buffer, start, stop)
    return json_arrays.from_nested(read_list(buffer, start, stop, place)) if rows is None else rows


# Around an answer's values lie at most three messages, such as `data` and `ndarray`, or an entry of `meta.tags`.
_LEVELS = MAX_LEVELS - 3


class _NotCarried(Exception):
    """A value that no `Value` can hold; its place grows on the way out."""

    def __init__(self, reason: str) -> None:
        self.reason = reason
        self.place = ""


def value_content(value: UserValue, place: str) -> bytes:
    """The content of the Value that carries what user code returned.

    Args:
        value: Any JSON value, with NumPy arrays and scalars in it, and whatever else `json_text` can write.
        place: The path of the value, for the error.

    Raises:
        ComponentFailed: Something in it has no JSON form, or it nests too deep.
    """
    try:
        return _value(value, _LEVELS)
    except _NotCarried as error:
        raise ComponentFailed(f"{place}{error.place} {error.reason}") from None


def list_content(values: list[UserValue] | np.ndarray, place: str) -> bytes | bytearray:
    """The content of the ListValue that carries a nested list or an array. Errors are those of `value_content`."""
    try:
        return _array_items(values, _LEVELS) if isinstance(values, np.ndarray) else _items(values, _LEVELS)
    except _NotCarried as error:
        raise ComponentFailed(f"{place}{error.place} {error.reason}") from None


def value_entries(opening: int, values: Mapping[UserValue, UserValue], place: str) -> bytes:
    """A field of type map from text to Value, under the tag `opening`. Errors are those of `value_content`."""
    try:
        return _entries(opening, values, _LEVELS)
    except _NotCarried as error:
        raise ComponentFailed(f"{place}{error.place} {error.reason}") from None


def _value(value: UserValue, levels: int) -> bytes:
    write = _WRITERS.get(type(value)) or _writer_of_kin(value)
    return write(value, levels)


def _writer_of_kin(value: UserValue) -> _Writer:
    """The writer of a value whose very type has none, but which is a kind of something that has."""
    for kin, write in _KIN_WRITERS:
        if isinstance(value, kin):
            return write
    return _by_way_of_text


def _by_way_of_text(value: UserValue, levels: int) -> bytes:
    """Dates, decimals, enumerations and the like, in the form that they have in JSON text."""
    try:
        return _value(json_text.read(json_text.write(value)), levels)
    except ComponentFailed as error:
        raise _NotCarried(f"can't be sent: {error.message}") from None


def _null(_value: None, _levels: int) -> bytes:
    return b"\x08\x00"


def _number(value: float, _levels: int) -> bytes:
    try:
        return _pack_number(_NUMBER, value)
    except struct.error:
        raise _NotCarried("is an integer beyond what a double can hold.") from None


def _bool(value: bool, _levels: int) -> bytes:
    return b"\x20\x01" if value else b"\x20\x00"


def _text(value: str, _levels: int) -> bytes:
    return span_field(_TEXT, _utf8(value))


def _utf8(text: str) -> bytes:
    try:
        return text.encode()
    except UnicodeEncodeError:
        raise _NotCarried("is text with half a surrogate pair, which no encoding can carry.") from None


def _list(values: list[UserValue] | tuple[UserValue, ...], levels: int) -> bytes:
    return span_field(_LIST, _items(values, levels - 1))


def _items(values: list[UserValue] | tuple[UserValue, ...], levels: int) -> bytes:
    if levels < 1:
        raise _NotCarried(f"is nested deeper than the {MAX_LEVELS} messages that protobuf allows.")
    items: list[bytes] = []
    try:
        for value in values:
            items.append(span_field(_VALUES, _value(value, levels - 1)))  # noqa: PERF401 - its length is the place
    except _NotCarried as error:
        error.place = f"[{len(items)}]{error.place}"
        raise
    return b"".join(items)


def _array(values: np.ndarray, levels: int) -> bytes:
    return span_field(_LIST, _array_items(values, levels - 1)) if values.ndim else _value(values.item(), levels)


def _array_items(values: np.ndarray, levels: int) -> bytes | bytearray:
    if not values.ndim:
        raise _NotCarried("is an array of no dimension, which a list can't hold: return it as array.reshape(1).")
    if values.dtype.kind in "iuf" and values.size:
        return rows_content(values)
    listed = json_arrays.nested_values(values) if values.dtype.kind == "M" else values.tolist()
    return _items(listed, levels)


def _struct(values: dict[UserValue, UserValue], levels: int) -> bytes:
    return span_field(_STRUCT, _entries(_FIELDS, values, levels - 1))


def _entries(opening: int, values: Mapping[UserValue, UserValue], levels: int) -> bytes:
    if levels < 2:
        raise _NotCarried(f"is nested deeper than the {MAX_LEVELS} messages that protobuf allows.")
    entries: list[bytes] = []
    for key, value in values.items():
        try:
            entry = span_field(_KEY, _utf8(_key(key))) + span_field(_VALUE, _value(value, levels - 2))
        except _NotCarried as error:
            error.place = f"[{key!r}]{error.place}"
            raise
        entries.append(span_field(opening, entry))
    return b"".join(entries)


def _key(key: UserValue) -> str:
    """A key as JSON writes it: numbers, booleans and None become text."""
    if isinstance(key, str):
        return key
    if isinstance(key, np.generic):
        key = key.item()
    if key is None or isinstance(key, bool | int | float):
        return json.dumps(key)
    raise _NotCarried(f"has a key of type {type(key).__qualname__}; keys are text.")


_Writer: TypeAlias = Callable[[UserValue, int], bytes]
_WRITERS: dict[type, _Writer] = {
    type(None): _null,
    float: _number,
    int: _number,
    bool: _bool,
    str: _text,
    list: _list,
    dict: _struct,
}
_KIN_WRITERS: tuple[tuple[type | tuple[type, ...], _Writer], ...] = (
    ((bool, np.bool_), _bool),
    ((float, int, np.floating, np.integer), _number),
    (str, _text),
    ((list, tuple), _list),
    (dict, _struct),
    (np.ndarray, _array),
)
_pack_number = struct.Struct("<Bd").pack
