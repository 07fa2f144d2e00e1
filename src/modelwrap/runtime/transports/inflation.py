"""Compressed messages, sans I/O: inflated within the limit, whatever they claim to hold.

Source: RFC 9110, section 8.4; RFC 1950 to 1952; the gRPC over HTTP/2 protocol description.
"""

from __future__ import annotations

import zlib

from modelwrap.errors import InvalidRequest, TooLarge, UnknownEncoding

__all__ = ["TAKEN", "inflated", "too_large", "unpacked"]

#: The content encodings that a REST body may have, as `Accept-Encoding` tells them.
TAKEN = "gzip, deflate"
_GZIP = 16 + zlib.MAX_WBITS
_ZLIB = zlib.MAX_WBITS
_BARE = -zlib.MAX_WBITS
_WINDOWS = {"gzip": _GZIP, "x-gzip": _GZIP, "deflate": _ZLIB}
_PLAIN = frozenset({"", "identity"})
#: Bytes that any message may hold, and how often its packed size a larger one: arrays shrink to a tenth or so. zlib's
#: thousandfold would let 2 MB fill the usual limit of 2 GiB, for which the event loop stands still.
_AMPLE, _TIMES = 64 << 20, 100


def unpacked(body: bytes, encoding: str, limit: int) -> bytes:
    """A REST body without its content encoding.

    Args:
        body: The body as it came.
        encoding: Its `Content-Encoding`, in any case.
        limit: The most bytes that it may have when inflated.

    Raises:
        UnknownEncoding: The encoding is not taken here, or there are several.
        InvalidRequest: The body is not in that encoding.
        TooLarge: It inflates to more than the limit.
    """
    encoding = encoding.strip().lower()
    if encoding in _PLAIN:
        return body
    window = _WINDOWS.get(encoding)
    if window is None:
        raise UnknownEncoding(f"content-encoding {encoding!r:.40} is not known here: send {TAKEN} or none")
    if window == _ZLIB and not _is_zlib(body):
        window = _BARE  # which many clients mean by deflate
    return inflated(body, limit, window)


def _is_zlib(body: bytes) -> bool:
    """Whether the first two bytes are a header of zlib. Source: RFC 1950, section 2.2."""
    return len(body) > 1 and body[0] & 15 == zlib.DEFLATED and int.from_bytes(body[:2], "big") % 31 == 0


def inflated(packed: bytes, limit: int, window: int = _GZIP) -> bytes:
    """The content of compressed bytes, all of which belong to it.

    Args:
        packed: The bytes; of gzip, one member.
        limit: The most bytes that the content may have; no more than one beyond them are ever made.
        window: zlib's `wbits`.

    Raises:
        InvalidRequest: The bytes are damaged, cut short, or followed by others.
        TooLarge: The content is larger than the limit; or larger than 64 MiB and than 100 times the bytes.
    """
    most = min(limit, max(_AMPLE, _TIMES * len(packed)))
    unpacker = zlib.decompressobj(wbits=window)
    try:
        # One byte more than allowed tells a message of exactly the limit from one beyond it.
        content = unpacker.decompress(packed, most + 1)
    except zlib.error as error:
        raise InvalidRequest(f"the compressed message can't be read: {error}") from None
    if len(content) > limit:
        raise too_large(len(content), limit)
    if len(content) > most:
        raise TooLarge(f"the compressed message of {len(packed)} bytes holds more than {most}: send it uncompressed")
    if not unpacker.eof:
        raise InvalidRequest("the compressed message is cut short")
    if unpacker.unused_data:  # a second member, too: a million of them would be a million copies of the rest
        raise InvalidRequest(f"{len(unpacker.unused_data)} bytes follow the compressed message")
    return content


def too_large(size: int, limit: int) -> TooLarge:
    """The error for a message of `size` bytes or more where `limit` are allowed."""
    return TooLarge(
        f"the message of {size} bytes is larger than the limit of {limit}: raise it with --max-message-size"
    )
