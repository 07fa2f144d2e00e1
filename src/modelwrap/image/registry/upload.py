"""One blob on its way into a registry: found there, mounted, or sent, and sent on from where it was cut.

A blob goes in one piece first, which every registry takes and which is fastest. When that is cut or too large for what
lies in between, it goes on in parts, from as far as the registry says it has got.
"""

from __future__ import annotations

import hashlib
import io
from collections.abc import Callable
from enum import Enum
from typing import BinaryIO

from modelwrap.errors import DamagedBlob, ImageError, RegistryError
from modelwrap.image.image import Blob
from modelwrap.image.registry.client import Registry
from modelwrap.image.registry.exchanges import (
    ask_for_upload,
    ask_how_far,
    find_blob,
    finish_upload,
    push_scope,
    received,
    send_chunk,
    send_whole,
)
from modelwrap.image.registry.patience import Hiccup
from modelwrap.image.steps import Step

__all__ = ["PART", "Fate", "upload_blob"]

#: Bytes of a part, once a blob goes in parts.
PART = 16 << 20
_SMALLEST_PART = 1 << 16
_BLOCK = 1 << 20
#: What a registry says of an upload that it knows no longer, or not as we do; a new one will do.
_LOST = frozenset({"BLOB_UPLOAD_UNKNOWN", "BLOB_UPLOAD_INVALID", "RANGE_INVALID", "DIGEST_INVALID", "SIZE_INVALID"})


class Fate(Enum):
    """How a blob came to be in a repository."""

    PRESENT = "present"
    MOUNTED = "mounted"
    SENT = "sent"


def upload_blob(registry: Registry, path: str, blob: Blob, step: Step, *, part: int | None = None) -> tuple[Fate, int]:
    """Brings one blob into a repository.

    Args:
        registry: The registry.
        path: The repository.
        blob: What to bring.
        step: Is told of the blob's size if it has to be sent, and of its bytes as they go, each once.
        part: Bytes of a part; the usual ones by default.

    Returns:
        How it got there, and how many bytes were sent for it.

    Raises:
        RegistryError: The registry refused, or could not be reached.
        DamagedBlob: The bytes are not what their digest says.
    """
    digest = blob.descriptor.digest
    if registry.exchange(find_blob(path, digest, (push_scope(path),))).status == 200:
        return Fate.PRESENT, 0
    location = _mount(registry, path, blob)
    if location == "":
        return Fate.MOUNTED, 0
    step.expect(blob.descriptor.size)
    sending = _Sending(registry, path, blob, step, location=location, part=part or PART)
    sending.run()
    return Fate.SENT, sending.sent


def _mount(registry: Registry, path: str, blob: Blob) -> str | None:
    """Tries to mount: empty when the blob is there now, the begun upload when it is not, None when nothing is begun."""
    origin = blob.origin
    if origin is None or origin.registry != registry.host or origin.repository == path:
        return None
    try:
        answer = registry.exchange(ask_for_upload(path, (blob.descriptor.digest, origin.repository)))
    except RegistryError:
        # Not every registry mounts, and not everybody may read the other repository: the blob is sent instead.
        return None
    return "" if answer.status == 201 else answer.location


