"""An image as a value: blobs that know where their bytes are, layers in their order, a config, a manifest of them.

Nothing here opens a socket or decides what goes into an image.
"""

from __future__ import annotations

import io
from collections.abc import Mapping
from enum import StrEnum
from pathlib import Path
from typing import BinaryIO, Protocol

from modelwrap.image.oci import (
    Descriptor,
    Digest,
    JSONObject,
    MediaType,
    Platform,
    canonical_json,
    describe,
    index_document,
    manifest_document,
)
from modelwrap.value import Value, field

__all__ = ["Blob", "BytesBlob", "FileBlob", "Image", "ImageIndex", "Layer", "LayerKind", "Origin"]


class Origin(Value):
    """Where a registry already has a blob, so that another repository of it can mount the blob.

    Attributes:
        registry: Its host and port.
        repository: The path in it.
    """

    registry: str
    repository: str


class Blob(Protocol):
    """Bytes with a descriptor. They may be elsewhere: they are fetched when `open` is called."""

    @property
    def descriptor(self) -> Descriptor:
        """What they are."""

    @property
    def origin(self) -> Origin | None:
        """Which registry has them already; None where that is not known."""

    def open(self) -> BinaryIO:
        """A fresh reader from their beginning; the caller closes it, and checks the digest of what it read."""


class BytesBlob(Value):
    """A blob in memory."""

    descriptor: Descriptor
    content: bytes
    origin: Origin | None = None

    def open(self) -> BinaryIO:
        """A reader of the bytes."""
        return io.BytesIO(self.content)


class FileBlob(Value):
    """A blob in a file of its own."""

    descriptor: Descriptor
    path: Path
    origin: Origin | None = None

    def open(self) -> BinaryIO:
        """A reader of the file."""
        return self.path.open("rb")


class LayerKind(StrEnum):
    """What a layer holds, for people."""

    BASE = "base"
    ENVIRONMENT = "environment"
    DEPENDENCIES = "dependencies"
    RUNTIME = "runtime"
    WEIGHTS = "weights"
    FILES = "files"
    CODE = "code"


class Layer(Value):
    """One layer.

    Attributes:
        blob: The compressed archive.
        diff_id: The digest of the archive before compression.
        kind: What it holds.
        title: What it holds, in a few words: `numpy 2.2.6`, `9 small packages`, `iris.joblib`.
        unpacked: Bytes of the archive before compression; 0 where that is not known.
    """

    blob: Blob
    diff_id: Digest
    kind: LayerKind
    title: str
    unpacked: int = 0


class Image(Value):
    """An image of one platform.

    Attributes:
        config: The config as JSON; its `rootfs` lists the layers' diff IDs.
        layers: The base's first, the code last.
    """

    platform: Platform
    config: JSONObject
    layers: tuple[Layer, ...]
    annotations: Mapping[str, str] = field(default_factory=dict)

    @property
    def config_blob(self) -> BytesBlob:
        """The config as a blob."""
        content = canonical_json(self.config)
        return BytesBlob(describe(MediaType.OCI_CONFIG, content), content)

    @property
    def manifest_blob(self) -> BytesBlob:
        """The manifest as a blob; its digest is the image's."""
        layers = tuple(layer.blob.descriptor for layer in self.layers)
        content = canonical_json(manifest_document(self.config_blob.descriptor, layers, self.annotations))
        return BytesBlob(describe(MediaType.OCI_MANIFEST, content, platform=self.platform), content)

    @property
    def digest(self) -> Digest:
        """The digest of the manifest."""
        return self.manifest_blob.descriptor.digest

    @property
    def blobs(self) -> tuple[Blob, ...]:
        """All that a manifest needs beside itself: layers first, then the config."""
        return (*(layer.blob for layer in self.layers), self.config_blob)


class ImageIndex(Value):
    """The same image for one or several platforms: with one, its digest is the image's own."""

    images: tuple[Image, ...]
    annotations: Mapping[str, str] = field(default_factory=dict)

    @property
    def top(self) -> BytesBlob:
        """What a tag points at: the manifest of the only image, or the index of them all."""
        manifests = tuple(image.manifest_blob for image in self.images)
        if len(manifests) == 1:
            return manifests[0]
        content = canonical_json(index_document(tuple(m.descriptor for m in manifests), self.annotations))
        return BytesBlob(describe(MediaType.OCI_INDEX, content), content)

    @property
    def digest(self) -> Digest:
        """The digest of what a tag points at."""
        return self.top.descriptor.digest
