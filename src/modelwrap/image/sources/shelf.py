"""What every place that images come from can do, and blobs that are fetched from it once."""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import BinaryIO, Protocol, cast

from modelwrap.errors import DamagedBlob
from modelwrap.image.cache import Cache
from modelwrap.image.image import Blob, Origin
from modelwrap.image.oci import Descriptor, digest_of
from modelwrap.value import Value

__all__ = ["ClosingReader", "FetchedBlob", "Shelf", "fetch_document"]

_BLOCK = 1 << 20
#: The largest manifest or config that is read. Source: distribution specification, 4 MiB for manifests.
_LARGEST_DOCUMENT = 8 << 20


class Shelf(Protocol):
    """A place that has one image, or one for each of several platforms."""

    @property
    def name(self) -> str:
        """As the user typed it, for messages."""

    def top(self) -> tuple[Descriptor, bytes]:
        """What its name points at: a manifest or an index.

        Raises:
            ImageError: There is nothing of that name, or it can't be read.
        """

    def blob(self, descriptor: Descriptor) -> Blob:
        """A blob, or a manifest, that a document of the shelf names. Nothing is read before it is opened."""


class FetchedBlob(Value):
    """A blob that is fetched into the cache when it is first opened.

    Attributes:
        fetch: Opens it where it is.
    """

    descriptor: Descriptor
    fetch: Callable[[], BinaryIO]
    cache: Cache
    origin: Origin | None = None

    def open(self) -> BinaryIO:
        """A reader of the cache's copy.

        Raises:
            DamagedBlob: What was fetched is not what its digest says.
            ImageError: It can't be fetched.
        """
        path = self.cache.blob(self.descriptor.digest, self.descriptor.size)
        if path is None:
            self._fetch()
            path = self.cache.place_of(self.descriptor.digest)
        return path.open("rb")

    def _fetch(self) -> None:
        with self.cache.writer() as writer, self.fetch() as file:
            while block := file.read(_BLOCK):
                writer.write(block)
            if writer.digest != self.descriptor.digest:
                raise DamagedBlob(f"the blob {self.descriptor.digest} came as {writer.digest}: its copy is damaged")


def fetch_document(shelf: Shelf, descriptor: Descriptor) -> bytes:
    """The bytes of a manifest or config.

    Raises:
        DamagedBlob: They are not what their digest says, or too many.
    """
    if descriptor.size > _LARGEST_DOCUMENT:
        raise DamagedBlob(f"{shelf.name}: {descriptor.digest} is too large for a document, {descriptor.size} bytes")
    with shelf.blob(descriptor).open() as file:
        content = file.read(_LARGEST_DOCUMENT)
    if digest_of(content) != descriptor.digest:
        raise DamagedBlob(f"{shelf.name}: the document {descriptor.digest} is damaged, it is {digest_of(content)}")
    return content


class ClosingReader(io.BufferedReader):
    """A reader that, when it is closed, closes what it came from."""

    def __init__(self, file: BinaryIO, close_source: Callable[[], None]) -> None:
        super().__init__(cast("io.RawIOBase", file))
        self._close_source = close_source

    def close(self) -> None:
        """Closes both."""
        try:
            super().close()
        finally:
            self._close_source()
