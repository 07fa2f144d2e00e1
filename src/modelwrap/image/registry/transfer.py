"""Whole images on their way to and from a registry."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import FIRST_EXCEPTION, ThreadPoolExecutor, wait
from threading import Lock

from modelwrap.errors import DamagedBlob, ImageError, RegistryError
from modelwrap.image.documents import blobs_of, members_of
from modelwrap.image.image import Blob, BytesBlob, ImageIndex
from modelwrap.image.oci import Descriptor, Digest, digest_of
from modelwrap.image.parcel import Parcel, parcel_of
from modelwrap.image.reference import ImageName
from modelwrap.image.registry.client import Registry
from modelwrap.image.registry.download import open_blob
from modelwrap.image.registry.exchanges import (
    MANIFEST_KINDS,
    document_of,
    find_manifest,
    push_scope,
    read_manifest,
    recall_manifest,
    write_manifest,
)
from modelwrap.image.registry.patience import Hiccup
from modelwrap.image.registry.upload import Fate, upload_blob
from modelwrap.image.steps import Silent, Step
from modelwrap.value import Value

__all__ = ["Pushed", "open_blob", "pull_manifest", "push", "push_parcel"]

#: Blobs on their way at once.
_WORKERS = 6


class Pushed(Value):
    """What a push came to.

    Attributes:
        digest: What the tags point at now.
        bytes_sent: Of blobs and manifests.
        sent: Blobs that were sent.
        mounted: Blobs that came from another repository of the registry.
        skipped: Blobs that were there.
    """

    digest: Digest
    bytes_sent: int
    sent: int
    mounted: int
    skipped: int


def pull_manifest(registry: Registry, name: ImageName) -> tuple[Descriptor, bytes]:
    """What a tag or digest points at: a manifest or an index, with its bytes.

    Raises:
        RegistryError: It is not there, or not of a kind that is known.
        DamagedBlob: It is not what its digest says.
    """
    answer = registry.exchange(read_manifest(name.path, name.pointer))
    kind = str(document_of(answer).get("mediaType") or answer.headers.get("content-type", "").partition(";")[0].strip())
    digest = digest_of(answer.body)
    for promised in (name.digest, answer.headers.get("docker-content-digest", "")):
        if promised.startswith("sha256:") and promised != digest:
            raise DamagedBlob(f"{registry.host} sent another manifest than was asked for: {name} came as {digest}")
    if kind not in MANIFEST_KINDS:
        raise RegistryError(f"{name} is no image of a kind that is known: {kind or 'it does not say which'}")
    return Descriptor(kind, digest, len(answer.body)), answer.body


def push(registry: Registry, index: ImageIndex, name: ImageName, *, progress: Step | None = None) -> Pushed:
    """Pushes an image that was made here. See `push_parcel`."""
    return push_parcel(registry, parcel_of(index), [name], progress=progress)


def push_parcel(
    registry: Registry, parcel: Parcel, names: Sequence[ImageName], *, progress: Step | None = None
) -> Pushed:
    """Brings an image into a registry, blobs first, and points the tags at it last: a tag never points at half of it.

    Args:
        registry: The registry of all the names.
        parcel: What to push.
        names: The tags, all of one repository.
        progress: Is told how many bytes there are to send, and of each once.

    Raises:
        RegistryError: The registry refused, or could not be reached. The tags point where they did.
        DamagedBlob: A blob is not what its digest says.
    """
    path = names[0].path
    tally = _Tally(progress or Silent())
    held = _held(registry, path, names[0].tag, parcel)
    _push_blobs(registry, path, (blob for digest, blob in parcel.blobs.items() if digest not in held), tally)
    try:
        _write_manifests(registry, parcel, names, tally)
    except RegistryError as error:
        if not held or "MANIFEST_BLOB_UNKNOWN" not in error.diagnostics:
            raise
        # It names a blob in an image of its own that it has lost: each is asked for after all.
        _push_blobs(registry, path, (blob for digest, blob in parcel.blobs.items() if digest in held), tally)
        _write_manifests(registry, parcel, names, tally)
    else:
        tally.fates += [Fate.PRESENT] * len(held)
    fates = tally.fates
    return Pushed(
        parcel.digest,
        tally.bytes_sent,
        fates.count(Fate.SENT),
        fates.count(Fate.MOUNTED),
        fates.count(Fate.PRESENT),
    )


class _Tally:
    """What a push has come to so far."""

    def __init__(self, step: Step) -> None:
        self.step = _Growing(step)
        self.fates: list[Fate] = []
        self.bytes_sent = 0


class _Growing:
    """A step whose total is known blob by blob, as it turns out which of them must be sent."""

    def __init__(self, step: Step) -> None:
        self._step = step
        self._lock = Lock()
        self._total = 0
        self.advance, self.tell = step.advance, step.tell

    def expect(self, total: int) -> None:
        with self._lock:
            self._total += total
            self._step.expect(self._total)


def _held(registry: Registry, path: str, tag: str, parcel: Parcel) -> set[Digest]:
    """The blobs that need not be asked for: where the registry has a manifest, it should have all that that names."""
    held: set[Digest] = set()
    for entry in parcel.entries:
        digest = entry.manifest.descriptor.digest
        if registry.exchange(find_manifest(path, digest, (push_scope(path),))).status == 200:
            held.update(blob.descriptor.digest for blob in entry.blobs)
    if tag and not held.issuperset(parcel.blobs):
        # After an edit of the code, all but two blobs are those of the image that the tag still points at.
        held.update(_named_by(registry, path, tag))
    return held & parcel.blobs.keys()


def _named_by(registry: Registry, path: str, pointer: str) -> Iterator[Digest]:
    """The blobs of the image, or of all images, that a tag or digest points at; none where that can't be read."""
    try:
        document = document_of(registry.ask(recall_manifest(path, pointer)))
        for image in members_of(document, path):
            yield from _named_by(registry, path, image.digest)
        yield from (blob.digest for blob in blobs_of(document, path))
    except (Hiccup, ImageError):
        return