class _Sending:
    """An upload as it goes on.

    Attributes:
        location: Where the registry takes it; None before it is begun, and once it is lost.
        in_parts: Whether it goes in parts; it begins in one piece.
        begun: How many uploads were begun for it.
        failure: What went wrong last.
        offset: Bytes that the registry has.
        shown: Bytes that the step has been told of.
        sent: Bytes that left, those that were lost on the way included.
        part: Bytes of a part.
    """

    def __init__(self, registry: Registry, path: str, blob: Blob, step: Step, location: str | None, part: int) -> None:
        self.registry = registry
        self.path = path
        self.blob = blob
        self.step = step
        self.location = location
        self.part = part
        self.in_parts = False
        self.begun = 0
        self.failure: RegistryError | None = None
        self.offset = 0
        self.shown = 0
        self.sent = 0

    @property
    def size(self) -> int:
        return self.blob.descriptor.size

    def run(self) -> None:
        """Sends until the registry has it all; each part has the whole patience to itself."""
        done = False
        while not done:
            done = self.registry.patiently(self._attempt)

    def _attempt(self, number: int) -> bool:
        """One piece or part; whether the upload is at its end."""
        try:
            if number > 1 and self._has_moved():
                return False
            location = self.location or self._begin()
            return self._part(location) if self.in_parts else self._whole(location)
        except Hiccup as hiccup:
            self.failure = hiccup.error
            raise
        except RegistryError as error:
            if error.status == 413 and self._made_smaller():
                return False
            raise self._judged(error) from error

    def _begin(self) -> str:
        # Progress renews the patience with a part; an upload that is lost again and again is no progress.
        if self.failure is not None and self.begun >= self.registry.patience.attempts:
            raise self.failure
        answer = self.registry.ask(ask_for_upload(self.path))
        if not answer.location:
            raise RegistryError(f"{self.registry.host} did not say where to send a blob of {self.path}")
        self.location, self.offset, self.begun = answer.location, 0, self.begun + 1
        least = answer.headers.get("oci-chunk-min-length", "")
        self.part = max(self.part, int(least)) if least.isdecimal() else self.part
        return answer.location

    def _has_moved(self) -> bool:
        """Asks how far the upload got before it failed; one that can't tell is begun anew."""
        self.in_parts = self.in_parts or self.size > self.part
        if self.location is None:
            return False
        answer = self.registry.ask(ask_how_far(self.path, self.location))
        if answer.status >= 400:
            self.location = None
            return False
        before, self.offset = self.offset, received(answer)
        self.location = answer.location or self.location
        # What has arrived of one piece can only be gone on with in parts.
        self.in_parts = self.in_parts or self.offset > 0
        return self.offset > before

    def _made_smaller(self) -> bool:
        """Whether there is a smaller way to send than the one that was too large."""
        if self.in_parts and self.part <= _SMALLEST_PART:
            return False
        self.part = self.part // 2 if self.in_parts else self.part
        self.in_parts, self.location = True, None
        return True

    def _whole(self, location: str) -> bool:
        self.registry.ask(send_whole(self.path, location, self.blob.descriptor), self._reader(0, self.size))
        return True

    def _part(self, location: str) -> bool:
        size = min(self.part, self.size - self.offset)
        if size > 0:
            request = send_chunk(self.path, location, self.offset, size)
            answer = self.registry.ask(request, self._reader(self.offset, size))
            if answer.status == 416:
                raise Hiccup(RegistryError(f"{self.registry.host} lost a part of a blob of {self.path}", status=416))
            self.location = answer.location or location
            self.offset = received(answer) if "range" in answer.headers else self.offset + size
            return False
        self.registry.ask(finish_upload(self.path, location, self.blob.descriptor.digest))
        return True

    def _judged(self, error: RegistryError) -> Exception:
        """What an error comes to: an upload that was lost, or spoilt on its way, is worth another one."""
        if error.status == 404 or _LOST.intersection(error.diagnostics):
            self._check_source()
            self.location = None
            return Hiccup(error)
        return error

    def _check_source(self) -> None:
        """A digest that the registry does not find may be the file's fault."""
        digest = hashlib.sha256()
        with self.blob.open() as file:
            while block := file.read(_BLOCK):
                digest.update(block)
        if f"sha256:{digest.hexdigest()}" != self.blob.descriptor.digest:
            raise _damaged(self.blob)

    def _reader(self, start: int, size: int) -> Callable[[], BinaryIO]:
        def opened() -> BinaryIO:
            file = self.blob.open()
            file.seek(start)
            return _Outgoing(file, self, start, size)  # type: ignore[return-value] # a reader is all that is asked for

        return opened

    def passed(self, position: int, count: int) -> None:
        """Some bytes are about to leave, up to a position in the blob."""
        if self.registry.has_given_up:
            raise ImageError("the push was given up")
        self.sent += count
        if position > self.shown:
            self.step.advance(position - self.shown)
            self.shown = position


class _Outgoing(io.RawIOBase):
    """A stretch of a blob that counts what is read, and gives the last of a whole blob only if its digest holds."""

    def __init__(self, file: BinaryIO, sending: _Sending, start: int, size: int) -> None:
        super().__init__()
        self._file = file
        self._sending = sending
        self._position = start
        self._end = start + size
        is_whole = size == sending.size
        self._hash = hashlib.sha256() if is_whole else None

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1, /) -> bytes:
        left = self._end - self._position
        block = self._file.read(min(size, left) if size >= 0 else left)
        if not block and left:
            raise _damaged(self._sending.blob)
        self._position += len(block)
        if self._hash is not None and block:
            self._hash.update(block)
            is_last = self._position == self._end
            if is_last and f"sha256:{self._hash.hexdigest()}" != self._sending.blob.descriptor.digest:
                raise _damaged(self._sending.blob)
        self._sending.passed(self._position, len(block))
        return block

    def close(self) -> None:
        self._file.close()
        super().close()


def _damaged(blob: Blob) -> DamagedBlob:
    return DamagedBlob(
        f"a blob is not what its digest says: {blob.descriptor.digest}, {blob.descriptor.size} bytes\n"
        "it was not pushed; build the image again"
    )
