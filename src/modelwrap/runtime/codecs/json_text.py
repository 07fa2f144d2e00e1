"""JSON text to plain values, and a user's values to valid JSON text.

Reading takes what Python's own parser takes, so also `NaN` and other Unicode encodings, at orjson's speed for all that
orjson reads. Writing takes NumPy values and whatever else users put into a dict, and never writes bare `NaN`. This room
knows no message.
"""

from __future__ import annotations

import json
import math
from datetime import date

import numpy as np
import orjson

from modelwrap.errors import ComponentFailed
from modelwrap.runtime.codecs import json_arrays
from modelwrap.runtime.codecs.date_text import date_texts, text_of_date
from modelwrap.runtime.payload import JSONValue, UserValue

__all__ = ["kind_of", "read", "read_leniently", "write"]

_USUAL = orjson.OPT_SORT_KEYS | orjson.OPT_PASSTHROUGH_DATETIME
_NEWLINE, _NUMPY = orjson.OPT_APPEND_NEWLINE, orjson.OPT_SERIALIZE_NUMPY
_KINDS = {dict: "an object", list: "a list", str: "text", bool: "true or false", type(None): "null"}


def kind_of(value: JSONValue) -> str:
    """What a client would call a JSON value: an object, a list, text, a number, ...."""
    return _KINDS.get(type(value), "a number")


def read(text: bytes) -> JSONValue:
    """The value that JSON text stands for.

    The later of two equal keys wins. Integers beyond 64 bits become the nearest float64, as every JSON number is in
    proto3. `NaN`, `Infinity`, `-Infinity`, a byte order mark, UTF-16 and UTF-32 are understood.

    Raises:
        ValueError: The text is no JSON, or has text in it that no Unicode encoding can carry.
    """
    try:
        return orjson.loads(text)  # type: ignore[no-any-return]
    except orjson.JSONDecodeError:
        return read_leniently(text)


def read_leniently(text: bytes) -> JSONValue:
    """The value of text that orjson does not read, as `read` has it.

    Raises:
        ValueError: See `read`.
    """
    try:
        characters = text.decode(json.detect_encoding(text))
        value: JSONValue = json.loads(characters)
        if "\\u" in characters:  # only an escape can spell half a surrogate pair; encoding such text raises ValueError
            json.dumps(value, ensure_ascii=False).encode()
    except RecursionError:
        raise ValueError("it is nested too deeply") from None
    return value


def write(value: UserValue, *, newline: bool = False, numpy: bool = False) -> bytes:
    """JSON text with sorted keys and no spaces, of any value that has a JSON form.

    NaN and infinity are written as null, dates as `date_text` has them, keys that are no text as the `json` module
    writes them, NumPy numbers as the exact decimal of the number they hold.

    Args:
        value: What to write.
        newline: Whether to close with a newline.
        numpy: Whether every array in `value` comes from `json_arrays`. Then orjson writes them itself, in half the
            time; it must not see others, as it writes the date NaT as 1970.

    Raises:
        ComponentFailed: Something in `value` has no JSON form; the message names its type.
    """
    try:
        return orjson.dumps(value, _plain, _USUAL | (newline and _NEWLINE) | (numpy and _NUMPY))
    except TypeError:  # orjson's own error too: a big integer, a key that is no text, half a surrogate pair, or no JSON
        return _write_leniently(value) + (b"\n" if newline else b"")


def _plain(value: UserValue) -> UserValue:
    """A simpler form of what orjson can't write."""
    if isinstance(value, np.ndarray):
        return _plain_array(value)
    if isinstance(value, np.generic):
        return _plain_scalar(value)
    if isinstance(value, tuple):  # a named tuple
        return list(value)
    if isinstance(value, date):
        return text_of_date(value)
    from decimal import Decimal  # noqa: PLC0415 - rarely needed, and a millisecond of a start

    if isinstance(value, Decimal):
        return str(value)
    for conversion in ("tolist", "isoformat"):  # arrays of other libraries, times of day
        method = getattr(value, conversion, None)
        if callable(method) and not isinstance(value, type):
            return method()
    raise TypeError(_no_json(value))


def _plain_array(values: np.ndarray) -> UserValue:
    written = json_arrays.nested_values(values)
    if isinstance(written, np.ndarray):
        return orjson.Fragment(orjson.dumps(written, option=orjson.OPT_SERIALIZE_NUMPY))
    return written


def _plain_scalar(value: np.generic) -> UserValue:
    if isinstance(value, np.datetime64):
        return date_texts(np.asarray(value))
    if isinstance(value, np.timedelta64):
        raise TypeError(_no_json(value))
    return float(value) if isinstance(value, np.longdouble) else value.item()


def _no_json(value: object) -> str:
    return f"Object of type {type(value).__name__} is not JSON serializable"


def _write_leniently(value: UserValue) -> bytes:
    """What `json` can write and orjson can't, some ten times slower."""
    try:
        return json.dumps(_tree(value), default=_leaf, sort_keys=True, separators=(",", ":")).encode()
    except RecursionError:
        raise ComponentFailed("The result is nested too deeply for JSON, or it contains itself") from None
    except Exception as error:  # a conversion of the user's own objects may raise anything
        raise ComponentFailed(str(error)) from error


def _tree(value: UserValue) -> UserValue:
    """The same value with text for keys and no NaN."""
    if isinstance(value, dict):
        return {_key(key): _tree(member) for key, member in value.items()}
    if isinstance(value, list | tuple):
        return [_tree(member) for member in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value


def _key(key: UserValue) -> str:
    if isinstance(key, str):
        return str(key)
    if isinstance(key, np.generic):
        key = _plain_scalar(key)
    if key is None or isinstance(key, bool | int | float):
        return json.dumps(key)
    if isinstance(key, str):
        return key
    raise TypeError(f"keys must be str, int, float, bool or None, not {type(key).__name__}")


def _leaf(value: UserValue) -> UserValue:
    """A simpler form of what `json` can't write: what orjson makes of it, else one step of our own."""
    if isinstance(value, np.ndarray):
        return _tree(np.asarray(json_arrays.nested_values(value)).tolist())
    try:
        return orjson.loads(orjson.dumps(value, _plain, _USUAL))
    except TypeError:
        return _tree(_plain(value))
