"""What images are made of, as the OCI image specification draws it: descriptors, manifests, configs and indexes.

Values only. Their JSON is canonical, so that the same image has the same digest wherever it was made.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from enum import StrEnum
from typing import TypeAlias

from modelwrap.value import Value, field

__all__ = [
    "Descriptor",
    "Digest",
    "JSONObject",
    "MediaType",
    "Platform",
    "canonical_json",
    "describe",
    "digest_of",
    "index_document",
    "manifest_document",
]

JSONValue: TypeAlias = "None | bool | int | float | str | list[JSONValue] | dict[str, JSONValue]"
JSONObject: TypeAlias = dict[str, JSONValue]
#: `sha256:` and 64 hexadecimal digits.
Digest: TypeAlias = str


class MediaType(StrEnum):
    """Source: OCI image specification, media types; Docker's manifests of schema 2."""

    OCI_INDEX = "application/vnd.oci.image.index.v1+json"
    OCI_MANIFEST = "application/vnd.oci.image.manifest.v1+json"
    OCI_CONFIG = "application/vnd.oci.image.config.v1+json"
    OCI_LAYER = "application/vnd.oci.image.layer.v1.tar"
    OCI_LAYER_GZIP = "application/vnd.oci.image.layer.v1.tar+gzip"
    OCI_LAYER_ZSTD = "application/vnd.oci.image.layer.v1.tar+zstd"
    OCI_EMPTY = "application/vnd.oci.empty.v1+json"
    DOCKER_LIST = "application/vnd.docker.distribution.manifest.list.v2+json"
    DOCKER_MANIFEST = "application/vnd.docker.distribution.manifest.v2+json"
    DOCKER_CONFIG = "application/vnd.docker.container.image.v1+json"
    DOCKER_LAYER_GZIP = "application/vnd.docker.image.rootfs.diff.tar.gzip"


class Platform(Value):
    """What an image runs on: `str()` gives `linux/arm64` or `linux/arm/v7`."""

    os: str = "linux"
    architecture: str = "amd64"
    variant: str = ""

    def __str__(self) -> str:
        return "/".join(filter(None, (self.os, self.architecture, self.variant)))

    @property
    def document(self) -> JSONObject:
        """As an index states it."""
        whole: JSONObject = {"architecture": self.architecture, "os": self.os}
        return {**whole, "variant": self.variant} if self.variant else whole


class Descriptor(Value):
    """What a blob is, how large, and by which digest it is found. Source: OCI image specification, descriptors.

    Attributes:
        size: In bytes.
        platform: Of a manifest in an index; None elsewhere.
        artifact_type: Of a manifest that is no image; empty elsewhere.
    """

    media_type: str
    digest: Digest
    size: int
    annotations: Mapping[str, str] = field(default_factory=dict)
    platform: Platform | None = None
    artifact_type: str = ""

    @property
    def document(self) -> JSONObject:
        """As manifests and indexes state it."""
        whole: JSONObject = {"mediaType": str(self.media_type), "digest": self.digest, "size": self.size}
        if self.annotations:
            whole["annotations"] = dict(self.annotations)
        if self.platform is not None:
            whole["platform"] = self.platform.document
        if self.artifact_type:
            whole["artifactType"] = self.artifact_type
        return whole


def canonical_json(document: JSONObject) -> bytes:
    """The one encoding of a document: sorted keys, no space, UTF-8."""
    return json.dumps(document, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def digest_of(content: bytes) -> Digest:
    """The digest of some bytes."""
    return f"sha256:{hashlib.sha256(content).hexdigest()}"


def describe(media_type: str, content: bytes, *, platform: Platform | None = None) -> Descriptor:
    """The descriptor of some bytes."""
    return Descriptor(media_type, digest_of(content), len(content), platform=platform)


def manifest_document(
    config: Descriptor, layers: tuple[Descriptor, ...], annotations: Mapping[str, str] | None = None
) -> JSONObject:
    """An image's manifest. Source: OCI image specification, manifest."""
    whole: JSONObject = {
        "schemaVersion": 2,
        "mediaType": MediaType.OCI_MANIFEST.value,
        "config": config.document,
        "layers": [layer.document for layer in layers],
    }
    return {**whole, "annotations": dict(annotations)} if annotations else whole


def index_document(manifests: tuple[Descriptor, ...], annotations: Mapping[str, str] | None = None) -> JSONObject:
    """An index of one image for several platforms. Source: OCI image specification, image index."""
    whole: JSONObject = {
        "schemaVersion": 2,
        "mediaType": MediaType.OCI_INDEX.value,
        "manifests": [manifest.document for manifest in manifests],
    }
    return {**whole, "annotations": dict(annotations)} if annotations else whole
