"""TensorProto in proto3's JSON mapping. Names are read in both spellings, as protobuf's own parsers do."""

from __future__ import annotations

import base64
import math

import numpy as np

from modelwrap.errors import InvalidRequest
from modelwrap.runtime.codecs.json_text import kind_of as json_kind
from modelwrap.runtime.codecs.tftensor.kinds import (
    PLACE,
    Field,
    Kind,
    array_of_list,
    array_of_memory,
    as_list,
    kind_named,
    kind_numbered,
    kind_of,
    memory_of,
    text_array,
)
from modelwrap.runtime.payload import JSONObject, JSONValue, UserValue

__all__ = ["decode_json", "encode_json"]


def decode_json(document: JSONObject) -> np.ndarray:
    """The array that a TensorProto stands for; a read-only view where its memory was sent.

    Raises:
        InvalidRequest: A member is missing or wrong, or the values don't fill the shape.
    """
    kind = _kind(document.get("dtype"))
    shape = _shape(_member(document, "tensorShape", "tensor_shape"))
    memory = _bytes(_member(document, "tensorContent", "tensor_content") or "", f"{PLACE}.tensorContent")
    if memory:
        return array_of_memory(kind, memory, shape)
    field = kind.field
    listed = _expect(_member(document, field.json_name, field.name) or [], list, f"{PLACE}.{field.json_name}")
    return array_of_list(kind, _listed(field, listed), shape)


def _kind(dtype: JSONValue) -> Kind:
    if isinstance(dtype, str):
        return kind_named(dtype)
    return kind_numbered(_whole(dtype, f"{PLACE}.dtype") if dtype is not None else 0)


def _shape(document: JSONValue) -> list[int] | None:
    """The sizes of the dimensions; None where the shape is absent, or even their number is unknown."""
    if document is None:
        return None
    place = f"{PLACE}.tensorShape"
    shape: JSONObject = _expect(document, dict, place)
    if _member(shape, "unknownRank", "unknown_rank"):
        return None
    dims = [_expect(dim, dict, f"{place}.dim") for dim in _expect(shape.get("dim") or [], list, f"{place}.dim")]
    return [_whole(dim.get("size") or 0, f"{place}.dim.size") for dim in dims]


def _listed(field: Field, values: list[JSONValue]) -> np.ndarray:
    place = f"{PLACE}.{field.json_name}"
    kind = field.dtype.kind
    if kind == "O":
        return text_array([_bytes(value, place) for value in values])
    if kind == "b":
        return np.array([_expect(value, bool, place) for value in values], np.bool_)
    if kind == "f":
        with np.errstate(over="ignore"):  # beyond 32 bits is infinite
            return np.array([_real(value, place) for value in values], np.float64).astype(field.dtype)
    numbers = [_whole(value, place) for value in values]
    bounds = np.iinfo(field.dtype.str)
    if numbers and not (bounds.min <= min(numbers) and max(numbers) <= bounds.max):
        raise InvalidRequest(f"{place} holds numbers beyond {field.dtype}.")
    return np.array(numbers, field.dtype)


def _member(document: JSONObject, name: str, wire_name: str) -> JSONValue:
    value = document.get(name)
    return document.get(wire_name) if value is None else value


def _expect(value: JSONValue, kind: type, place: str) -> UserValue:
    if type(value) is not kind:
        raise InvalidRequest(f"{place} must be {json_kind(kind())}, not {json_kind(value)}.")
    return value


def _whole(value: JSONValue, place: str) -> int:
    """A whole number, which JSON may also spell as text or with a fraction of zero."""
    try:
        number = int(value) if isinstance(value, str) else value
    except ValueError:
        number = None
    if isinstance(number, float) and number.is_integer():
        number = int(number)
    if type(number) is not int:
        raise InvalidRequest(f"{place} must hold whole numbers, not {value!r:.80}.")
    return number


def _real(value: JSONValue, place: str) -> float:
    """A number, or its text, among which are NaN, Infinity and -Infinity."""
    try:
        if isinstance(value, str | int | float) and not isinstance(value, bool):
            return float(value)
    except (ValueError, OverflowError):
        pass
    raise InvalidRequest(f"{place} must hold numbers, not {value!r:.80}.")


def _bytes(value: JSONValue, place: str) -> bytes:
    """Bytes in base64, standard or URL-safe, with or without padding."""
    text: str = _expect(value, str, place)
    try:
        return base64.b64decode(text.replace("-", "+").replace("_", "/") + "=" * (-len(text) % 4), validate=True)
    except ValueError as error:
        raise InvalidRequest(f"{place} is no base64 text: {error}.") from None


def encode_json(values: np.ndarray) -> JSONObject:
    """The TensorProto that carries an array of any numbers, booleans or text, as a JSON object.

    Raises:
        ComponentFailed: No datatype of TensorFlow carries it.
    """
    kind = kind_of(values)
    document: JSONObject = {"dtype": kind.name, "tensorShape": {"dim": [{"size": str(size)} for size in values.shape]}}
    memory = memory_of(kind, values)
    if memory is not None:
        document["tensorContent"] = base64.b64encode(memory).decode()
    elif values.size:
        document[kind.field.json_name] = _elements(kind.field, as_list(kind, values))
    return document


def _elements(field: Field, values: np.ndarray) -> list[JSONValue]:
    """The elements of a list: 64-bit integers as text, bytes in base64, and what JSON has no numeral for spelled."""
    kind = field.dtype.kind
    if kind == "O":
        return [base64.b64encode(text).decode() for text in values.tolist()]
    if kind in "iu" and field.dtype.itemsize == 8:
        return list(map(str, values.tolist()))
    numbers: list[JSONValue] = values.tolist()
    return [_spelled(number) if isinstance(number, float) else number for number in numbers]


def _spelled(number: float) -> float | str:
    if math.isnan(number):
        return "NaN"
    return number if math.isfinite(number) else ("Infinity" if number > 0 else "-Infinity")
