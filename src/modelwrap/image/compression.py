"""How the bytes that no wheel brings compressed are compressed: one encoding, the same on every machine."""

from __future__ import annotations

import struct
import zlib

__all__ = ["GZIP_HEAD", "deflate", "gzip_member", "gzip_tail"]

#: No name, no time, no hint at the level, an unknown system. Source: RFC 1952.
GZIP_HEAD = b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\xff"
_LEVEL = 6


def deflate(content: bytes) -> bytes:
    """Raw deflate of some bytes, at once. Source: RFC 1951."""
    compressor = zlib.compressobj(_LEVEL, zlib.DEFLATED, -zlib.MAX_WBITS)
    return compressor.compress(content) + compressor.flush()


def gzip_member(content: bytes) -> bytes:
    """A whole gzip file of some bytes; several in a row are one too. Source: RFC 1952, section 2.2."""
    return GZIP_HEAD + deflate(content) + gzip_tail(zlib.crc32(content), len(content))


def gzip_tail(crc: int, size: int) -> bytes:
    """What ends a gzip member.

    Args:
        crc: CRC-32 of the content.
        size: Of the content, in bytes.
    """
    return struct.pack("<II", crc, size & 0xFFFFFFFF)
