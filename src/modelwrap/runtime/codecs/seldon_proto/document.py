"""A SeldonMessage as a JSON object, which some raw methods return on gRPC too, to a neutral message.

It is read by the same mapping as on REST, but whatever is wrong with it is the class's fault.
"""

from __future__ import annotations

import base64
import binascii

import numpy as np

from modelwrap.errors import ComponentFailed, InvalidRequest
from modelwrap.runtime.codecs import json_arrays, tftensor
from modelwrap.runtime.message import Message, Meta, Status
from modelwrap.runtime.payload import Array, Binary, Form, Json, Payload, Text, UserValue

__all__ = ["message_of"]

_KINDS: dict[type, str] = {dict: "an object", list: "a list", str: "text"}


def message_of(document: dict[str, UserValue]) -> Message:
    """The message that a JSON object stands for.

    Raises:
        ComponentFailed: A member of it has the wrong type.
    """
    try:
        return Message(_payload(document), _meta(document), _status(document))
    except (InvalidRequest, binascii.Error) as error:
        raise ComponentFailed(f"A raw method returned an object that is no SeldonMessage: {error}") from None


def _payload(document: dict[str, UserValue]) -> Payload | None:
    if document.get("data") is not None:
        return _array(_member(document, "data", dict))
    if "jsonData" in document:
        return Json(document["jsonData"])
    if "strData" in document:
        return Text(_member(document, "strData", str))
    if "binData" in document:
        return Binary(base64.b64decode(_member(document, "binData", str)))
    return None


def _array(data: dict[str, UserValue]) -> Array:
    names = [str(name) for name in _member(data, "names", list)]
    if "tensor" in data:
        tensor = _member(data, "tensor", dict)
        values, shape = (_listed(tensor.get(name, [])) for name in ("values", "shape"))
        return Array(json_arrays.from_tensor(values, shape), names, Form.TENSOR)
    if "tftensor" in data:
        return Array(tftensor.decode_json(_member(data, "tftensor", dict)), names, Form.TFTENSOR)
    listed = data.get("ndarray", [])
    if isinstance(listed, np.ndarray):
        return Array(listed, names, Form.NDARRAY)
    return Array(np.empty(0), names, Form.NDARRAY, _member(data, "ndarray", list))


def _listed(value: UserValue) -> UserValue:
    return value.tolist() if isinstance(value, np.ndarray) else value


def _meta(document: dict[str, UserValue]) -> Meta:
    given = _member(document, "meta", dict)
    return Meta(
        _member(given, "puid", str),
        _member(given, "tags", dict),
        _member(given, "routing", dict),
        _member(given, "requestPath", dict),
        _member(given, "metrics", list),
    )


def _status(document: dict[str, UserValue]) -> Status | None:
    if document.get("status") is None:
        return None
    given = _member(document, "status", dict)
    code = given.get("code", 0)
    if not isinstance(code, int):
        raise InvalidRequest(f"status.code must be a whole number, not {code!r}")
    failed = given.get("status") in ("FAILURE", 1)
    return Status(code, _member(given, "info", str), _member(given, "reason", str), not failed)


def _member(document: dict[str, UserValue], name: str, kind: type) -> UserValue:
    """A member of one type; an empty one where it is absent or null."""
    value = document.get(name)
    if value is None:
        return kind()
    if not isinstance(value, kind):
        raise InvalidRequest(f"{name} must be {_KINDS[kind]}, not {type(value).__qualname__}")
    return value
