"""One file with a whole image, as `docker load`, `podman load` and skopeo take it.

It is both kinds of archive at once: an OCI layout, and the `manifest.json` of Docker that points into it. Its bytes
depend on the image, its names and what is attached to it only.
"""

from __future__ import annotations

import io
import os
import platform
import tarfile
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import IO

from modelwrap.errors import ImageError
from modelwrap.image.image import Blob, ImageIndex
from modelwrap.image.loose_ends import half_made
from modelwrap.image.oci import JSONObject, JSONValue, MediaType, canonical_json
from modelwrap.image.parcel import Entry, Parcel, parcel_of
from modelwrap.image.reference import ImageName
from modelwrap.image.sinks.layout import LAYOUT_FILE, LAYOUT_TEXT, blob_path, checked_blocks, index_entries
from modelwrap.image.sinks.sink import SILENT, SinkReport
from modelwrap.image.steps import Step
from modelwrap.value import Value

__all__ = ["ArchiveSink", "write_archive"]

_MACHINES = {"x86_64": "amd64", "aarch64": "arm64", "arm64": "arm64", "amd64": "amd64"}


class ArchiveSink(Value):
    """Writes a file, in place of one that is there.

    Attributes:
        referrers: What is attached to the image, and goes with it.
    """

    path: Path
    referrers: tuple[Entry, ...] = ()

    def check(self) -> None:
        """Refuses a path that no file can have, before an image is made for it.

        Raises:
            ImageError: It is a folder's; the message says what will do.
        """
        if self.path.is_dir():
            raise ImageError(
                f"the archive {self.path} can't be written: a folder has that name\n"
                f"name a file, as in --tar {self.path / 'image.tar'}; --oci takes a folder"
            )

    def write(self, index: ImageIndex, names: Sequence[ImageName], step: Step = SILENT) -> SinkReport:
        """Writes beside, then renames."""
        parcel = parcel_of(index, self.referrers)
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            size = self._write(parcel, names, step)
        except OSError as error:
            raise ImageError(f"the archive {self.path} can't be written: {error.strerror}") from error
        return SinkReport(
            parcel.digest, str(self.path), size, f"{len(parcel.blobs)} blobs", f"docker load --input {self.path}"
        )

    def _write(self, parcel: Parcel, names: Sequence[ImageName], step: Step) -> int:
        descriptor, name = tempfile.mkstemp(prefix=".modelwrap-", dir=self.path.parent)
        beside = Path(name)
        try:
            with os.fdopen(descriptor, "wb") as file, half_made(beside):
                write_archive(file, parcel, names, step)
                size = file.tell()
            beside.chmod(0o644)
            beside.replace(self.path)
        except BaseException:
            beside.unlink(missing_ok=True)
            raise
        return size


def write_archive(file: IO[bytes], parcel: Parcel, names: Sequence[ImageName], step: Step = SILENT) -> None:
    """Writes the archive to a file that need not be able to seek.

    Raises:
        DamagedBlob: A blob is not what its digest says.
    """
    manifests = {entry.manifest.descriptor.digest: entry.manifest for entry in parcel.entries}
    blobs: dict[str, Blob] = {**parcel.blobs, **parcel.attached, **manifests, parcel.digest: parcel.top}
    step.expect(sum(blob.descriptor.size for blob in blobs.values()))
    index: JSONObject = {
        "schemaVersion": 2,
        "mediaType": MediaType.OCI_INDEX.value,
        "manifests": [entry.document for entry in index_entries(parcel, names)],
    }
    with tarfile.open(fileobj=file, mode="w|", format=tarfile.PAX_FORMAT, bufsize=1 << 20) as archive:
        for path in ("blobs", "blobs/sha256"):
            archive.addfile(_folder(path))
        for digest in sorted(blobs):
            _add_blob(archive, blobs[digest], step)
        _add(archive, "index.json", canonical_json(index))
        _add(archive, "manifest.json", _docker_manifest(parcel, names))
        _add(archive, LAYOUT_FILE, LAYOUT_TEXT)


def _docker_manifest(parcel: Parcel, names: Sequence[ImageName]) -> bytes:
    """Docker's own list knows no platforms: it has the image for this machine, or the first."""
    entry = next((entry for entry in parcel.entries if _is_for_here(entry)), parcel.entries[0])
    *layers, config = entry.blobs
    tags: list[JSONValue] = [str(name) for name in names if name.tag]
    document: JSONObject = {
        "Config": blob_path(config.descriptor.digest),
        "RepoTags": tags,
        "Layers": [blob_path(layer.descriptor.digest) for layer in layers],
    }
    return b"[" + canonical_json(document) + b"]"


def _is_for_here(entry: Entry) -> bool:
    wanted = entry.manifest.descriptor.platform
    return wanted is not None and wanted.architecture == _MACHINES.get(platform.machine().lower())


def _folder(path: str) -> tarfile.TarInfo:
    member = tarfile.TarInfo(path)
    member.type, member.mode = tarfile.DIRTYPE, 0o755
    return member


def _add(archive: tarfile.TarFile, path: str, content: bytes) -> None:
    member = tarfile.TarInfo(path)
    member.size = len(content)
    archive.addfile(member, io.BytesIO(content))


def _add_blob(archive: tarfile.TarFile, blob: Blob, step: Step) -> None:
    member = tarfile.TarInfo(blob_path(blob.descriptor.digest))
    member.size = blob.descriptor.size
    archive.addfile(member, _Blocks(checked_blocks(blob), step))


class _Blocks(io.RawIOBase):
    """A reader of blocks that come one by one."""

    def __init__(self, blocks: Iterator[bytes], step: Step) -> None:
        super().__init__()
        self._blocks = blocks
        self._rest = memoryview(b"")
        self._step = step

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1, /) -> bytes:
        if not self._rest:
            self._rest = memoryview(next(self._blocks, b""))
        count = len(self._rest) if size < 0 else min(size, len(self._rest))
        taken, self._rest = bytes(self._rest[:count]), self._rest[count:]
        self._step.advance(len(taken))
        return taken
