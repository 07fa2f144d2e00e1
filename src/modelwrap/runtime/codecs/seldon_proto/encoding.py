"""Messages to bytes. `meta` is always written, as the reference does, so that every answer has one in JSON."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache
from math import prod
from typing import TypeAlias

import numpy as np

from modelwrap.errors import ComponentFailed
from modelwrap.runtime.codecs import tftensor
from modelwrap.runtime.codecs.protowire import span_field, text_field, varint
from modelwrap.runtime.codecs.seldon_proto.document import message_of
from modelwrap.runtime.codecs.seldon_proto.meta import meta_content, status_content
from modelwrap.runtime.codecs.seldon_proto.tags import (
    ANY_VALUE,
    BINARY,
    CUSTOM,
    DATA,
    JSON,
    META,
    NAMES,
    NDARRAY,
    SHAPE,
    STATUS,
    TENSOR,
    TEXT,
    TFTENSOR,
    TYPE_URL,
    VALUES,
)
from modelwrap.runtime.codecs.struct_values import list_content, value_content
from modelwrap.runtime.message import NO_META, Message, Meta
from modelwrap.runtime.payload import Array, Binary, Custom, Form, Json, Raw, Tensors, Text, UserValue, in_kind

__all__ = ["encode_message"]

#: Pieces of an answer, to be joined once; an array's memory is a piece as it is.
_Pieces: TypeAlias = tuple[bytes | bytearray | memoryview, ...]

_DOUBLE = np.dtype("<f8")
_EMPTY_META = span_field(META, b"")
_TENSOR_FORM = Form.TENSOR
_MAX_BYTES = (1 << 31) - 1


def encode_message(message: Message, /) -> bytes:
    """A SeldonMessage. Numbers of every kind are widened to doubles, except in a `tftensor`.

    Raises:
        ComponentFailed: The result holds what the message can't carry; the error names it and its place.
    """
    payload = message.payload
    if isinstance(payload, Raw):
        return _raw(payload.value)
    try:
        if type(payload) is Array and payload.form is _TENSOR_FORM and message.meta is NO_META and not message.status:
            return b"".join((_EMPTY_META, *_tensor(payload.values, payload.names)))  # as nearly all are
        return b"".join((_status(message), _meta(message.meta), *_payload(payload)))
    except UnicodeEncodeError as error:
        raise ComponentFailed(f"The answer holds text that UTF-8 can't encode: {error.object[:80]!r}.") from None


def _raw(value: UserValue) -> bytes:
    """What a raw method returned: bytes, a protobuf message, or a message as a JSON object."""
    if isinstance(value, bytes | bytearray | memoryview):
        return bytes(value)
    if isinstance(value, dict):
        return encode_message(message_of(value))
    serialize = getattr(value, "SerializeToString", None)
    if not callable(serialize):
        raise ComponentFailed(
            f"A raw method returned {type(value).__qualname__}: on gRPC it returns a SeldonMessage or its bytes."
        )
    return bytes(serialize())


def _status(message: Message) -> bytes:
    return b"" if message.status is None else span_field(STATUS, status_content(message.status))


def _meta(meta: Meta) -> bytes:
    return _EMPTY_META if meta is NO_META else span_field(META, meta_content(meta))


def _payload(payload: UserValue) -> _Pieces:
    return () if payload is None else _WRITERS[type(payload)](payload)


def _array(payload: Array) -> _Pieces:
    if payload.form is _TENSOR_FORM:
        return _tensor(payload.values, payload.names)
    if payload.form is Form.TFTENSOR:
        member = span_field(TFTENSOR, tftensor.encode(payload.values))
    else:
        values = payload.values if payload.nested is None else payload.nested
        member = span_field(NDARRAY, list_content(values, "data.ndarray"))
    return (span_field(DATA, _names(_columns(payload.names)) + member),)


def _columns(names: Sequence[object] | None) -> tuple[str, ...]:
    return tuple(map(str, names)) if names else ()


def _names(columns: tuple[str, ...]) -> bytes:
    return b"".join([span_field(NAMES, name.encode()) for name in columns])


def _tensor(values: np.ndarray, names: Sequence[str] | None) -> _Pieces:
    if values.dtype.kind not in "iufb":
        raise ComponentFailed(f"data.tensor holds numbers only, and the result is an array of {values.dtype}.")
    columns = _columns(names)
    prefix = _tensor_prefix if len(columns) > _KEPT_COLUMNS else _kept_tensor_prefix
    return prefix(values.shape, columns), np.asarray(values, _DOUBLE, order="C").data


def _tensor_prefix(shape: tuple[int, ...], columns: tuple[str, ...]) -> bytes:
    """All of a `data` field that comes before its doubles, which then close it."""
    size = prod(shape) * _DOUBLE.itemsize
    if size > _MAX_BYTES:
        raise ComponentFailed(f"The result takes {size} bytes as doubles; a protobuf message holds {_MAX_BYTES}.")
    tensor = span_field(SHAPE, b"".join(map(varint, shape))) if shape else b""
    tensor += varint(VALUES) + varint(size)
    data = _names(columns) + varint(TENSOR) + varint(len(tensor) + size) + tensor
    return varint(DATA) + varint(len(data) + size) + data


# A model's answers have a handful of shapes, so their prefixes are made once: 256 of them, of up to this many columns.
_KEPT_COLUMNS = 1024
_kept_tensor_prefix = lru_cache(maxsize=256)(_tensor_prefix)


def _text(payload: Text) -> _Pieces:
    return (span_field(TEXT, payload.value.encode()),)


def _binary(payload: Binary) -> _Pieces:
    return varint(BINARY), varint(len(payload.value)), payload.value


def _json(payload: Json) -> _Pieces:
    return (span_field(JSON, value_content(payload.value, "jsonData")),)


def _custom(payload: Custom) -> _Pieces:
    content = text_field(TYPE_URL, payload.type_url)
    if payload.value:
        content += span_field(ANY_VALUE, payload.value)
    return (span_field(CUSTOM, content),)


def _tensors(payload: Tensors) -> _Pieces:
    """One named tensor is an array; for several a SeldonMessage has no room."""
    if len(payload.tensors) != 1:
        raise ComponentFailed(
            f"The result is {len(payload.tensors)} named tensors, and a SeldonMessage carries one array: return one "
            "array, or a dict of arrays."
        )
    return _payload(in_kind(payload.tensors[0].values, None))


_WRITERS: dict[type, Callable[[UserValue], _Pieces]] = {
    Array: _array,
    Text: _text,
    Binary: _binary,
    Json: _json,
    Custom: _custom,
    Tensors: _tensors,
}
