"""From the top of a shelf to an image: manifests as values, the platform that is asked for, the base's layers."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from modelwrap.errors import BaseImageError
from modelwrap.image.documents import INDEX_KINDS, descriptor_of, members_of, parse_document, platform_of
from modelwrap.image.image import Blob, BytesBlob, Layer, LayerKind
from modelwrap.image.oci import Descriptor, Digest, JSONObject, MediaType, Platform
from modelwrap.image.parcel import Entry, Parcel
from modelwrap.image.sources.layout import LayoutShelf
from modelwrap.image.sources.shelf import Shelf, fetch_document
from modelwrap.value import Value, replace

__all__ = ["SourceImage", "read_image", "read_parcel"]

#: Kinds of Docker's that are the same bytes as the OCI's.
_SAME_KINDS = {
    MediaType.DOCKER_LAYER_GZIP.value: MediaType.OCI_LAYER_GZIP.value,
    "application/vnd.docker.image.rootfs.diff.tar": MediaType.OCI_LAYER.value,
    "application/vnd.docker.image.rootfs.diff.tar.zstd": MediaType.OCI_LAYER_ZSTD.value,
}
#: What every arm64 machine is; some indexes leave it out.
_PLAIN_VARIANTS = {"arm64": "v8", "amd64": "v1"}


class SourceImage(Value):
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
        BaseImageError: It has none for this platform.
        ImageError: It can't be read, or its documents make no sense.
    """
    descriptor, content = shelf.top()
    document = parse_document(content, shelf.name)
    if descriptor.media_type in INDEX_KINDS:
        descriptor = _for_platform(document, platform, shelf.name)
        document = parse_document(fetch_document(shelf, descriptor), shelf.name)
    config_descriptor = descriptor_of(document.get("config"), shelf.name)
    config = parse_document(fetch_document(shelf, config_descriptor), shelf.name)
    found = platform_of(config)
    if not _fits(found, platform):
        raise BaseImageError(_platform_message(shelf.name, platform, [found]))
    layers = _layers(shelf, document, config)
    return SourceImage(descriptor.digest, platform, config, layers, shelf.name)


def read_parcel(shelf: Shelf) -> Parcel:
    """All of a shelf as it is, for another place.

    Raises:
        ImageError: It can't be read, or its documents make no sense.
    """
    descriptor, content = shelf.top()
    top = BytesBlob(descriptor, content)
    referrers = _entries(shelf, shelf.referrers()) if isinstance(shelf, LayoutShelf) else ()
    if descriptor.media_type not in INDEX_KINDS:
        return Parcel(top, (_entry(shelf, top),), referrers)
    manifests = members_of(parse_document(content, shelf.name), shelf.name)
    return Parcel(top, _entries(shelf, manifests), referrers)


def _entries(shelf: Shelf, manifests: Iterable[Descriptor]) -> tuple[Entry, ...]:
    return tuple(_entry(shelf, BytesBlob(member, fetch_document(shelf, member))) for member in manifests)


def _for_platform(index: JSONObject, platform: Platform, name: str) -> Descriptor:
    members = members_of(index, name)
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
