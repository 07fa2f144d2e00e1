"""Reads a layer's archive from its first entry to its last, however many gzip members it is a row of."""

from __future__ import annotations

import io
import tarfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO, cast

from modelwrap.errors import DamagedBlob, ImageError
from modelwrap.image.gunzip import Gunzip
from modelwrap.image.image import Blob

__all__ = ["reading_layer"]

#: Taken from the archive at once, in bytes; tarfile's own 10 KiB are slow.
_BLOCK = 1 << 18
_GZIP, _ZSTD = b"\x1f\x8b", b"\x28\xb5\x2f\xfd"


@contextmanager
def reading_layer(blob: Blob) -> Iterator[tarfile.TarFile]:
    """Yields the archive, to be read once and in order.

    Raises:
        DamagedBlob: It is no archive, or ends too early.
        ImageError: It is compressed in a way that can't be read here.
    """
    digest = blob.descriptor.digest
    try:
        # tarfile's own way to read a stream would end with the first gzip member.
        with (
            blob.open() as file,
            _unpacked(file, digest) as content,
            tarfile.open(fileobj=content, mode="r|", bufsize=_BLOCK) as tar,
        ):
            yield tar
    except (tarfile.TarError, zlib.error, EOFError) as error:
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
