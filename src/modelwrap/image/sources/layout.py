"""An image in a layout: a folder, or an archive of one. Source: OCI image layout 1.1."""

from __future__ import annotations

import tarfile
from pathlib import Path
from typing import BinaryIO, Protocol, cast

from modelwrap.errors import BaseImageError, ImageError
from modelwrap.image.cache import Cache
from modelwrap.image.documents import descriptor_of, members_of, parse_document
from modelwrap.image.image import Blob, FileBlob
from modelwrap.image.oci import Descriptor, JSONObject, JSONValue
from modelwrap.image.parcel import REFERRERS
from modelwrap.image.sources.shelf import ClosingReader, FetchedBlob, fetch_document
from modelwrap.value import Value, replace

__all__ = ["Files", "FolderFiles", "LayoutShelf", "TarFiles"]

_REF_NAME = "org.opencontainers.image.ref.name"
_FULL_NAME = "io.containerd.image.name"
_INDEX = "index.json"


class Files(Protocol):
    """The files of a folder, or of an archive of one."""

    def open(self, path: str) -> BinaryIO:
        """A reader of a file; the caller closes it.

        Raises:
            FileNotFoundError: There is none of this name.
        """


class FolderFiles(Value):
    """The files of a folder."""

    folder: Path

    def open(self, path: str) -> BinaryIO:
        """Opens a file below the folder."""
        return (self.folder / path).open("rb")


class TarFiles(Value):
    """The files of an archive, which may itself be compressed."""

    archive: Path

    def open(self, path: str) -> BinaryIO:
        """Finds a member, or what it links to, and opens it."""
        try:
            archive = tarfile.open(self.archive)  # noqa: SIM115 - it is closed with the member
        except (tarfile.TarError, EOFError) as error:
            raise ImageError(f"{self.archive} is no archive of an image: it can't be read as a tar file") from error
        try:
            member = next((m for m in archive if m.name.removeprefix("./") == path), None)
            file = archive.extractfile(member) if member is not None else None
        except (tarfile.TarError, EOFError, KeyError) as error:
            archive.close()
            raise ImageError(f"{self.archive} is damaged: {error}") from error
        if file is None:
            archive.close()
            raise FileNotFoundError(path)
        return ClosingReader(cast("BinaryIO", file), archive.close)


class LayoutShelf(Value):
    """One image of a layout.

    Attributes:
        name: As the user typed it.
        tag: Which image, where the layout has several; empty where it has one.
    """

    name: str
    files: Files
    cache: Cache
    tag: str = ""

    def top(self) -> tuple[Descriptor, bytes]:
        """The image of the tag, or the only one."""
        descriptor = self._chosen(self._members())
        # What a layout says of a name is not said of the image.
        return replace(descriptor, annotations={}), fetch_document(self, descriptor)

    def referrers(self) -> tuple[Descriptor, ...]:
        """What is attached to the image, as far as whoever wrote the layout has said.

        Raises:
            ImageError: What is said makes no sense.
        """
        told = self._chosen(self._members()).annotations.get(REFERRERS, "[]")
        document = parse_document(f'{{"manifests":{told}}}'.encode(), self.name)
        if not isinstance(document["manifests"], list):
            raise ImageError(f"{self.name} is no image layout: {REFERRERS} of an image is no list of descriptors")
        return tuple(members_of(document, self.name))

    def _members(self) -> list[JSONValue]:
        try:
            with self.files.open(_INDEX) as file:
                index = parse_document(file.read(), self.name)
        except FileNotFoundError as error:
            raise BaseImageError(
                f"{self.name} is no image layout: it has no {_INDEX}\n"
                "`modelwrap build FOLDER --oci DIR` makes one of a model folder"
            ) from error
        members = index.get("manifests")
        return members if isinstance(members, list) else []

    def blob(self, descriptor: Descriptor) -> Blob:
        """A blob of the layout, where it lies; one of an archive goes through the cache."""
        if isinstance(self.files, FolderFiles) and (path := self.files.folder / _place(descriptor)).is_file():
            return FileBlob(descriptor, path)
        return FetchedBlob(descriptor, lambda: self._open(descriptor), self.cache)

    def _open(self, descriptor: Descriptor) -> BinaryIO:
        try:
            return self.files.open(_place(descriptor))
        except FileNotFoundError as error:
            raise ImageError(f"{self.name} is not whole: it lacks the blob {descriptor.digest}") from error

    def _chosen(self, members: list[JSONValue]) -> Descriptor:
        named = {name: member for member in members if isinstance(member, dict) for name in _names(member)}
        if self.tag:
            if self.tag in named:
                return descriptor_of(named[self.tag], self.name)
            raise BaseImageError(f"{self.name}: there is no image {self.tag}\n{_choice(named)}")
        different = {descriptor_of(member, self.name).digest: member for member in members}
        if len(different) == 1:
            return descriptor_of(next(iter(different.values())), self.name)
        raise BaseImageError(
            f"{self.name} has {len(different)} images: say which, as in {self.name}:TAG\n{_choice(named)}"
        )


def _place(descriptor: Descriptor) -> str:
    return f"blobs/{descriptor.digest.replace(':', '/', 1)}"


def _names(member: JSONObject) -> list[str]:
    annotations = member.get("annotations")
    known = annotations if isinstance(annotations, dict) else {}
    return [str(known[key]) for key in (_REF_NAME, _FULL_NAME) if key in known]


def _choice(named: dict[str, JSONObject]) -> str:
    return f"it has: {', '.join(sorted(named))}" if named else "none of its images has a name"
