"""A folder in the OCI's layout: one file a blob, and an index of what is in it. Source: OCI image layout 1.1."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import BinaryIO

from modelwrap.errors import DamagedBlob, ImageError
from modelwrap.image.image import Blob, ImageIndex
from modelwrap.image.loose_ends import half_made
from modelwrap.image.oci import Descriptor, JSONObject, JSONValue, MediaType, canonical_json
from modelwrap.image.parcel import REFERRERS, Entry, Parcel, parcel_of
from modelwrap.image.reference import ImageName
from modelwrap.image.sinks.sink import SILENT, SinkReport
from modelwrap.image.steps import Step
from modelwrap.value import Value, replace

__all__ = ["LAYOUT_FILE", "LAYOUT_TEXT", "LayoutSink", "blob_path", "checked_blocks", "index_entries", "write_layout"]

LAYOUT_FILE = "oci-layout"
LAYOUT_TEXT = canonical_json({"imageLayoutVersion": "1.0.0"})
_BLOCK = 1 << 20
#: Under these, an index says how an image is called: the specification's, which has the tag, and containerd's.
_REF_NAME = "org.opencontainers.image.ref.name"
_FULL_NAME = "io.containerd.image.name"


class LayoutSink(Value):
    """Writes into a folder; other images that are in it stay.

    Attributes:
        referrers: What is attached to the image, and goes with it.
    """

    folder: Path
    referrers: tuple[Entry, ...] = ()

    def check(self) -> None:
        """Refuses a folder that holds something else, before an image is made for it.

        Raises:
            ImageError: It does; the message says which folder will do.
        """
        _refuse_other_folder(self.folder)

    def write(self, index: ImageIndex, names: Sequence[ImageName], step: Step = SILENT) -> SinkReport:
        """Writes what is not there yet, blobs first."""
        parcel = parcel_of(index, self.referrers)
        written = write_layout(self.folder, parcel, names, step)
        command = f"modelwrap push {self.folder} {_destination(names)}"
        return SinkReport(parcel.digest, str(self.folder), written, f"{len(parcel.blobs)} blobs", command)


def _destination(names: Sequence[ImageName]) -> str:
    """Where one may push it: nobody has typed a registry whose own names those without an account are."""
    if not names:
        return "REGISTRY/NAME:TAG"
    return names[0].short if names[0].has_account else f"REGISTRY/{names[0].short}"


def write_layout(folder: Path, parcel: Parcel, names: Sequence[ImageName], step: Step = SILENT) -> int:
    """Writes an image into a layout.

    Returns:
        The bytes of blobs that were not there.

    Raises:
        ImageError: The folder can't be written, or holds something else.
        DamagedBlob: A blob is not what its digest says.
    """
    blobs = [
        *parcel.blobs.values(),
        *parcel.attached.values(),
        *(entry.manifest for entry in parcel.entries),
        parcel.top,
    ]
    step.expect(sum(blob.descriptor.size for blob in blobs))
    try:
        _refuse_other_folder(folder)
        folder.mkdir(parents=True, exist_ok=True)
        written = sum(_write_blob(folder, blob, step) for blob in blobs)
        _write_file(folder / LAYOUT_FILE, LAYOUT_TEXT)
        _write_file(folder / "index.json", canonical_json(_index_with(folder, parcel, names)))
    except OSError as error:
        raise ImageError(f"the layout {folder} can't be written: {error.strerror} ({error.filename})") from error
    return written


def blob_path(digest: str) -> str:
    """Where a layout has a blob."""
    return f"blobs/{digest.replace(':', '/', 1)}"


def index_entries(parcel: Parcel, names: Sequence[ImageName]) -> list[Descriptor]:
    """What an index says of an image: once for each name, or once without one; and what is attached to it.

    What is attached has no entry of its own: skopeo and Podman take a layout without a tag only where it has one entry.
    """
    top, attached = parcel.top.descriptor, _attached_note(parcel.referrers)
    calls = [{_REF_NAME: name.tag, _FULL_NAME: str(name)} for name in names if name.tag]
    return [replace(top, annotations={**attached, **call}) for call in calls or [{}]]


def _attached_note(referrers: Sequence[Entry]) -> dict[str, str]:
    described: list[JSONValue] = [entry.manifest.descriptor.document for entry in referrers]
    return {REFERRERS: json.dumps(described, sort_keys=True, separators=(",", ":"))} if described else {}


def checked_blocks(blob: Blob) -> Iterator[bytes]:
    """The bytes of a blob, the last of which come only if its size and digest hold.

    Raises:
        DamagedBlob: They do not.
    """
    descriptor, digest, size = blob.descriptor, hashlib.sha256(), 0
    with blob.open() as file:
        block = file.read(_BLOCK)
        while block:
            digest.update(block)
            size += len(block)
            following = file.read(_BLOCK)
            if following or f"sha256:{digest.hexdigest()}" == descriptor.digest:
                yield block
            block = following
    if f"sha256:{digest.hexdigest()}" != descriptor.digest or size != descriptor.size:
        raise DamagedBlob(f"a blob is not what its digest says: {descriptor.digest}, {descriptor.size} bytes")


def _refuse_other_folder(folder: Path) -> None:
    if not folder.exists() or (folder / LAYOUT_FILE).exists():
        return
    if not folder.is_dir() or any(folder.iterdir()):
        raise ImageError(f"{folder} is there and is no image layout\nname a folder that is new, empty, or a layout")


def _write_blob(folder: Path, blob: Blob, step: Step) -> int:
    place = folder / blob_path(blob.descriptor.digest)
    if place.exists() and place.stat().st_size == blob.descriptor.size:
        step.advance(blob.descriptor.size)
        return 0
    place.parent.mkdir(parents=True, exist_ok=True)
    with _beside(place) as file:
        for block in checked_blocks(blob):
            file.write(block)
            step.advance(len(block))
    return blob.descriptor.size


def _write_file(place: Path, content: bytes) -> None:
    with _beside(place) as file:
        file.write(content)


@contextlib.contextmanager
def _beside(place: Path) -> Iterator[BinaryIO]:
    """A file that takes its place when it is whole."""
    descriptor, name = tempfile.mkstemp(prefix=".modelwrap-", dir=place.parent)
    try:
        with os.fdopen(descriptor, "wb") as file, half_made(Path(name)):
            yield file
        Path(name).chmod(0o644)
        Path(name).replace(place)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


def _index_with(folder: Path, parcel: Parcel, names: Sequence[ImageName]) -> JSONObject:
    """The folder's index with this image in it; a name that pointed elsewhere points here now."""
    new: list[JSONValue] = [entry.document for entry in index_entries(parcel, names)]
    tags = {name.tag for name in names}
    kept = [entry for entry in _present_entries(folder) if not _is_replaced(entry, parcel.digest, tags)]
    return {"schemaVersion": 2, "mediaType": MediaType.OCI_INDEX.value, "manifests": [*kept, *new]}


def _present_entries(folder: Path) -> list[JSONObject]:
    try:
        document = json.loads((folder / "index.json").read_bytes())
        entries = document["manifests"]
        return [entry for entry in entries if isinstance(entry, dict)]
    except FileNotFoundError:
        return []
    except (ValueError, KeyError, TypeError) as error:
        raise ImageError(f"{folder / 'index.json'} is no index of images: {error}") from error


def _is_replaced(entry: JSONObject, digest: str, tags: set[str]) -> bool:
    annotations = entry.get("annotations")
    name = annotations.get(_REF_NAME) if isinstance(annotations, dict) else None
    return name in tags or (name is None and entry.get("digest") == digest)