def _push_blobs(registry: Registry, path: str, blobs: Iterable[Blob], tally: _Tally) -> None:
    """All blobs, the largest first; the first failure ends the others."""
    largest_first = sorted(blobs, key=lambda blob: blob.descriptor.size, reverse=True)
    with ThreadPoolExecutor(_WORKERS, thread_name_prefix="push") as pool:
        futures = [pool.submit(upload_blob, registry, path, blob, tally.step) for blob in largest_first]
        try:
            done, _ = wait(futures, return_when=FIRST_EXCEPTION)
            for future in done:
                future.result()
        except BaseException:
            registry.give_up()
            pool.shutdown(wait=False, cancel_futures=True)
            raise
    for fate, sent in (future.result() for future in futures):
        tally.fates.append(fate)
        tally.bytes_sent += sent


def _write_manifests(registry: Registry, parcel: Parcel, names: Sequence[ImageName], tally: _Tally) -> None:
    """Those of the images, and then the one that the tags are to point at."""
    path = names[0].path
    for entry in parcel.entries:
        if entry.manifest.descriptor.digest != parcel.digest:
            tally.bytes_sent += _write(registry, path, entry.manifest.descriptor.digest, entry.manifest)
    for name in names:
        tally.bytes_sent += _write(registry, path, name.tag or parcel.digest, parcel.top)


def _write(registry: Registry, path: str, pointer: str, manifest: BytesBlob) -> int:
    descriptor = manifest.descriptor
    answer = registry.exchange(write_manifest(path, pointer, descriptor), manifest.content)
    got = answer.headers.get("docker-content-digest", descriptor.digest)
    if got.startswith("sha256:") and got != descriptor.digest:
        raise DamagedBlob(f"{registry.host} took {path}:{pointer} as {got}, which is not {descriptor.digest}")
    return descriptor.size
