"""What is moved from one place to another: manifests byte for byte as they were written, and the blobs they need.

An `Image` writes its own manifest; an image that somebody else made keeps the one it has, and with it its digest.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from modelwrap.image.image import Blob, BytesBlob, ImageIndex
from modelwrap.image.oci import Digest

__all__ = ["Entry", "Parcel", "parcel_of"]


@dataclass(frozen=True, slots=True)
class Entry:
    """One manifest and all that it names.

    Attributes:
        blobs: Layers and config; a blob may be named twice.
    """

    manifest: BytesBlob
    blobs: tuple[Blob, ...]


@dataclass(frozen=True, slots=True)
class Parcel:
    """What a tag is to point at, with all that hangs on it.

    Attributes:
        top: The manifest of the only image, or the index of them all.
        entries: The images.
    """

    top: BytesBlob
    entries: tuple[Entry, ...]

    @property
    def digest(self) -> Digest:
        """The digest of what a tag points at."""
        return self.top.descriptor.digest

    @property
    def blobs(self) -> Mapping[Digest, Blob]:
        """Every blob once, in the order in which manifests name them; no manifests."""
        return {blob.descriptor.digest: blob for entry in self.entries for blob in entry.blobs}


def parcel_of(index: ImageIndex) -> Parcel:
    """An image that was made here, ready to go."""
    return Parcel(index.top, tuple(Entry(image.manifest_blob, image.blobs) for image in index.images))
