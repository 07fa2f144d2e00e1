"""Neutral messages, metadata and errors to Seldon's JSON.

What is written is valid JSON whatever a user's method returned, or a `ComponentFailed`.

Source: component API sections 4, 5.4, 7, 8 and 11.
"""

from __future__ import annotations

import binascii
from collections.abc import Callable
from functools import lru_cache
from importlib import import_module

import numpy as np
import orjson

from modelwrap.errors import ComponentError, ComponentFailed, ModelwrapError
from modelwrap.runtime.codecs import json_arrays, json_text, tftensor
from modelwrap.runtime.message import NO_META, Message, Meta, Status
from modelwrap.runtime.payload import (
    Array,
    Binary,
    Custom,
    Form,
    Json,
    JSONObject,
    Payload,
    Raw,
    Tensors,
    Text,
    UserValue,
    in_kind,
)

__all__ = ["encode_error", "encode_message", "encode_metadata"]

_Members = dict[str, UserValue]

_TENSOR, _TFTENSOR = Form.TENSOR, Form.TFTENSOR
_NUMPY = orjson.OPT_SERIALIZE_NUMPY
#: The most names that are kept beside their text.
_KEPT_NAMES = 1024


def encode_message(message: Message) -> bytes:
    """The JSON object of a message: keys sorted, no spaces, closed with a newline, `meta` always there.

    A raw reply is written as it is: bytes untouched, anything else as the JSON value that it is.

    Raises:
        ComponentFailed: The payload holds something that JSON can't carry; the error names its type.

    Source: component API sections 5.4, 7 and 8.
    """
    payload = message.payload
    if type(payload) is Array and message.meta is NO_META and message.status is None:
        body = _array_alone(payload)
        if body is not None:
            return body
    if type(payload) is Raw:
        return _raw_bytes(payload.value)
    members, is_large = _payload_members(payload)
    members["meta"] = {} if message.meta is NO_META else _meta_members(message.meta)
    if is_large and members["meta"]:  # tags may hold arrays that orjson itself must not write; see `json_text.write`
        members["meta"] = orjson.Fragment(json_text.write(members["meta"]))
    if message.status is not None:
        members["status"] = _status_members(message.status)
    return json_text.write(members, newline=True, numpy=is_large)


def _array_alone(payload: Array) -> bytes | None:
    """The bytes of a message that is nothing but a numeric array; None for an array that is written another way.

    All of it but the numbers depends on the form, the shape and the names, of which a model's answers have a handful.
    """
    values, form = payload.values, payload.form
    if values.dtype.kind not in "fiu" or not values.size or payload.names is None:
        return None
    try:
        around = _around_numbers(form, values.shape, tuple(payload.names))
    except TypeError:  # a name that is a list or an object
        return None
    if around is None:
        return None
    if form is _TENSOR:
        numbers = json_arrays.tensor_values(values, short=payload.is_short)
    elif payload.nested is None:
        numbers = json_arrays.nested_values(values, short=payload.is_short)
    else:
        return None
    try:
        text = orjson.dumps(numbers, None, _NUMPY)
    except TypeError:  # long doubles
        text = json_text.write(numbers)
    return around[0] + text + around[1]


@lru_cache(maxsize=256)
def _around_numbers(form: Form, shape: tuple[int, ...], names: tuple[object, ...]) -> tuple[bytes, bytes] | None:
    """What stands before and after an array's numbers; None for forms that are no list, and names that are no text."""
    if len(names) > _KEPT_NAMES or any(type(name) is not str for name in names):
        return None  # 1, 1.0 and true are equal names, and written differently
    if form is _TENSOR:
        data: _Members = {"names": names, "tensor": {"shape": shape, "values": None}}
    elif form is Form.NDARRAY:
        data = {"names": names, "ndarray": None}
    else:
        return None
    before, _, after = json_text.write({"data": data, "meta": {}}, newline=True).rpartition(b"null")
    return before, after


