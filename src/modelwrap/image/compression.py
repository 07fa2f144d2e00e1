"""How the bytes that no wheel brings compressed are compressed: one encoding, the same on every machine.

It is what zlib writes at level 6. Some systems bring another library by that name, whose bytes and digests would be
others; it is found out by a trial, and then the same encoding is made in Python.
"""

from __future__ import annotations

import functools
import hashlib
import struct
import zlib

__all__ = ["GZIP_HEAD", "deflate", "gzip_member", "gzip_tail", "library_is_zlib"]

#: No name, no time, no hint at the level, an unknown system. Source: RFC 1952.
GZIP_HEAD = b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\xff"
_LEVEL = 6
#: The window that everything gets, and one in which what is short finds the same matches: all of it is within reach.
#: zlib clears its window first, which for the header of a file takes five times as long as compressing it.
#: Source: zlib's deflate.h, MAX_DIST is the window less 262 bytes.
_WINDOW, _SMALL_WINDOW, _SHORT = 15, 12, 3 << 10
#: The digest of what zlib makes of the trial; zlib 1.2.13 and `deflating` agree on it.
_TRIAL_DIGEST = "65b781c140bb46dcb577ad5863ce524325856cf00ada041bbeac8af131bcd400"


def deflate(content: bytes) -> bytes:
    """Raw deflate of some bytes. Source: RFC 1951."""
    if library_is_zlib():
        return _by_library(content)
    from modelwrap.image.deflating import deflate_slowly  # noqa: PLC0415 - its tables take 3 ms, and few systems need it

    return deflate_slowly(content)


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


@functools.cache
def library_is_zlib() -> bool:
    """Whether this Python's zlib writes what zlib writes."""
    return hashlib.sha256(_by_library(trial())).hexdigest() == _TRIAL_DIGEST


def trial() -> bytes:
    """Bytes that bring out the differences: noise, text of few letters, long runs, near and far repetitions."""
    noise = b"".join(hashlib.sha256(bytes([n])).digest() for n in range(256))
    text = noise.hex().encode()
    far = b"".join(text[at : at + 5 + at % 90] + noise[at % 8000 : at % 8000 + 3] for at in range(0, len(text), 13))
    return noise * 3 + text + bytes(70_000) + far + text[:100] * 400 + noise[::-1]


def _by_library(content: bytes) -> bytes:
    window = _SMALL_WINDOW if len(content) <= _SHORT else _WINDOW
    compressor = zlib.compressobj(_LEVEL, zlib.DEFLATED, -window)
    return compressor.compress(content) + compressor.flush()
