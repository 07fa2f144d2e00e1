"""InferParameter: values of parameters, and maps of them. Source: Open Inference Protocol facts, section 2."""

from __future__ import annotations

import struct
from collections.abc import Mapping

from modelwrap.errors import ComponentFailed
from modelwrap.runtime.codecs import json_text
from modelwrap.runtime.codecs.oip_proto.tags import (
    BOOL_PARAM,
    DOUBLE_PARAM,
    INT64_PARAM,
    KEY,
    PARAMETER_FIELDS,
    STRING_PARAM,
    UINT64_PARAM,
    VALUE,
)
from modelwrap.runtime.codecs.protowire import (
    fields,
    joined,
    read_bool,
    read_double,
    read_entry,
    read_int64,
    read_text,
    read_varint,
    refuse_known,
    span_field,
    text_field,
    varint,
)
from modelwrap.runtime.payload import JSONValue, UserValue

__all__ = ["parameter_fields", "read_parameter"]

_DOUBLE = struct.Struct("<d")


def read_parameter(buffer: bytes, start: int, stop: int, place: str) -> tuple[str, JSONValue]:
    """One entry of a map of parameters: its name and its value; None where the value is left open.

    Raises:
        InvalidRequest: The bytes are no such entry.
    """
    name, spans = read_entry(buffer, start, stop, VALUE, place)
    value: JSONValue = None
    content, begin, end = joined(buffer, spans) if spans else (b"", 0, 0)
    for opening, first, last in fields(content, begin, end):
        if opening == BOOL_PARAM:
            value = read_bool(content, first, last)
        elif opening == INT64_PARAM:
            value = read_int64(content, first, last)
        elif opening == STRING_PARAM:
            value = read_text(content, first, last, f"{place}.string_param")
        elif opening == DOUBLE_PARAM:
            value = read_double(content, first, last)
        elif opening == UINT64_PARAM:
            value = read_varint(content, first, last)[0]
        else:
            refuse_known(opening, PARAMETER_FIELDS, f"{place}.")
    return name, value


def parameter_fields(opening: int, parameters: Mapping[str, UserValue]) -> bytes:
    """The fields of a map of parameters. Lists, objects and null, which it has no place for, are JSON text.

    Raises:
        ComponentFailed: A value has no JSON form.
    """
    return b"".join(
        [
            span_field(opening, text_field(KEY, name) + span_field(VALUE, _value(value)))
            for name, value in parameters.items()
        ]
    )


def _value(value: UserValue) -> bytes:
    if isinstance(value, bool):
        return varint(BOOL_PARAM) + varint(value)
    if isinstance(value, int) and -(1 << 63) <= value < 1 << 63:
        return varint(INT64_PARAM) + varint(value)
    if isinstance(value, float):
        return varint(DOUBLE_PARAM) + _DOUBLE.pack(value)
    try:
        text = value.encode() if isinstance(value, str) else json_text.write(value)
    except UnicodeEncodeError:
        raise ComponentFailed(f"The answer holds text that UTF-8 can't encode: {value[:80]!r}.") from None
    return span_field(STRING_PARAM, text)
