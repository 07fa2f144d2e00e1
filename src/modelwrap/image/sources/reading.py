"""From the top of a shelf to an image: manifests as values, the platform that is asked for, the base's layers."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, replace

from modelwrap.errors import BaseImageError
from modelwrap.image.image import Blob, BytesBlob, Layer, LayerKind
from modelwrap.image.oci import Descriptor, Digest, JSONObject, JSONValue, MediaType, Platform
from modelwrap.image.parcel import Entry, Parcel
from modelwrap.image.sources.shelf import Shelf, fetch_document

__all__ = ["INDEXES", "SourceImage", "descriptor_of", "parse_document", "read_image", "read_parcel"]

INDEXES = frozenset({MediaType.OCI_INDEX.value, MediaType.DOCKER_LIST.value})
#: Kinds of Docker's that are the same bytes as the OCI's.
_SAME_KINDS = {
    MediaType.DOCKER_LAYER_GZIP.value: MediaType.OCI_LAYER_GZIP.value,
    "application/vnd.docker.image.rootfs.diff.tar": MediaType.OCI_LAYER.value,
    "application/vnd.docker.image.rootfs.diff.tar.zstd": MediaType.OCI_LAYER_ZSTD.value,
}
#: What every arm64 machine is; some indexes leave it out.
_PLAIN_VARIANTS = {"arm64": "v8", "amd64": "v1"}


@dataclass(frozen=True, slots=True)
class SourceImage:
    """An image for one platform that somebody else has made.

    Attributes:
        digest: Of its manifest, or of its config where it has no manifest.
        config: As it was written.
        layers: The lowest first; their blobs are fetched when they are opened.
        name: As the user typed it.
    """

    digest: Digest
    platform: Platform
    config: JSONObject
    layers: tuple[Layer, ...]
    name: str


def read_image(shelf: Shelf, platform: Platform) -> SourceImage:
    """The image of a shelf for a platform.

    Raises:
        BaseImageError: It has none for this platform, or its documents make no sense.
        ImageError: It can't be read.
    """
    descriptor, content = shelf.top()
    document = parse_document(content, shelf.name)
    if descriptor.media_type in INDEXES:
        descriptor = _for_platform(document, platform, shelf.name)
        document = parse_document(fetch_document(shelf, descriptor), shelf.name)
    config_descriptor = descriptor_of(document.get("config"), shelf.name)
    config = parse_document(fetch_document(shelf, config_descriptor), shelf.name)
    found = _platform_of(config)
    if not _fits(found, platform):
        raise BaseImageError(_platform_message(shelf.name, platform, [found]))
    layers = _layers(shelf, document, config)
    return SourceImage(descriptor.digest, platform, config, layers, shelf.name)


def read_parcel(shelf: Shelf) -> Parcel:
    """All of a shelf as it is, for another place.

    Raises:
        BaseImageError: Its documents make no sense.
        ImageError: It can't be read.
    """
    descriptor, content = shelf.top()
    top = BytesBlob(descriptor, content)
    if descriptor.media_type not in INDEXES:
        return Parcel(top, (_entry(shelf, top),))
    manifests = _members(parse_document(content, shelf.name), shelf.name)
    blobs = (BytesBlob(member, fetch_document(shelf, member)) for member in manifests)
    return Parcel(top, tuple(_entry(shelf, blob) for blob in blobs))


def parse_document(content: bytes, name: str) -> JSONObject:
    """A manifest, index or config.

    Raises:
        BaseImageError: It is no JSON object.
    """
    try:
        document = json.loads(content)
    except (ValueError, RecursionError) as error:
        raise BaseImageError(f"{name} is no image: a document of it is no JSON: {error}") from error
    if not isinstance(document, dict):
        raise BaseImageError(f"{name} is no image: a document of it is no JSON object")
    return document


def descriptor_of(value: JSONValue, name: str) -> Descriptor:
    """A descriptor in a document.

    Raises:
        BaseImageError: It is none.
    """
    match value:
        case {"mediaType": str() as kind, "digest": str() as digest, "size": int() as size, **others} if _is_digest(
            digest
        ):
            platform = others.get("platform")
            return Descriptor(kind, digest, size, platform=_platform_of(platform) if platform else None)
    raise BaseImageError(f"{name} is no image: a manifest or index of it has no descriptor where one must be")


def _is_digest(text: str) -> bool:
    """Only SHA-256 is in use; anything else could be the path of a file."""
    algorithm, _, value = text.partition(":")
    return algorithm == "sha256" and len(value) == 64 and all(letter in "0123456789abcdef" for letter in value)


def _platform_of(value: object) -> Platform:
    if not isinstance(value, dict):
        return Platform("", "")
    os, architecture, variant = (str(value.get(key) or "") for key in ("os", "architecture", "variant"))
    return Platform(os, architecture, variant)


def _members(index: JSONObject, name: str) -> list[Descriptor]:
    members = index.get("manifests")
    return [descriptor_of(member, name) for member in members] if isinstance(members, list) else []


def _for_platform(index: JSONObject, platform: Platform, name: str) -> Descriptor:
    members = _members(index, name)
    for member in members:
        if member.platform is not None and _fits(member.platform, platform):
            return member
    # What is attached to an image is listed beside it, for a platform that does not exist.
    known = [m.platform for m in members if m.platform is not None and m.platform.os != "unknown"]
    raise BaseImageError(_platform_message(name, platform, known))


def _fits(found: Platform, wanted: Platform) -> bool:
    plain = _PLAIN_VARIANTS.get(wanted.architecture, "")
    same_variant = (found.variant or plain) == (wanted.variant or plain)
    return (found.os, found.architecture) == (wanted.os, wanted.architecture) and same_variant


def _platform_message(name: str, wanted: Platform, known: list[Platform]) -> str:
    there = ", ".join(sorted({str(platform) for platform in known})) or "none"
    return f"the image {name} is not there for {wanted}\nit is there for: {there}"


def _layers(shelf: Shelf, manifest: JSONObject, config: JSONObject) -> tuple[Layer, ...]:
    layers, rootfs = manifest.get("layers"), config.get("rootfs")
    diff_ids = rootfs.get("diff_ids") if isinstance(rootfs, dict) else None
    if not isinstance(layers, list) or not isinstance(diff_ids, list) or len(layers) != len(diff_ids):
        raise BaseImageError(f"{shelf.name} is no image: its manifest and its config have not the same layers")
    descriptors = [_in_oci_words(descriptor_of(layer, shelf.name)) for layer in layers]
    return tuple(
        Layer(shelf.blob(descriptor), str(diff_id), LayerKind.BASE, f"{shelf.name}, layer {number}")
        for number, (descriptor, diff_id) in enumerate(zip(descriptors, diff_ids, strict=True), 1)
    )


def _in_oci_words(descriptor: Descriptor) -> Descriptor:
    return replace(descriptor, media_type=_SAME_KINDS.get(descriptor.media_type, descriptor.media_type))


def _entry(shelf: Shelf, manifest: BytesBlob) -> Entry:
    return Entry(manifest, tuple(_blobs(shelf, parse_document(manifest.content, shelf.name))))


def _blobs(shelf: Shelf, manifest: JSONObject) -> Iterator[Blob]:
    layers = manifest.get("layers")
    for layer in layers if isinstance(layers, list) else []:
        yield shelf.blob(descriptor_of(layer, shelf.name))
    yield shelf.blob(descriptor_of(manifest.get("config"), shelf.name))
