"""What `content_type` makes of a named tensor: the value that a user's method gets for it.

MLServer's types keep their meaning; three more are named as the members of Seldon's message, so that text, bytes and
JSON reach a class in either protocol as the same value. An unknown type changes nothing, as in MLServer.

Source: Open Inference Protocol facts, section 3.
"""

from __future__ import annotations

import binascii
import json
from collections.abc import Callable
from datetime import UTC, datetime

import numpy as np

from modelwrap.errors import InvalidRequest
from modelwrap.runtime.values import UserValue

__all__ = ["BINARY", "DATETIME", "JSON", "PANDAS", "TEXT", "converted", "text_or_bytes"]

PANDAS, DATETIME = "pd", "datetime"
TEXT, BINARY, JSON = "strData", "binData", "jsonData"

#: A text array of fixed width may take this many times the bytes of its texts, or a megabyte; else it has objects.
_INFLATION, _SMALL = 16, 1 << 20


def converted(values: np.ndarray, content_type: str, place: str) -> UserValue:
    """The value that a class gets for a tensor.

    Args:
        values: The tensor's array; BYTES have elements of `str` or `bytes`.
        content_type: The tensor's, or the request's; empty for none.
        place: The tensor, for errors.

    Raises:
        InvalidRequest: The tensor does not hold what its content type says.
    """
    convert = _CONVERSIONS.get(content_type)
    if convert is not None:
        return convert(values, place)
    return text_or_bytes(values) if values.dtype.kind == "O" else values


def text_or_bytes(values: np.ndarray) -> np.ndarray:
    """BYTES as text where every element is UTF-8, and as bytes where one is not, whatever carried them.

    JSON carries text and everything else bytes, so only this gives a class the same array of both.
    """
    elements = values.ravel().tolist()
    try:
        texts = [element if isinstance(element, str) else element.decode() for element in elements]
    except UnicodeDecodeError:
        return _objects([_bytes(element) for element in elements], values.shape)
    lengths = [len(text) for text in texts]
    if max(lengths, default=0) * len(texts) > max(_SMALL, _INFLATION * sum(lengths)):
        return _objects(texts, values.shape)
    return np.array(texts, np.str_).reshape(values.shape)


def _bytes(element: str | bytes) -> bytes:
    return element.encode() if isinstance(element, str) else element


def _objects(elements: list[UserValue], shape: tuple[int, ...]) -> np.ndarray:
    return np.fromiter(elements, object, len(elements)).reshape(shape)


def _elements(values: np.ndarray, content_type: str, place: str) -> list[str | bytes]:
    if values.dtype.kind != "O":
        raise InvalidRequest(f'{place} has content type "{content_type}", so its datatype must be BYTES')
    elements: list[str | bytes] = values.ravel().tolist()
    return elements


def _sole(values: np.ndarray, content_type: str, place: str) -> str | bytes:
    elements = _elements(values, content_type, place)
    if len(elements) != 1:
        raise InvalidRequest(f'{place} has content type "{content_type}", so it must have one element: {len(elements)}')
    return elements[0]


def _text(element: str | bytes, place: str) -> str:
    try:
        return element if isinstance(element, str) else element.decode()
    except UnicodeDecodeError:
        raise InvalidRequest(f"{place} must be UTF-8 text; send other bytes as base64") from None


def _array(values: np.ndarray, _place: str) -> np.ndarray:
    return text_or_bytes(values) if values.dtype.kind == "O" else values


def _texts(values: np.ndarray, place: str) -> list[str]:
    return [_text(element, place) for element in _elements(values, "str", place)]


def _from_base64(values: np.ndarray, place: str) -> np.ndarray:
    """Elements that are no base64 are taken as they are."""
    return _objects([_unpacked(element) for element in _elements(values, "base64", place)], values.shape)


def _unpacked(element: str | bytes) -> bytes:
    packed = _bytes(element)
    try:
        return binascii.a2b_base64(packed, strict_mode=True)
    except binascii.Error:
        return packed


def _dates(values: np.ndarray, place: str) -> np.ndarray:
    """ISO 8601 as `datetime64[us]`; a time zone is turned into UTC."""
    texts = [_text(element, place) for element in _elements(values, DATETIME, place)]
    try:
        return np.array([_utc(text) for text in texts], "datetime64[us]").reshape(values.shape)
    except ValueError as error:
        raise InvalidRequest(f"{place} must hold dates in ISO 8601, such as 2026-11-24T12:30:00: {error}") from None


def _utc(text: str) -> datetime:
    date = datetime.fromisoformat(text)
    return date if date.tzinfo is None else date.astimezone(UTC).replace(tzinfo=None)


def _sole_text(values: np.ndarray, place: str) -> str:
    return _text(_sole(values, TEXT, place), place)


def _sole_binary(values: np.ndarray, place: str) -> bytes:
    """One element, which JSON carries as base64."""
    element = _sole(values, BINARY, place)
    if isinstance(element, bytes):
        return element
    try:
        return binascii.a2b_base64(element)
    except ValueError as error:
        raise InvalidRequest(f'{place} has content type "{BINARY}" and is no base64 text: {error}') from None


def _sole_json(values: np.ndarray, place: str) -> UserValue:
    try:
        return json.loads(_sole(values, JSON, place))
    except (ValueError, RecursionError) as error:
        raise InvalidRequest(f'{place} has content type "{JSON}" and is no JSON: {error}') from None


_CONVERSIONS: dict[str, Callable[[np.ndarray, str], UserValue]] = {
    "np": _array,
    "str": _texts,
    "base64": _from_base64,
    DATETIME: _dates,
    TEXT: _sole_text,
    BINARY: _sole_binary,
    JSON: _sole_json,
}
