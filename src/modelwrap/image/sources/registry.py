"""An image in a registry, and what the cache has of it: by digest for good, by name for builds without a network."""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import BinaryIO

from modelwrap.errors import BaseImageError
from modelwrap.image.cache import Cache
from modelwrap.image.documents import descriptor_of
from modelwrap.image.image import Blob, Origin
from modelwrap.image.oci import Descriptor, Platform
from modelwrap.image.reference import ImageName
from modelwrap.image.registry.client import Registry
from modelwrap.image.registry.exchanges import MANIFEST_KINDS
from modelwrap.image.registry.transfer import open_blob, pull_manifest
from modelwrap.image.sources.shelf import ClosingReader, FetchedBlob
from modelwrap.value import Value

__all__ = ["RegistryShelf"]

_NAMES = "image-names-1"


class RegistryShelf(Value):
    """One name in a registry.

    Attributes:
        name: As the user typed it.
        image: What it means.
        connect: Makes a registry of its host.
        offline: Whether to make do with what the cache has.
        platform: What it is wanted for, for messages; None for all that there is.
    """

    name: str
    image: ImageName
    cache: Cache
    connect: Callable[[str], Registry]
    offline: bool = False
    platform: Platform | None = None

    def top(self) -> tuple[Descriptor, bytes]:
        """Asks the registry, unless the name has a digest that the cache knows."""
        if (self.offline or self.image.digest) and (known := self._recalled()) is not None:
            return known
        if self.offline:
            raise self._not_here("it")
        with self.connect(self.image.registry) as registry:
            descriptor, content = pull_manifest(registry, self.image)
        with self.cache.writer() as writer:
            writer.write(content)
        self.cache.remember(_NAMES, str(self.image), descriptor.document)
        return descriptor, content

    def blob(self, descriptor: Descriptor) -> Blob:
        """A blob that another repository of the same registry can mount."""
        origin = Origin(self.image.registry, self.image.path)
        return FetchedBlob(descriptor, lambda: self._fetch(descriptor), self.cache, origin)

    def _recalled(self) -> tuple[Descriptor, bytes] | None:
        document = self.cache.recall(_NAMES, str(self.image))
        if document is None:
            return None
        descriptor = descriptor_of(document, self.name)
        path = self.cache.blob(descriptor.digest, descriptor.size)
        return None if path is None else (descriptor, path.read_bytes())

    def _not_here(self, what: str) -> BaseImageError:
        platform = f" --platform {self.platform}" if self.platform else ""
        return BaseImageError(
            f"the image {self.name} can't be had: {what} is not in the cache, and --offline forbids to fetch it from "
            f"{self.image.registry}\n"
            f"fetch it where there is a network: modelwrap inspect {self.name}{platform} --files\n"
            "or name an image that is here: oci:DIR, archive:FILE.tar or docker:NAME"
        )

    def _fetch(self, descriptor: Descriptor) -> BinaryIO:
        if self.offline:
            raise self._not_here("a layer of it")
        registry = self.connect(self.image.registry)
        if descriptor.media_type in MANIFEST_KINDS:
            with registry:
                name = ImageName(self.image.registry, self.image.path, digest=descriptor.digest)
                return io.BytesIO(pull_manifest(registry, name)[1])
        return ClosingReader(open_blob(registry, self.image.path, descriptor), registry.close)
