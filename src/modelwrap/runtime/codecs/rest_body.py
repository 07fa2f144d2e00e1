"""Where a REST request carries its JSON: a multipart form, a form field, the query, or the body.

Source: component API section 5.2, in its order. Unlike the reference, the body is tried whatever its media type says.
"""

from __future__ import annotations

import binascii
from typing import TYPE_CHECKING, NoReturn
from urllib.parse import unquote_to_bytes

import orjson

from modelwrap.errors import InvalidRequest
from modelwrap.runtime.codecs import json_text
from modelwrap.runtime.message import Request
from modelwrap.runtime.payload import JSONObject, JSONValue

if TYPE_CHECKING:
    from modelwrap.runtime.codecs.multipart import Part

__all__ = ["json_of", "json_of_body"]

_ABSENCE = "Can't find JSON in data"
#: More fields than any client sends; each costs an object, however small it is.
_MAX_FIELDS = 1000


def json_of(request: Request) -> JSONValue:
    """The JSON value that a request carries; never null.

    Raises:
        InvalidRequest: It carries none, or what it carries is broken.
    """
    if not request.query and "form" not in request.content_type.lower():
        return json_of_body(request.body)  # what nearly every client sends, and the executor always
    media_type = request.content_type.lower()
    if "multipart/form-data" in media_type:
        from modelwrap.runtime.codecs.multipart import read_parts  # noqa: PLC0415 - few clients ever send a form

        return _json_of_parts(read_parts(request.body, request.content_type))
    if "x-www-form-urlencoded" in media_type and not _looks_like_json(request.body):
        field = _field(request.body, "form")
        if field:
            return _json_of_text(field, "The form field")
    argument = _field(request.query, "query")
    if argument:
        return _json_of_text(argument, "The query argument")
    return json_of_body(request.body)


def json_of_body(body: bytes) -> JSONValue:
    """The JSON value that a body is, whatever its media type says; never null.

    Raises:
        InvalidRequest: It is none.
    """
    try:
        value: JSONValue = orjson.loads(body)
    except orjson.JSONDecodeError:
        value = _read_leniently(body)
    if value is None:
        _refuse_absence()
    return value


def _read_leniently(body: bytes) -> JSONValue:
    """What Python's own parser takes, or the error that says what is wrong."""
    try:
        return json_text.read_leniently(body)
    except ValueError as error:
        raise InvalidRequest(f"{_ABSENCE}: {error}" if _was_meant_as_json(body, error) else _ABSENCE) from None


def _was_meant_as_json(body: bytes, error: ValueError) -> bool:
    """Whether a mistake in a body has a place worth telling: other bodies are no JSON from their first letter on."""
    place = getattr(error, "pos", getattr(error, "start", 0))
    return _looks_like_json(body) and (place > 1 or body.rstrip()[-1:] in {b"}", b"]"})


def _refuse_absence() -> NoReturn:
    raise InvalidRequest(_ABSENCE)


def _json_of_text(text: bytes, origin: str) -> JSONValue:
    try:
        value = json_text.read(text)
    except ValueError as error:
        raise InvalidRequest(f'{origin} "json" is no JSON: {error}') from None
    if value is None:
        _refuse_absence()
    return value


def _looks_like_json(body: bytes) -> bool:
    """Whether a body that claims to be a form is the JSON that `curl -d` sends so; no form opens with a bracket."""
    return body.lstrip()[:1] in {b"{", b"["}


def _field(fields: bytes, origin: str) -> bytes:
    """The decoded field `json` of url-encoded fields; empty where there is none."""
    if fields.count(b"&") >= _MAX_FIELDS:
        raise InvalidRequest(f"The {origin} has more than {_MAX_FIELDS} fields")
    for field in fields.split(b"&"):
        name, _, value = field.partition(b"=")
        if _unquoted(name) == b"json":
            return _unquoted(value)
    return b""


def _unquoted(text: bytes) -> bytes:
    return unquote_to_bytes(text.replace(b"+", b" "))


def _json_of_parts(parts: list[Part]) -> JSONValue:
    """The message whose members are the parts; a part named `json` is the whole message."""
    fields: dict[str, Part] = {}
    for part in parts:
        known = fields.get(part.name)
        if known is None or (part.is_file and not known.is_file):
            fields[part.name] = part
    message: JSONObject = {name: _member(part) for name, part in fields.items()}
    return message.get("json") or message


def _member(part: Part) -> JSONValue:
    """What a part stands for in the message: binary files are base64 text, `strData` is text, others are JSON."""
    if part.is_file and part.name == "binData":
        return binascii.b2a_base64(part.content, newline=False).decode("ascii")
    try:
        if part.name == "strData" or (part.is_file and part.name == "jsonData"):
            return part.content.decode("utf-8")
        return json_text.read(part.content)
    except UnicodeDecodeError:
        raise InvalidRequest(
            f'Part "{part.name}" of the form is no UTF-8 text: send bytes as a file named "binData"'
        ) from None
    except ValueError as error:
        raise InvalidRequest(
            f'Part "{part.name}" of the form is no JSON: {error}; send text as "strData" and bytes as a file '
            'named "binData"'
        ) from None
