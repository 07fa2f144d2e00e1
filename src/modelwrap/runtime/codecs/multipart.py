"""The parts of a multipart/form-data body, found in the bytes without a copy of what lies between.

This room knows nothing of what the parts mean. Bytes of a part are handed out exactly as they came.

Source: RFC 7578, RFC 2046 section 5.1.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from modelwrap.errors import InvalidRequest

__all__ = ["Part", "read_parts"]

#: More parts than any message has members; each costs an object, however small it is.
_MAX_PARTS = 1000
#: Bytes of a part's header; clients send a few hundred.
_MAX_HEADER = 16 * 1024

_AFTER_DELIMITER = re.compile(rb"(--)?[ \t]*(?:\r?\n|\Z)")
_BLANK_LINE = re.compile(rb"\r?\n\r?\n")
_DISPOSITION = re.compile(rb"^content-disposition[ \t]*:[ \t]*form-data([^\r\n]*)", re.IGNORECASE | re.MULTILINE)
_PARAMETER = re.compile(rb';[ \t]*([^\s=;"]+)[ \t]*=[ \t]*("(?:[^"\\]|\\.)*"|[^;\s]*)')


@dataclass(frozen=True, slots=True)
class Part:
    """One field of a form.

    Attributes:
        name: The field's name.
        is_file: Whether it came with a file name.
        content: Its bytes.
    """

    name: str
    is_file: bool
    content: bytes


def read_parts(body: bytes, content_type: str) -> list[Part]:
    """The parts of a form, in the order of the body.

    Args:
        body: The whole body.
        content_type: The media type as sent; its parameter `boundary` says what separates the parts.

    Raises:
        InvalidRequest: There is no boundary, the body doesn't close, a part has no name, or there are too many.
    """
    parts: list[Part] = []
    for start, end in _spans(body, b"--" + _boundary(content_type)):
        if len(parts) == _MAX_PARTS:
            raise InvalidRequest(f"The multipart form has more than {_MAX_PARTS} parts")
        parts.append(_part(body, start, end))
    return parts


def _boundary(content_type: str) -> bytes:
    boundary = _parameters(content_type.encode("utf-8", "replace")).get(b"boundary")
    if not boundary:
        raise InvalidRequest(
            'The content type multipart/form-data has no "boundary": let the HTTP client set this header itself'
        )
    return boundary


def _spans(body: bytes, delimiter: bytes) -> Iterator[tuple[int, int]]:
    """Where each part, header and content, starts and ends."""
    start = None
    for at, after, closes in _delimiters(body, delimiter):
        if start is not None:
            yield start, max(start, _before_line_end(body, at))
        if closes:
            return
        start = after
    raise InvalidRequest(
        f"The multipart form never closes: its last line must be {(delimiter + b'--').decode(errors='replace')!r}"
    )


def _delimiters(body: bytes, delimiter: bytes) -> Iterator[tuple[int, int, bool]]:
    """Each delimiter line: where it starts, where the next line starts, and whether it is the last."""
    at = body.find(delimiter)
    while at >= 0:
        line_end = _AFTER_DELIMITER.match(body, at + len(delimiter))
        if line_end and (at == 0 or body[at - 1] == 0x0A):
            yield at, line_end.end(), line_end.group(1) is not None
        at = body.find(delimiter, at + len(delimiter))


def _before_line_end(body: bytes, at: int) -> int:
    """The line end before a delimiter belongs to the delimiter."""
    return at - 2 if body[at - 2 : at] == b"\r\n" else at - 1


def _part(body: bytes, start: int, end: int) -> Part:
    blank = _BLANK_LINE.search(body, start, min(end, start + _MAX_HEADER))
    header_end, content_start = blank.span() if blank else (end, end)
    if header_end - start > _MAX_HEADER:
        raise InvalidRequest("A part of the multipart form has no blank line between its header and its content")
    disposition = _DISPOSITION.search(body[start:header_end])
    parameters = _parameters(disposition.group(1)) if disposition else {}
    name = parameters.get(b"name")
    if not name:
        raise InvalidRequest(
            'A part of the multipart form has no name: send Content-Disposition: form-data; name="..."'
        )
    is_file = b"filename" in parameters or b"filename*" in parameters
    return Part(name.decode("utf-8", "replace"), is_file, body[content_start:end])


def _parameters(header: bytes) -> dict[bytes, bytes]:
    """The parameters of a header's value, by lower-case name; the first of equal names wins."""
    found: dict[bytes, bytes] = {}
    for match in _PARAMETER.finditer(header):
        name, value = match.groups()
        if value.startswith(b'"') and len(value) > 1:
            value = re.sub(rb"\\(.)", rb"\1", value[1:-1])
        found.setdefault(name.lower(), value)
    return found
