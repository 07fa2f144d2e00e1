"""Inflates and checks checksums: by zlib-ng where it is installed, in half the time, else by Python's own zlib.

Both take the same streams, refuse the same ones with the same words, and give the same bytes in the same pieces.
Nothing is compressed by zlib-ng: that would give other bytes.
"""

from __future__ import annotations

import zlib
from typing import Protocol, cast

__all__ = ["BROKEN", "Inflater", "checksum", "inflater"]


class Inflater(Protocol):
    """A stream under way, as `zlib.decompressobj` describes it."""

    @property
    def eof(self) -> bool:
        """Whether the stream's end has been reached."""

    @property
    def unconsumed_tail(self) -> bytes:
        """What was given and not looked at yet, since as much came out as was asked for."""

    @property
    def unused_data(self) -> bytes:
        """What was given and lies behind the stream's end."""

    def decompress(self, data: bytes, max_length: int = 0, /) -> bytes:
        """The content, at most `max_length` bytes of it where that is above zero; raises one of `BROKEN`."""


class _Library(Protocol):
    def decompressobj(self, wbits: int = ..., /) -> Inflater: ...

    def crc32(self, data: bytes, value: int = ..., /) -> int: ...


_library = cast("_Library", zlib)
#: What an inflater raises where the bytes are no stream.
BROKEN: tuple[type[Exception], ...] = (zlib.error,)
try:
    from zlib_ng import zlib_ng
except ImportError:
    pass
else:
    _library = cast("_Library", zlib_ng)
    BROKEN = (zlib.error, cast("type[Exception]", zlib_ng.error))


def inflater(form: int) -> Inflater:
    """A new one.

    Args:
        form: Of the stream, as the `wbits` of `zlib.decompressobj` say it.
    """
    return _library.decompressobj(form)


def checksum(content: bytes, before: int = 0) -> int:
    """CRC-32 of some bytes, or of all so far where `before` is that of those before them."""
    return _library.crc32(content, before)
