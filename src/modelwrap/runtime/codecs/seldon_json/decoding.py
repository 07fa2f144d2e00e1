"""Requests of Seldon's JSON to neutral messages.

Members of a message are read in the reference's order of precedence, and members that are null count as absent, as many
generated clients send them. Unknown members are ignored, except in feedback.

Source: component API sections 4, 5.2, 5.3 and 9.
"""

from __future__ import annotations

import binascii
from typing import Any, TypeVar

import numpy as np

from modelwrap.errors import InvalidRequest
from modelwrap.runtime.codecs import json_arrays, large_json, tftensor
from modelwrap.runtime.codecs.json_text import kind_of
from modelwrap.runtime.codecs.large_json import Places
from modelwrap.runtime.codecs.rest_body import json_of, json_of_body
from modelwrap.runtime.codecs.strict_json import check_feedback
from modelwrap.runtime.message import NO_META, Feedback, Message, Meta, Request, no_message
from modelwrap.runtime.payload import Array, Binary, Form, Json, JSONObject, JSONValue, Payload, Text

__all__ = ["decode_feedback", "decode_message", "decode_messages", "decode_whole"]

# A member of an Enum is looked up by a descriptor, which costs as much as what it is for.
_TENSOR, _NDARRAY, _BARE = Form.TENSOR, Form.NDARRAY, Form.BARE
#: Where a message may hold a large list of numbers.
_LISTS: Places = {"data": {"ndarray": True, "tensor": {"values": True}}}


def decode_message(request: Request) -> Message:
    """The message that a request carries; without a payload where it has none of the five.

    Its `source` is the JSON object, unless it has an array: then the object may go. Arrays follow the dtype rules of
    `json_arrays`.

    Raises:
        InvalidRequest: There is no JSON object, or a member that counts is broken.

    Source: component API sections 5.2 and 5.3.
    """
    if request.query or request.content_type:
        return _message(json_of(request))
    body, document = request.body, None
    if len(body) >= large_json.LARGE:
        document = large_json.read_large(body, _LISTS)  # with arrays for large lists of numbers
    return _message(json_of_body(body) if document is None else document)


def decode_messages(request: Request) -> list[Message]:
    """The messages that a combiner joins: a bare list, or an object with `seldonMessages`.

    Raises:
        InvalidRequest: There is no such list, it is empty, or a message in it is broken; the error says which.

    Source: component API sections 4 and 5.1.
    """
    document = json_of(request)
    listed = document.get("seldonMessages") if type(document) is dict else document
    if type(listed) is not list:
        raise no_message(document)
    if not listed:
        raise InvalidRequest("There is nothing to combine: send a list of one or more messages")
    return [_message_of_list(element, at, len(listed)) for at, element in enumerate(listed, 1)]


def _message_of_list(document: JSONValue, number: int, count: int) -> Message:
    try:
        return _message(document)
    except InvalidRequest as error:
        raise InvalidRequest(f"Message {number} of {count}: {error.message}", error.reason) from None


def decode_feedback(request: Request) -> Feedback:
    """Feedback on an earlier answer. Every number is float64, and unknown members are refused.

    Raises:
        InvalidRequest: There is no JSON, or it is no Feedback.

    Source: component API sections 5.3 and 9.
    """
    document = json_of(request)
    feedback = check_feedback(document)
    reward = feedback.get("reward")
    return Feedback(
        _message(feedback.get("request", {})),
        _message(feedback.get("response", {})),
        _message(feedback.get("truth", {})),
        reward if isinstance(reward, float) else 0.0,
        document,
    )


def decode_whole(request: Request) -> JSONValue:
    """The JSON value that a request carries, whatever it is: for methods that read it themselves.

    Raises:
        InvalidRequest: There is no JSON.

    Source: component API sections 5.2 and 6.
    """
    return json_of(request)