def encode_metadata(document: JSONObject) -> bytes:
    """The bytes of a model's metadata: keys sorted, closed with a newline."""
    return json_text.write(document, newline=True)


def encode_error(error: ModelwrapError) -> bytes:
    """The body that tells a client of an error. Source: component API section 11."""
    reason = getattr(error, "reason", ComponentError.reason)
    status = {"code": -1, "info": error.message, "reason": reason, "status": 1}
    return json_text.write({"status": status}, newline=True)


def _payload_members(payload: Payload | None) -> tuple[_Members, bool]:
    """The member that carries a payload, and whether it holds a large array that orjson is to write itself."""
    if type(payload) is Array:
        return _array_members(payload)
    if payload is None:
        return {}, False
    return _MEMBERS[type(payload)](payload)


def _array_members(payload: Array) -> tuple[_Members, bool]:
    """`data` with the array in its form; without `names` where there are none to speak of."""
    values = payload.values
    form = payload.form if values.dtype.kind in "fiu" else Form.NDARRAY
    data: _Members = {} if payload.names is None else {"names": payload.names}
    if form is _TENSOR:
        written = json_arrays.tensor_values(values, short=payload.is_short)
        data["tensor"] = {"shape": values.shape, "values": written}
        if payload.names is None and not values.size:
            del data["tensor"]["values"]
    elif form is _TFTENSOR:
        written = data["tftensor"] = tftensor.encode_json(values)
    else:
        nested = payload.nested
        written = json_arrays.nested_values(values, short=payload.is_short) if nested is None else nested
        data["ndarray"] = written
    return {"data": data}, type(written) is np.ndarray


def _tensor_members(payload: Tensors) -> tuple[_Members, bool]:
    """One named tensor is a message's array; for several, Seldon's message has no room."""
    if len(payload.tensors) != 1:
        raise ComponentFailed(
            f"The result is {len(payload.tensors)} named tensors, and a Seldon message carries one array: "
            "return one array, or a dict of arrays"
        )
    return _payload_members(in_kind(payload.tensors[0].values, None))


def _custom_members(payload: Custom) -> tuple[_Members, bool]:
    raise ComponentFailed(f"The result is a protobuf message of type {payload.type_url!r}, which only gRPC can carry")


_MEMBERS: dict[type, Callable[[UserValue], tuple[_Members, bool]]] = {
    Binary: lambda payload: ({"binData": binascii.b2a_base64(payload.value, newline=False).decode("ascii")}, False),
    Custom: _custom_members,
    Json: lambda payload: ({"jsonData": payload.value}, False),
    Tensors: _tensor_members,
    Text: lambda payload: ({"strData": payload.value}, False),
}


def _meta_members(meta: Meta) -> _Members:
    """The members of `meta` that hold anything. Source: component API section 8."""
    members = {
        "metrics": meta.metrics,
        "puid": meta.puid,
        "requestPath": meta.request_path,
        "routing": meta.routing,
        "tags": meta.tags,
    }
    return {name: member for name, member in members.items() if member}


def _status_members(status: Status) -> _Members:
    return {"code": status.code, "info": status.info, "reason": status.reason, "status": 0 if status.success else 1}


def _raw_bytes(value: UserValue) -> bytes:
    """A raw reply as the reference sends it: text as a JSON string, a protobuf message as the JSON it maps to."""
    if isinstance(value, bytes | bytearray | memoryview):
        return bytes(value)
    if hasattr(value, "SerializeToString") and hasattr(value, "DESCRIPTOR"):
        value = _protobuf_object(value)
    return json_text.write(value, newline=True)


def _protobuf_object(value: UserValue) -> JSONObject:
    try:
        json_format = import_module("google.protobuf.json_format")  # there, if the user's environment made the message
        return json_format.MessageToDict(value)  # type: ignore[no-any-return]
    except Exception as error:
        raise ComponentFailed(f"The {type(value).__name__} that was returned has no JSON form: {error}") from error
