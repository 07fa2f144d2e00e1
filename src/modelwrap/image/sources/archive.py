"""An image in an archive of Docker's: a list of images, a config, and layers as they were before compression, or not.

Layers that lie there uncompressed stay so: what is compressed here would have to be the same on every machine.
Source: Docker image specification 1.2, combined image JSON and file system changeset format.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import BinaryIO

from modelwrap.errors import BaseImageError, ImageError
from modelwrap.image.cache import Cache
from modelwrap.image.image import Blob
from modelwrap.image.oci import (
    Descriptor,
    JSONObject,
    JSONValue,
    MediaType,
    canonical_json,
    describe,
    manifest_document,
)
from modelwrap.image.reference import parse_reference
from modelwrap.image.sources.layout import Files, LayoutShelf, TarFiles
from modelwrap.image.sources.shelf import FetchedBlob, Shelf
from modelwrap.value import Value

__all__ = ["DockerShelf", "archive_shelf"]

_LIST = "manifest.json"
_GZIP = b"\x1f\x8b"
_ZSTD = b"\x28\xb5\x2f\xfd"
_BLOCK = 1 << 20


def archive_shelf(name: str, path: Path, cache: Cache, tag: str = "") -> Shelf:
    """The shelf of an archive of either kind.

    Raises:
        BaseImageError: There is no such archive, or it is of neither kind.
    """
    if not path.is_file():
        raise BaseImageError(f"there is no archive {path}")
    files = TarFiles(path)
    # An archive that is both has the manifest as it was written in its layout.
    if _has(files, "oci-layout"):
        return LayoutShelf(name, files, cache, tag)
    if _has(files, _LIST):
        return DockerShelf(name, files, cache, tag)
    raise BaseImageError(f"{path} is no archive of an image: it has neither {_LIST} nor oci-layout")


def _has(files: Files, path: str) -> bool:
    try:
        files.open(path).close()
    except FileNotFoundError:
        return False
    return True


class DockerShelf(Value):
    """One image of an archive that `docker save` or `podman save` has written.

    Attributes:
        name: As the user typed it.
        tag: Which image, where the archive has several.
    """

    name: str
    files: Files
    cache: Cache
    tag: str = ""

    def top(self) -> tuple[Descriptor, bytes]:
        """A manifest of what is there: the archive has none of its own."""
        entry = self._entry()
        config_path, layers = entry.get("Config"), entry.get("Layers")
        if not isinstance(config_path, str) or not isinstance(layers, list):
            raise BaseImageError(f"{self.name} is no image: {_LIST} names no config and layers")
        config = self._read(config_path)
        descriptors = tuple(self._layer(str(layer)) for layer in layers)
        document = manifest_document(describe(MediaType.OCI_CONFIG, config), descriptors)
        content = canonical_json(document)
        self._keep(config)
        return describe(MediaType.OCI_MANIFEST, content), content

    def blob(self, descriptor: Descriptor) -> Blob:
        """A blob that `top` has put into the cache."""
        return FetchedBlob(descriptor, lambda: self._gone(descriptor), self.cache)

    def _gone(self, descriptor: Descriptor) -> BinaryIO:
        raise ImageError(f"the cache has lost {descriptor.digest} of {self.name} while it was in use")

    def _entry(self) -> JSONObject:
        try:
            entries = json.loads(self._read(_LIST))
        except ValueError as error:
            raise BaseImageError(f"{self.name} is no image: {_LIST} is no JSON: {error}") from error
        known = [entry for entry in entries if isinstance(entry, dict)] if isinstance(entries, list) else []
        if not self.tag and len(known) == 1:
            return known[0]
        for entry in known:
            if self.tag and any(_is_same(self.tag, tag) for tag in entry.get("RepoTags") or []):
                return entry
        names = ", ".join(str(tag) for entry in known for tag in entry.get("RepoTags") or []) or "none with a name"
        raise BaseImageError(
            f"{self.name}: say which image of the archive is meant, as in {self.name}:TAG\nit has: {names}"
        )

    def _read(self, path: str) -> bytes:
        with self._open(path) as file:
            return file.read()

    def _open(self, path: str) -> BinaryIO:
        try:
            return self.files.open(path)
        except FileNotFoundError as error:
            raise ImageError(f"{self.name} is not whole: it lacks {path}") from error

    def _keep(self, content: bytes) -> None:
        with self.cache.writer() as writer:
            writer.write(content)

    def _layer(self, path: str) -> Descriptor:
        """A layer's digest is known when it has been read; it is kept while that is done."""
        with self._open(path) as file, self.cache.writer() as writer:
            block = file.read(_BLOCK)
            kind = _kind(block)
            while block:
                writer.write(block)
                block = file.read(_BLOCK)
            return Descriptor(kind, writer.digest, writer.size)


def _kind(beginning: bytes) -> str:
    if beginning.startswith(_GZIP):
        return MediaType.OCI_LAYER_GZIP.value
    return MediaType.OCI_LAYER_ZSTD.value if beginning.startswith(_ZSTD) else MediaType.OCI_LAYER.value


def _is_same(wanted: str, tag: JSONValue) -> bool:
    return wanted == tag or str(parse_reference(wanted)) == str(parse_reference(str(tag)))
