"""An image that a container engine on this machine has. Its layers are saved once; after that the cache has them."""

from __future__ import annotations

import subprocess
from typing import BinaryIO

from modelwrap.errors import BaseImageError, ImageError
from modelwrap.image.cache import Cache
from modelwrap.image.documents import descriptor_of
from modelwrap.image.image import Blob
from modelwrap.image.oci import Descriptor
from modelwrap.image.sources.archive import DockerShelf
from modelwrap.image.sources.layout import TarFiles
from modelwrap.image.sources.reading import read_parcel
from modelwrap.image.sources.shelf import FetchedBlob
from modelwrap.value import Value

__all__ = ["DaemonShelf"]

_SAVED = "saved-images-1"


class DaemonShelf(Value):
    """One image of an engine.

    Attributes:
        name: As the user typed it.
        program: `docker` or `podman`.
        image: The image's name for the engine.
    """

    name: str
    program: str
    image: str
    cache: Cache

    def top(self) -> tuple[Descriptor, bytes]:
        """The manifest of the image that the engine has under the name now."""
        identity = self._run("image", "inspect", "--format", "{{.Id}}", self.image).strip()
        known = self.cache.recall(_SAVED, f"{self.program} {identity}")
        if known is not None:
            descriptor = descriptor_of(known, self.name)
            path = self.cache.blob(descriptor.digest, descriptor.size)
            if path is not None:
                return descriptor, path.read_bytes()
        return self._save(identity)

    def blob(self, descriptor: Descriptor) -> Blob:
        """A blob that was saved."""
        return FetchedBlob(descriptor, lambda: self._again(descriptor), self.cache)

    def _save(self, identity: str) -> tuple[Descriptor, bytes]:
        with self.cache.draft() as draft:
            self._run("save", "--output", str(draft.path), self.image)
            # Not by the layout that newer engines add: it names platforms that they have not saved.
            shelf = DockerShelf(self.name, TarFiles(draft.path), self.cache)
            descriptor, content = shelf.top()
            for entry in read_parcel(shelf).entries:
                for blob in entry.blobs:
                    blob.open().close()
        with self.cache.writer() as writer:
            writer.write(content)
        self.cache.remember(_SAVED, f"{self.program} {identity}", descriptor.document)
        return descriptor, content

    def _again(self, descriptor: Descriptor) -> BinaryIO:
        """The cache was cleared in the meantime."""
        identity = self._run("image", "inspect", "--format", "{{.Id}}", self.image).strip()
        self._save(identity)
        path = self.cache.blob(descriptor.digest, descriptor.size)
        if path is None:
            raise ImageError(f"{self.program} has another image {self.image} than a moment ago")
        return path.open("rb")

    def _run(self, *words: str) -> str:
        try:
            done = subprocess.run([self.program, *words], capture_output=True, text=True, check=False)
        except OSError as error:
            raise BaseImageError(f"{self.program} can't be started to get {self.image}: {error.strerror}") from error
        if done.returncode:
            said = done.stderr.strip().splitlines()
            raise BaseImageError(
                f"{self.program} could not give the image {self.image}: {said[-1] if said else 'no reason given'}\n"
                f"{self.program} pull {self.image} brings it; or leave out {self.program}: to take it from its registry"
            )
        return done.stdout
