"""Reads a layer's archive from its first entry to its last, however many gzip members it is a row of."""

from __future__ import annotations

import io
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO, cast

from modelwrap.errors import DamagedBlob, ImageError
from modelwrap.image.gunzip import Gunzip
from modelwrap.image.image import Blob
from modelwrap.image.tar_reading import BrokenArchive, TarReader

__all__ = ["reading_layer"]

_GZIP, _ZSTD = b"\x1f\x8b", b"\x28\xb5\x2f\xfd"


@contextmanager
def reading_layer(blob: Blob) -> Iterator[TarReader]:
    """Yields the archive, to be read once and in order.

    Raises:
        DamagedBlob: It is no archive, or ends too early.
        ImageError: It is compressed in a way that can't be read here.
    """
    digest = blob.descriptor.digest
    try:
        with blob.open() as file, _unpacked(file, digest) as content:
            yield TarReader(content)
    except (BrokenArchive, zlib.error, EOFError) as error:
        raise DamagedBlob(f"layer {digest} is no archive: {error}") from error


def _unpacked(file: IO[bytes], digest: str) -> IO[bytes]:
    """By what the bytes say: media types of old registries may say something else."""
    packed = file if isinstance(file, io.BufferedReader) else io.BufferedReader(cast("io.RawIOBase", file))
    head = packed.peek(4)
    if head.startswith(_GZIP):
        return cast("IO[bytes]", Gunzip(packed))
    if head.startswith(_ZSTD):
        raise ImageError(f"layer {digest} is compressed with zstd, which can't be read here")
    return packed