def _message(document: JSONValue) -> Message:
    if type(document) is not dict:
        raise no_message(document)
    meta = _meta(document["meta"]) if "meta" in document else NO_META
    data = document.get("data")
    if data is None:
        return Message(_payload(document), meta, None, document)
    array = _array(data)
    return Message(array, meta, None, document if array.form is _BARE else None)


def _payload(message: JSONObject) -> Payload | None:
    """What a message without `data` carries."""
    value = message.get("jsonData")
    if value is not None:
        return Json(value)
    text = message.get("strData")
    if text is not None:
        return Text(_expect(text, str, "strData", "text"))
    text = message.get("binData")
    if text is not None:
        return Binary(_binary(_expect(text, str, "binData", "base64 text")))
    return Json(None) if "jsonData" in message else None


def _array(data: JSONValue) -> Array:
    if type(data) is not dict:
        raise _unexpected(data, "data", 'an object with "tensor" or "ndarray"')
    names: Any = data.get("names", [])  # some clients number their columns, and the reference lets them
    if type(names) is not list and names is not None:
        raise _unexpected(names, "data.names", "a list of column names")
    tensor = data.get("tensor")
    if tensor is not None:
        return Array(_tensor(tensor), names, _TENSOR)
    nested = data.get("ndarray")
    if nested is not None:
        return Array(json_arrays.from_nested(nested), names, _NDARRAY)
    tensor = data.get("tftensor")
    if tensor is not None:
        tensor = _expect(tensor, dict, "data.tftensor", "an object")
        return Array(tftensor.decode_json(tensor), names, Form.TFTENSOR)
    return Array(np.array([]), names, _BARE)


def _tensor(tensor: JSONValue) -> np.ndarray:
    if type(tensor) is not dict:
        raise _unexpected(tensor, "data.tensor", 'an object with "shape" and "values"')
    values, shape = tensor.get("values"), tensor.get("shape")
    if values is None or shape is None:
        absent = "values" if values is None else "shape"
        raise InvalidRequest(f'"data.tensor" has no "{absent}": send it as {{"shape": [1, 2], "values": [0.5, 1.5]}}')
    return json_arrays.from_tensor(values, shape)


def _binary(text: str) -> bytes:
    """Base64, standard or URL-safe; other characters are dropped."""
    if "-" in text or "_" in text:
        text = text.replace("-", "+").replace("_", "/")
    try:
        return binascii.a2b_base64(text)
    except ValueError as error:
        raise InvalidRequest(f'"binData" is no base64 text: {error}') from None


def _meta(given: JSONValue) -> Meta:
    if type(given) is not dict:
        raise InvalidRequest(f'"meta" must be an object, not {kind_of(given)}: leave it out where there is none')
    if not given:  # as most answers of earlier nodes bring it; a shared object that user code gets would not stay empty
        return Meta("", NO_META.tags, NO_META.routing, NO_META.request_path, NO_META.metrics, given)
    metrics = _member(given, "metrics", list, "a list")
    for metric in metrics:
        _expect(metric, dict, "meta.metrics", "a list of objects")
    return Meta(
        _puid(given.get("puid")),
        _member(given, "tags", dict, "an object"),
        _member(given, "routing", dict, "an object"),
        _member(given, "requestPath", dict, "an object"),
        metrics,
        given,
    )


def _puid(puid: JSONValue) -> str:
    """The id as text; the reference takes a number too."""
    if type(puid) is int:
        return str(puid)
    return "" if puid is None else _expect(puid, str, "meta.puid", "text")


_T = TypeVar("_T")


def _member(meta: JSONObject, name: str, kind: type[_T], wanted: str) -> _T:
    value = meta.get(name)
    return kind() if value is None else _expect(value, kind, f"meta.{name}", wanted)


def _expect(value: JSONValue, kind: type[_T], name: str, wanted: str) -> _T:
    if not isinstance(value, kind):
        raise _unexpected(value, name, wanted)
    return value


def _unexpected(value: JSONValue, name: str, wanted: str) -> InvalidRequest:
    return InvalidRequest(f'"{name}" must be {wanted}, not {kind_of(value)}')
