"""Reads what a row of gzip members gives, in large parts: `gzip` takes 8 KiB at a time, and half as long again for it.

Source: RFC 1952, section 2.2; zeros between members are padding, as every reader takes them.
"""

from __future__ import annotations

import io
import zlib
from typing import IO

from modelwrap.image.inflating import BROKEN, inflater

__all__ = ["Gunzip"]

#: Read at once, in bytes.
_PIECE = 1 << 18
_GZIP_ONLY = 16 + zlib.MAX_WBITS


class Gunzip(io.RawIOBase):
    """A reader of the content; reading raises `zlib.error` where the bytes are no gzip, and `EOFError` where they end.

    Args:
        packed: The compressed bytes; whoever opened them closes them.
    """

    def __init__(self, packed: IO[bytes]) -> None:
        super().__init__()
        self._packed = packed
        self._inflater = inflater(_GZIP_ONLY)
        self._waiting = b""

    def readable(self) -> bool:
        """It is."""
        return True

    def read(self, size: int = -1, /) -> bytes:
        """Some bytes, at most `size` where that is not negative; none at the end only."""
        if size < 0:
            return self.readall()
        content = b""
        while size and not content:
            content = self._inflate(size)
            # At the end of a member the tail is a copy of what is unused.
            self._waiting = b"" if self._inflater.eof else self._inflater.unconsumed_tail
            if not content and not self._waiting and not self._go_on():
                break
        return content

    def _inflate(self, size: int) -> bytes:
        try:
            return self._inflater.decompress(self._waiting, size)
        except BROKEN as error:
            raise zlib.error(str(error)) from error

    def _go_on(self) -> bool:
        """Gets more to inflate; false at the end of all."""
        if self._inflater.eof:
            return self._begin_another()
        self._waiting = self._packed.read(_PIECE)
        if not self._waiting:
            raise EOFError("it ends before its last gzip member does")
        return True

    def _begin_another(self) -> bool:
        """Goes on with the next member; false where there is none."""
        waiting = self._inflater.unused_data.lstrip(b"\0")
        while not waiting:
            piece = self._packed.read(_PIECE)
            if not piece:
                return False
            waiting = piece.lstrip(b"\0")
        self._inflater, self._waiting = inflater(_GZIP_ONLY), waiting
        return True
