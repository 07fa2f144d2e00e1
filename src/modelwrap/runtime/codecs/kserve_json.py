"""KServe's V1 JSON, which is TensorFlow Serving's: instances in, predictions out.

`instances` are rows; `inputs` is the column form, an object with a list for each column or the list alone. Errors
are an object with `error`.

Source: Open Inference Protocol facts, section 4.
"""

from __future__ import annotations

import binascii
from typing import NoReturn

import numpy as np

from modelwrap.errors import ComponentFailed, InvalidRequest, ModelwrapError
from modelwrap.runtime.codecs import json_arrays, json_text
from modelwrap.runtime.codecs.json_text import kind_of
from modelwrap.runtime.codecs.large_json import Places, read_large
from modelwrap.runtime.message import NO_META, Message, Request
from modelwrap.runtime.payload import (
    Array,
    Binary,
    Form,
    Json,
    JSONObject,
    JSONValue,
    Payload,
    Raw,
    Tensors,
    Text,
    UserValue,
)

__all__ = [
    "SELDON_MESSAGES",
    "decode_feedback",
    "decode_message",
    "decode_messages",
    "decode_whole",
    "encode_error",
    "encode_message",
    "encode_metadata",
]

SELDON_MESSAGES = False
_NAMED_ROWS = "instances"
#: Where a request may hold a large list of numbers.
_LISTS: Places = {_NAMED_ROWS: True, "predictions": True, "inputs": True}


def decode_message(request: Request, /) -> Message:
    """The instances of a request: an array; rows that are objects are a table, whose names are their members'.

    Raises:
        InvalidRequest: There are no instances, or they are no array.
    """
    large = read_large(request.body, _LISTS)
    return _message(_read(request) if large is None else large)


def decode_messages(request: Request, /) -> list[Message]:
    """The messages that a combiner joins: a list of requests or responses.

    Raises:
        InvalidRequest: There is no such list, or a message in it is broken.
    """
    documents = _read(request)
    if not isinstance(documents, list) or not documents:
        raise InvalidRequest('send a list of one or more messages to combine: [{"predictions": [...]}, ...]')
    return [_message(document) for document in documents]


def decode_feedback(_request: Request, /) -> NoReturn:
    """Nothing: the protocol knows no feedback."""
    raise InvalidRequest("this protocol has no feedback: send it as Seldon's, to /send-feedback")


def decode_whole(request: Request, /) -> JSONValue:
    """The JSON value that a request carries."""
    return _read(request)


def encode_message(message: Message, /) -> bytes:
    """The predictions of an answer: nested lists of an array; text, JSON and what a dict holds as they are.

    Raises:
        ComponentFailed: The result has no JSON form.
    """
    payload = message.payload
    if isinstance(payload, Raw):
        return json_text.write(payload.value)
    written = _predictions(payload)
    return json_text.write({"predictions": written}, numpy=isinstance(written, np.ndarray))


def encode_metadata(document: JSONObject, /) -> bytes:
    """The bytes of any document of the protocol."""
    return json_text.write(document)


def encode_error(error: ModelwrapError, /) -> bytes:
    """The body that tells a client of an error."""
    return json_text.write({"error": error.message})


def _read(request: Request) -> JSONValue:
    try:
        return json_text.read(request.body)
    except ValueError as error:
        raise InvalidRequest(f"Unrecognized request format: {error}") from None


def _message(document: UserValue) -> Message:
    if type(document) is not dict:
        raise InvalidRequest(f'Unrecognized request format: send {{"instances": [...]}}, not {kind_of(document)}')
    return Message(_payload(document), NO_META, None, document)


def _payload(document: JSONObject) -> Array:
    for member in (_NAMED_ROWS, "predictions"):  # what the node before answered is what the next one is asked
        rows = document.get(member)
        if isinstance(rows, list | np.ndarray):
            return _rows(rows)
        if rows is not None:
            raise InvalidRequest(f'"{member}" must be a list of rows, not {kind_of(rows)}')
    columns = document.get("inputs")
    if isinstance(columns, list | np.ndarray):
        return _rows(columns)
    if type(columns) is dict and columns:
        return _columns(columns)
    raise InvalidRequest('Unrecognized request format: there is no list of "instances", and no "inputs"')


def _rows(rows: list[JSONValue] | np.ndarray) -> Array:
    if isinstance(rows, list) and rows and type(rows[0]) is dict:
        names = list(rows[0])
        if all(type(row) is dict and row.keys() == rows[0].keys() for row in rows):
            table: JSONValue = [[row[name] for name in names] for row in rows]  # type: ignore[call-overload, index]
            return Array(json_arrays.from_nested(table), names, Form.NDARRAY)
    return Array(json_arrays.from_nested(rows), [], Form.NDARRAY)


def _columns(columns: JSONObject) -> Array:
    """Columns side by side, each a list of values or of lists of one value."""
    arrays = []
    for name, column in columns.items():
        if type(column) is not list:
            raise InvalidRequest(f'"inputs" must have a list for each column: "{name}" is {kind_of(column)}')
        values = json_arrays.from_nested(column)
        if values.size != len(values):
            raise InvalidRequest(f'"inputs": column "{name}" must hold one value a row, not {list(values.shape)}')
        arrays.append(values.reshape(-1))
    if len({len(values) for values in arrays}) != 1:
        lengths = ", ".join(f'"{name}" {len(values)}' for name, values in zip(columns, arrays, strict=True))
        raise InvalidRequest(f'"inputs" must have columns of equal length: {lengths}')
    return Array(np.column_stack(arrays), list(columns), Form.NDARRAY)


def _predictions(payload: Payload | None) -> UserValue:
    if isinstance(payload, Array):
        if payload.nested is not None:
            return payload.nested
        return json_arrays.nested_values(payload.values, short=payload.is_short)
    if isinstance(payload, Tensors):
        return {tensor.name: json_arrays.nested_values(tensor.values) for tensor in payload.tensors}
    if isinstance(payload, Text | Json):
        return payload.value
    if isinstance(payload, Binary):
        return {"b64": binascii.b2a_base64(payload.value, newline=False).decode("ascii")}
    raise ComponentFailed(f"The result is {type(payload).__name__}, for which a list of predictions has no room")
