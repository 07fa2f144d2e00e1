"""What is moved from one place to another: manifests byte for byte as they were written, and the blobs they need.

An `Image` writes its own manifest; an image that somebody else made keeps the one it has, and with it its digest.
"""

from __future__ import annotations

from collections.abc import Mapping

from modelwrap.image.image import Blob, BytesBlob, ImageIndex
from modelwrap.image.oci import Digest
from modelwrap.value import Value

__all__ = ["REFERRERS", "Entry", "Parcel", "parcel_of"]


#: Under this, the index of a layout says what is attached to an image: a list of descriptors, as JSON.
REFERRERS = "io.modelwrap.referrers"


class Entry(Value):
    """One manifest and all that it names.

    Attributes:
        blobs: Layers and config; a blob may be named twice.
    """

    manifest: BytesBlob
    blobs: tuple[Blob, ...]


class Parcel(Value):
    """What a tag is to point at, with all that hangs on it.

    Attributes:
        top: The manifest of the only image, or the index of them all.
        entries: The images.
        referrers: What is attached to them, such as the bill of what is in one.
    """

    top: BytesBlob
    entries: tuple[Entry, ...]
    referrers: tuple[Entry, ...] = ()

    @property
    def digest(self) -> Digest:
        """The digest of what a tag points at."""
        return self.top.descriptor.digest

    @property
    def attached(self) -> Mapping[Digest, Blob]:
        """The manifests of the referrers, and their blobs."""
        manifests = {entry.manifest.descriptor.digest: entry.manifest for entry in self.referrers}
        return {**{blob.descriptor.digest: blob for entry in self.referrers for blob in entry.blobs}, **manifests}

    @property
    def blobs(self) -> Mapping[Digest, Blob]:
        """Every blob of the images once, in the order in which manifests name them; no manifests."""
        return {blob.descriptor.digest: blob for entry in self.entries for blob in entry.blobs}


def parcel_of(index: ImageIndex, referrers: tuple[Entry, ...] = ()) -> Parcel:
    """An image that was made here, ready to go, with what is attached to it."""
    return Parcel(index.top, tuple(Entry(image.manifest_blob, image.blobs) for image in index.images), referrers)
